import { sha256 } from '../../crypto/hashes.ts'
import { concat, utf8Encode } from '../../lib/bytes.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import type { Write } from '../../store/store.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { struct, versioned } from '../../wire/codec/combinators.ts'
import { u16Bytes, u16Text } from '../../wire/codec/primitives.ts'
import { readRow } from './read-row.ts'
import { TABLE } from './tables.ts'

/** What shows, with the preimage, that an offer was paid: what its issuer has signed. */
export interface OfferPayment {
  /** The offer's text. */
  readonly offer: string
  /** As it came. */
  readonly invoice: Uint8Array
}

const row = versioned(struct<OfferPayment>({ offer: u16Text, invoice: u16Bytes }))

/** Where the payment hash of the invoice is that was fetched under a key. */
export const offerPaymentOfKey = (key: string): Uint8Array => concat(Uint8Array.of(0), sha256(utf8Encode(key)))

/** Where that invoice is. */
export const offerPaymentOfHash = (paymentHash: PaymentHash): Uint8Array => concat(Uint8Array.of(1), paymentHash)

export const encodeOfferPayment = (payment: OfferPayment): Uint8Array => encodeWith(row, payment)

export const readOfferPayment = (paymentHash: PaymentHash, value: Uint8Array): OfferPayment =>
  readRow(TABLE.offerPayment, paymentHash, decodeWith(row, value))

/** What was fetched for a payment goes with it. */
export const offerPaymentRemovals = (key: string, paymentHash: PaymentHash): readonly Write[] => [
  { table: TABLE.offerPayment, key: offerPaymentOfHash(paymentHash), value: undefined },
  ...(key === '' ? [] : [{ table: TABLE.offerPayment, key: offerPaymentOfKey(key), value: undefined }]),
]
