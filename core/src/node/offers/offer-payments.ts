import { sha256 } from '../../crypto/hashes.ts'
import { concat, toHex, utf8Encode } from '../../lib/bytes.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import type { Store } from '../../store/store.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { struct, versioned } from '../../wire/codec/combinators.ts'
import { u16Bytes, u16Text } from '../../wire/codec/primitives.ts'
import { readRow } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'

/** What shows, with the preimage, that an offer was paid: what its issuer has signed. */
export interface OfferPayment {
  /** The offer's text. */
  readonly offer: string
  /** As it came. */
  readonly invoice: Uint8Array
}

const row = versioned(struct<OfferPayment>({ offer: u16Text, invoice: u16Bytes }))

const keyRow = (key: string): Uint8Array => concat(Uint8Array.of(0), sha256(utf8Encode(key)))
const hashRow = (paymentHash: PaymentHash): Uint8Array => concat(Uint8Array.of(1), paymentHash)

/** The invoices of offers that we have fetched to pay them. Whoever asks again with the same key pays the same one. */
export class OfferPayments {
  readonly #store: Store
  /** Those that are not on the disk yet. */
  readonly #adding = new Set<string>()

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * Submitted before the payment begins, so that no HTLC leaves the node before it is durable. False if another invoice had this hash: an
   * issuer who names it again takes nothing away from what shows that the first was paid.
   */
  async add(key: string, paymentHash: PaymentHash, payment: OfferPayment): Promise<boolean> {
    const hash = toHex(paymentHash)
    if (this.#adding.has(hash)) return false
    this.#adding.add(hash)
    if ((await this.get(paymentHash)) !== undefined) {
      this.#adding.delete(hash)
      return false
    }
    const rows = [
      ...(key === '' ? [] : [{ table: TABLE.offerPayment, key: keyRow(key), value: paymentHash }]),
      { table: TABLE.offerPayment, key: hashRow(paymentHash), value: encodeWith(row, payment) },
    ]
    this.#store.submit(rows, () => this.#adding.delete(hash))
    return true
  }

  /** The payment hash of the invoice that was fetched under this key. */
  hashOf(key: string): Promise<PaymentHash | undefined> {
    return key === '' ? Promise.resolve(undefined) : this.#store.get(TABLE.offerPayment, keyRow(key))
  }

  async get(paymentHash: PaymentHash): Promise<OfferPayment | undefined> {
    const value = await this.#store.get(TABLE.offerPayment, hashRow(paymentHash))
    return value === undefined ? undefined : readRow(TABLE.offerPayment, paymentHash, decodeWith(row, value))
  }
}
