import type { InvoiceRecord } from '../../payment/receive/invoice-record.ts'
import type { SentPayment } from '../../payment/send/payment.ts'
import { describeInvoice } from './describe-invoice.ts'
import { describeReceivedPayment } from './describe-received-payment.ts'
import { describePayment } from './pay.ts'

// What the archive keeps, in the contract's form. A preimage proves that it was paid for, and is kept with what was paid; data that only
// paying needed is not kept. The text of an invoice contains its payment secret, so it is kept only if the invoice has been paid.

export const archivedPaymentRecord = (payment: SentPayment): object => {
  const { invoice, ...record } = describePayment(payment)
  return payment.status === 'settled' && invoice !== undefined ? { ...record, invoice } : record
}

export const archivedInvoiceRecord = (record: InvoiceRecord): object => {
  if (record.type === 'keysend') return describeReceivedPayment(record) ?? {}
  // As it was when its time was over, whatever the clock says now.
  const { invoice, paymentSecret: _, ...described } = describeInvoice(record, record.expiresAt)
  return record.state.type === 'settled' ? { ...described, invoice } : described
}
