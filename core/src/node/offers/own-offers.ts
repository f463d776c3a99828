import type { Offer } from '../../invoice/bolt12/fields.ts'
import { decodeOffer, encodeOffer, offerId } from '../../invoice/bolt12/offer.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { Store } from '../../store/store.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { optional, struct, versioned } from '../../wire/codec/combinators.ts'
import { u16Text, u64 } from '../../wire/codec/primitives.ts'
import type { OnUnreadable } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'

/** An offer of ours. */
export interface OwnOffer {
  readonly id: Uint8Array
  readonly offer: Offer
  /** As it was handed out. */
  readonly text: string
  readonly createdAt: TimestampMs
  /** Taken back: no request for it is answered. */
  readonly disabledAt?: TimestampMs
  /** The plugin that made it; absent: the operator, or a database before this one. */
  readonly owner?: string
}

interface OfferRow {
  readonly text: string
  readonly createdAt: bigint
  readonly disabledAt: bigint | undefined
  readonly owner?: string | undefined
}

const rowV1 = { text: u16Text, createdAt: u64, disabledAt: optional(u64) }

const row = versioned<OfferRow>(struct(rowV1), struct({ ...rowV1, owner: optional(u16Text) }))

/** So many are kept, in memory too: whoever may make offers cannot fill either. What is taken back stays, so that plugins leave half of it. */
export const MAX_OFFERS = 10_000

/**
 * The offers that this node has made. An offer is known by itself (ADR 49), so that one without a row is answered too; its row says when it
 * was made, and whether it was taken back.
 */
export class OwnOffers {
  readonly #store: Store
  readonly #clock: Pick<Clock, 'now'>
  readonly #offers = new Map<string, OwnOffer>()

  private constructor(store: Store, clock: Pick<Clock, 'now'>) {
    this.#store = store
    this.#clock = clock
  }

  static async open(store: Store, clock: Pick<Clock, 'now'>, onUnreadable: OnUnreadable): Promise<OwnOffers> {
    const offers = new OwnOffers(store, clock)
    for (const { key, value } of await store.scan(TABLE.offer)) {
      const read = readOffer(value)
      if (read === undefined) onUnreadable(TABLE.offer, key)
      else offers.#offers.set(toHex(key), read)
    }
    return offers
  }

  get count(): number {
    return this.#offers.size
  }

  get(id: Uint8Array): OwnOffer | undefined {
    return this.#offers.get(toHex(id))
  }

  /** The newest first. */
  all(): readonly OwnOffer[] {
    return [...this.#offers.values()].toSorted(
      (a, b) => b.createdAt - a.createdAt || (toHex(a.id) < toHex(b.id) ? -1 : 1),
    )
  }

  /** Keeps an offer of ours, unless it is kept already. Resolves when it is durable. */
  add(offer: Offer, owner?: string): Promise<OwnOffer> {
    const id = offerId(offer)
    const known = this.get(id)
    if (known !== undefined) return Promise.resolve(known)
    const text = encodeOffer(offer)
    return this.#put({ id, offer, text, createdAt: this.#clock.now(), ...(owner === undefined ? {} : { owner }) })
  }

  /**
   * Takes an offer back. Resolves when that is durable; `undefined` if there is no such offer. A plugin, which is named as the owner, takes
   * back its own alone.
   */
  async disable(id: Uint8Array, owner?: string): Promise<OwnOffer | undefined> {
    const known = this.get(id)
    if (known === undefined || (owner !== undefined && known.owner !== owner)) return undefined
    if (known.disabledAt !== undefined) return known
    return this.#put({ ...known, disabledAt: this.#clock.now() })
  }

  #put(offer: OwnOffer): Promise<OwnOffer> {
    const { id, text, createdAt, disabledAt, owner } = offer
    this.#offers.set(toHex(id), offer)
    const value = encodeWith(row, {
      text,
      createdAt: BigInt(createdAt),
      disabledAt: disabledAt === undefined ? undefined : BigInt(disabledAt),
      owner,
    })
    return new Promise((resolve) => {
      this.#store.submit([{ table: TABLE.offer, key: id, value }], () => resolve(offer))
    })
  }
}

const readOffer = (value: Uint8Array): OwnOffer | undefined => {
  const read = decodeWith(row, value)
  const offer = read.ok ? decodeOffer(read.value.text) : undefined
  if (!read.ok || offer?.ok !== true) return undefined
  const { text, createdAt, disabledAt, owner } = read.value
  return {
    id: offerId(offer.value),
    offer: offer.value,
    text,
    createdAt: Number(createdAt),
    ...(disabledAt === undefined ? {} : { disabledAt: Number(disabledAt) }),
    ...(owner === undefined ? {} : { owner }),
  }
}
