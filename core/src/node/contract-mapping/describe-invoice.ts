import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { toHex } from '../../lib/bytes.ts'
import type { TimestampMs } from '../../lib/units.ts'
import { invoiceStatus, receivedMsat, type WrittenInvoice } from '../../payment/receive/invoice-record.ts'
import { describeOfferPaid } from '../payment/report-offer-paid.ts'

const SHOWN = { open: 'open', held: 'held', settled: 'paid', expired: 'expired', cancelled: 'expired' } as const

export type InvoiceSummary = ReplyOf<'invoices', 'get'>['invoice']

/** An invoice of ours in the contract's form. Its preimage is shown once it has been paid. */
export const describeInvoice = (invoice: WrittenInvoice, now: TimestampMs): InvoiceSummary => {
  const status = invoiceStatus(invoice, now)
  const { paymentHash, preimage, amountMsat, description, createdAt, expiresAt, state } = invoice
  return {
    paymentHash: toHex(paymentHash),
    invoice: invoice.invoice,
    status: SHOWN[status],
    ...(invoice.type === 'hold' ? { hold: true } : {}),
    ...(state.type === 'held' ? { givenBackAt: state.deadline } : {}),
    ...(amountMsat === undefined ? {} : { amountMsat: amountMsat }),
    ...(state.type === 'settled'
      ? {
          receivedMsat: receivedMsat(invoice),
          paidAt: state.at,
          ...(preimage === undefined ? {} : { preimage: toHex(preimage) }),
        }
      : {}),
    description: description.slice(0, 1024),
    ...(invoice.type !== 'bolt12' ? { paymentSecret: toHex(invoice.paymentSecret) } : {}),
    createdAt: createdAt,
    expiresAt: expiresAt,
    ...(invoice.type === 'bolt12' && invoice.offer !== undefined ? describeOfferPaid(invoice.offer) : {}),
  }
}
