import { toHex } from '../../lib/bytes.ts'
import type { OfferPaid } from '../../payment/receive/invoice-record.ts'

/** What is told of the offer that an invoice is for. */
export const describeOfferPaid = ({ offerId, quantity, payerNote }: OfferPaid) => ({
  offerId: toHex(offerId),
  // More than this nobody can mean.
  ...(quantity === undefined || quantity > BigInt(Number.MAX_SAFE_INTEGER) ? {} : { quantity: Number(quantity) }),
  ...(payerNote === undefined ? {} : { payerNote }),
})
