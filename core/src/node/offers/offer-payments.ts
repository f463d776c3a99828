import { toHex } from '../../lib/bytes.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import type { Store } from '../../store/store.ts'
import {
  encodeOfferPayment,
  type OfferPayment,
  offerPaymentOfHash,
  offerPaymentOfKey,
  offerPaymentRemovals,
  readOfferPayment,
} from '../storage/offer-payment-row.ts'
import { TABLE } from '../storage/tables.ts'

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
      ...(key === '' ? [] : [{ table: TABLE.offerPayment, key: offerPaymentOfKey(key), value: paymentHash }]),
      { table: TABLE.offerPayment, key: offerPaymentOfHash(paymentHash), value: encodeOfferPayment(payment) },
    ]
    this.#store.submit(rows, () => this.#adding.delete(hash))
    return true
  }

  /** Of an invoice that no payment was begun for, and none will be. Those of payments go with them. */
  forget(key: string, paymentHash: PaymentHash): void {
    this.#store.submit(offerPaymentRemovals(key, paymentHash))
  }

  /** The payment hash of the invoice that was fetched under this key. */
  hashOf(key: string): Promise<PaymentHash | undefined> {
    return key === '' ? Promise.resolve(undefined) : this.#store.get(TABLE.offerPayment, offerPaymentOfKey(key))
  }

  async get(paymentHash: PaymentHash): Promise<OfferPayment | undefined> {
    const value = await this.#store.get(TABLE.offerPayment, offerPaymentOfHash(paymentHash))
    return value === undefined ? undefined : readOfferPayment(paymentHash, value)
  }
}
