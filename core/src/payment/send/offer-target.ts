import type { PayableInvoice } from '../../invoice/bolt12/invoice.ts'
import type { RecipientPath } from './blinded-recipient.ts'
import type { PaymentTarget } from './payment.ts'

/** Longer texts are not kept: the contract has no room for them. */
const MAX_TEXT = 7_089

/** What paying the invoice of an offer, or for what is shown in its place, comes to; `undefined` if it has to come in several parts, which this node does not promise. */
export const offerTarget = (
  offer: string,
  { paymentHash, amountMsat, expiresAt, invoice, multiPart, nodeId }: PayableInvoice,
  paths: readonly RecipientPath[],
): PaymentTarget | undefined => {
  if (multiPart === 'compulsory') return undefined
  const { offerDescription: description } = invoice
  return {
    recipient: { type: 'blinded', nodeId, paths },
    paymentHash,
    amountMsat,
    multiPart: multiPart === 'optional',
    expiresAt,
    ...(offer.length > MAX_TEXT ? {} : { invoice: offer }),
    ...(description === undefined ? {} : { description }),
  }
}
