import { type Invoice, invoiceExpiresAt, isExpired } from '../../invoice/invoice.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Msat, TimestampMs } from '../../lib/units.ts'
import { hasFeature } from '../../wire/features.ts'
import type { PaymentRequest } from './payment.ts'

export type PayableAmountError =
  /** The invoice leaves the amount to us. */
  { readonly code: 'amount-required' } | { readonly code: 'amount-mismatch'; readonly invoiceMsat: Msat }

export type InvoiceRequestError =
  | PayableAmountError
  | { readonly code: 'invoice-expired'; readonly expiredAt: TimestampMs }
  | { readonly code: 'own-invoice' }

export interface InvoiceRequestOptions {
  readonly text: string
  /** Only for an invoice that names none, or the same. */
  readonly amountMsat: Msat | undefined
  /** 1 % and at least 5 satoshis if not said. */
  readonly maxFeeMsat: Msat | undefined
  readonly key: string
  readonly ourNodeId: NodeId
  readonly now: TimestampMs
}

/** What paying an invoice comes to. */
export const invoiceRequest = (
  invoice: Invoice,
  options: InvoiceRequestOptions,
): Result<PaymentRequest, InvoiceRequestError> => {
  const { text, maxFeeMsat, key, ourNodeId, now } = options
  const expiresAt = invoiceExpiresAt(invoice)
  if (equalBytes(invoice.payeeNodeId, ourNodeId)) return err({ code: 'own-invoice' })
  if (isExpired(invoice, now)) return err({ code: 'invoice-expired', expiredAt: expiresAt })
  const amount = payableAmount(invoice, options.amountMsat)
  if (!amount.ok) return amount
  const amountMsat = amount.value
  const { payeeNodeId, paymentHash, paymentSecret, paymentMetadata, description } = invoice
  return ok({
    target: {
      recipient: {
        type: 'node',
        nodeId: payeeNodeId,
        paymentSecret,
        ...(paymentMetadata === undefined ? {} : { paymentMetadata }),
        minFinalCltvExpiryDelta: invoice.minFinalCltvExpiryDelta,
        routeHints: invoice.routeHints,
      },
      paymentHash,
      amountMsat,
      // BOLT 11: parts only if the invoice offers `basic_mpp`.
      multiPart: hasFeature(invoice.features, 'basic_mpp'),
      expiresAt,
      invoice: text,
      ...(description === undefined ? {} : { description }),
    },
    maxFeeMsat: maxFeeMsat ?? defaultMaxFee(amountMsat),
    key,
  })
}

/** What the destination is to get: what the invoice says, or what we say where it leaves that to us. */
export const payableAmount = (invoice: Invoice, given: Msat | undefined): Result<Msat, PayableAmountError> => {
  const amountMsat = invoice.amountMsat ?? given
  if (amountMsat === undefined || amountMsat <= 0n) return err({ code: 'amount-required' })
  return given !== undefined && given !== amountMsat
    ? err({ code: 'amount-mismatch', invoiceMsat: amountMsat })
    : ok(amountMsat)
}

/** 1 % and at least 5 satoshis. */
export const defaultMaxFee = (amountMsat: Msat): Msat => {
  const percent = amountMsat / 100n
  return percent > 5_000n ? percent : 5_000n
}
