import { hmacSha256, sha256 } from '../../crypto/hashes.ts'
import { equalBytes, utf8Encode } from '../../lib/bytes.ts'
import type { PaymentHash, Preimage } from '../../lib/ids.ts'
import type { BlockDelta, Msat, TimestampMs } from '../../lib/units.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { type FieldCodecs, optional, struct, versioned } from '../../wire/codec/combinators.ts'
import { bytes32, u16Bytes, u16Text, u32, u64 } from '../../wire/codec/primitives.ts'
import { timestamp } from '../row-codecs.ts'
import type { Bolt12Record, OfferPaid } from './invoice-record.ts'

// Anybody may ask for the invoices of an offer, as often as they like, so that a row for each would fill the disk. What the row would hold
// goes into the paths of the invoice instead, for us alone to read, and the preimage follows from it and a secret of ours: a payment brings
// back all that is needed to take it, and shows by its hash that we wrote that.

/** What an invoice for an offer is about, as its paths say it to us. */
export interface OfferedInvoice {
  readonly offer: OfferPaid
  /** 16 fresh random bytes: no two invoices have the same preimage. */
  readonly nonce: Uint8Array
  readonly amountMsat: Msat
  readonly minFinalCltvExpiryDelta: BlockDelta
  readonly createdAt: TimestampMs
  readonly expiresAt: TimestampMs
}

export const offerPaidFields: FieldCodecs<OfferPaid> = {
  offerId: bytes32,
  quantity: optional(u64),
  payerNote: optional(u16Text),
}

const offeredInvoice = versioned(
  struct<OfferedInvoice>({
    offer: struct<OfferPaid>(offerPaidFields),
    nonce: u16Bytes,
    amountMsat: u64,
    minFinalCltvExpiryDelta: u32,
    createdAt: timestamp,
    expiresAt: timestamp,
  }),
)

/** What goes into the paths of such an invoice. */
export const offeredPathId = (offered: OfferedInvoice): Uint8Array => encodeWith(offeredInvoice, offered)

/** The preimage of the invoice whose paths hold this. `secret`: 32 bytes, known to us alone. */
export const offeredPreimage = (secret: Uint8Array, pathId: Uint8Array): Preimage =>
  hmacSha256(secret, utf8Encode('preimage of an invoice:'), pathId)

/** The invoice that a payment is for, if we have made it; its row is as it would have been then. */
export const recalledInvoice = (
  secret: Uint8Array,
  paymentHash: PaymentHash,
  pathId: Uint8Array,
): (Omit<Bolt12Record, 'description' | 'invoice'> & { readonly offer: OfferPaid }) | undefined => {
  const preimage = offeredPreimage(secret, pathId)
  if (!equalBytes(sha256(preimage), paymentHash)) return undefined
  const decoded = decodeWith(offeredInvoice, pathId)
  if (!decoded.ok) return undefined
  const { nonce: _, ...said } = decoded.value
  return { type: 'bolt12', ...said, paymentHash, preimage, pathId, state: { type: 'open' } }
}
