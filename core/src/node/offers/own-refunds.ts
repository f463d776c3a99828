import type { InvoiceRequest } from '../../invoice/bolt12/fields.ts'
import { decodeRefund, type ReadRequest, refundId } from '../../invoice/bolt12/invoice-request.ts'
import { encodeRefund } from '../../invoice/bolt12/request-invoice.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { invariant } from '../../lib/errors.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import type { Msat, TimestampMs } from '../../lib/units.ts'
import { timestamp } from '../../payment/row-codecs.ts'
import type { Store, Write } from '../../store/store.ts'
import { type Codec, decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { optional, readOnly, struct, union, versioned } from '../../wire/codec/combinators.ts'
import { bytes32, u16Bytes, u16Text, u64 } from '../../wire/codec/primitives.ts'
import type { OnUnreadable } from '../storage/read-row.ts'
import { isRestored } from '../storage/restored-mark.ts'
import { TABLE } from '../storage/tables.ts'

/** Money that we have promised to whoever sends an invoice for it: it is paid once at most. */
export interface OwnRefund {
  readonly id: Uint8Array
  readonly request: ReadRequest
  /** As it was handed out. */
  readonly text: string
  readonly amountMsat: Msat
  readonly maxFeeMsat: Msat
  readonly createdAt: TimestampMs
  readonly expiresAt: TimestampMs
  /** The plugin that made it; absent: the operator. */
  readonly owner?: string
  readonly state: RefundState
}

/** Whether it is shown to a plugin, or to the operator: its text is worth money. */
export const isSeenBy = ({ owner }: OwnRefund, plugin: string | undefined): boolean =>
  plugin === undefined || owner === plugin

export type RefundState =
  /** Nobody has sent an invoice that could be paid. */
  | { readonly type: 'open' }
  /** With the payment that was under way, and perhaps goes on, where the database was put back. */
  | { readonly type: 'cancelled'; readonly at: TimestampMs; readonly paymentHash?: PaymentHash }
  /** This invoice is being paid, and no other is unless its payment fails. */
  | { readonly type: 'paying'; readonly paymentHash: PaymentHash; readonly invoice: Uint8Array }
  | { readonly type: 'paid'; readonly paymentHash: PaymentHash; readonly at: TimestampMs }

interface RefundRow {
  readonly text: string
  readonly maxFeeMsat: Msat
  readonly createdAt: TimestampMs
  readonly owner: string | undefined
  readonly state: RefundState
}

type Cancelled = Extract<RefundState, { readonly type: 'cancelled' }>

/** Until version 2 nothing was kept of the payment that was under way. */
type EarlierState = Exclude<RefundState, Cancelled> | Omit<Cancelled, 'paymentHash'>

const otherStates = {
  open: { number: 0, fields: {} },
  paying: { number: 2, fields: { paymentHash: bytes32, invoice: u16Bytes } },
  paid: { number: 3, fields: { paymentHash: bytes32, at: timestamp } },
} as const

const earlierState = union<EarlierState, 'type'>('type', {
  ...otherStates,
  cancelled: { number: 1, fields: { at: timestamp } },
})

const state = union<RefundState, 'type'>('type', {
  ...otherStates,
  cancelled: { number: 1, fields: { at: timestamp, paymentHash: optional(bytes32) } },
})

const rowWith = (codec: Codec<RefundState>): Codec<RefundRow> =>
  struct<RefundRow>({
    text: u16Text,
    maxFeeMsat: u64,
    createdAt: timestamp,
    owner: optional(u16Text),
    state: codec,
  })

const row = versioned(rowWith(readOnly(earlierState, (earlier): RefundState => earlier)), rowWith(state))

/** So many are kept, in memory too; plugins leave half of it. */
export const MAX_REFUNDS = 10_000
/** How long one is kept after nobody can be paid by it any more. */
const KEPT_MS = 30 * 86_400_000

/** The refunds that this node has made. Nothing is paid for one without a row: after a lost database nobody could tell whether it was paid. */
export class OwnRefunds {
  readonly #store: Store
  readonly #clock: Pick<Clock, 'now'>
  readonly #refunds = new Map<string, OwnRefund>()

  private constructor(store: Store, clock: Pick<Clock, 'now'>) {
    this.#store = store
    this.#clock = clock
  }

  static async open(store: Store, clock: Pick<Clock, 'now'>, onUnreadable: OnUnreadable): Promise<OwnRefunds> {
    const refunds = new OwnRefunds(store, clock)
    const restored = await isRestored(store)
    for (const { key, value } of await store.scan(TABLE.refund)) {
      const read = decodeWith(row, value)
      const refund = read.ok ? refundOf(Uint8Array.from(key), read.value) : undefined
      if (refund === undefined) onUnreadable(TABLE.refund, key)
      else {
        refunds.#refunds.set(toHex(key), refund)
        // It may have been paid since the database was copied.
        if (restored && isUnsettled(refund)) refunds.cancel(refund)
      }
    }
    refunds.prune()
    return refunds
  }

  get count(): number {
    return this.#refunds.size
  }

  /** Removes those that ended long ago. */
  prune(): void {
    const before = this.#clock.now() - KEPT_MS
    const gone = [...this.#refunds.values()].filter(
      ({ expiresAt, state }) => expiresAt < before && state.type !== 'paying',
    )
    for (const { id } of gone) this.#refunds.delete(toHex(id))
    if (gone.length === 0) return
    this.#store.submit(gone.map(({ id }): Write => ({ table: TABLE.refund, key: id, value: undefined })))
  }

  get(id: Uint8Array): OwnRefund | undefined {
    return this.#refunds.get(toHex(id))
  }

  /** The newest first. */
  all(): readonly OwnRefund[] {
    return [...this.#refunds.values()].toSorted(
      (a, b) => b.createdAt - a.createdAt || (toHex(a.id) < toHex(b.id) ? -1 : 1),
    )
  }

  /** Keeps a new one. Resolves when it is durable. */
  async add(request: InvoiceRequest, maxFeeMsat: Msat, owner: string | undefined): Promise<OwnRefund> {
    const added = { text: encodeRefund(request), maxFeeMsat, createdAt: this.#clock.now(), owner, state: OPEN }
    const refund = refundOf(refundId(request), added)
    invariant(refund !== undefined, 'a refund that we write is one that we read')
    await new Promise<void>((resolve) => this.#put(refund, resolve))
    return refund
  }

  /** Nobody is paid by it any more. */
  cancel(refund: OwnRefund, durable?: () => void): OwnRefund {
    const underWay = refund.state.type === 'paying' ? { paymentHash: refund.state.paymentHash } : {}
    return this.become(refund, { type: 'cancelled', at: this.#clock.now(), ...underWay }, durable)
  }

  /** From now on this is its state. What is submitted to the store afterwards is durable no sooner. */
  become(refund: OwnRefund, state: RefundState, durable?: () => void): OwnRefund {
    const next = { ...refund, state }
    this.#put(next, durable)
    return next
  }

  #put(refund: OwnRefund, durable?: () => void): void {
    const { id, text, maxFeeMsat, createdAt, owner, state } = refund
    this.#refunds.set(toHex(id), refund)
    const value = encodeWith(row, { text, maxFeeMsat, createdAt, owner, state })
    this.#store.submit([{ table: TABLE.refund, key: id, value }], durable)
  }
}

export const OPEN: RefundState = { type: 'open' }

/** Whether somebody is paid by it, or may be. */
const isUnsettled = ({ state }: OwnRefund): boolean => state.type === 'open' || state.type === 'paying'

/** Of ours, each has an amount and an end. */
const refundOf = (id: Uint8Array, { text, maxFeeMsat, createdAt, owner, state }: RefundRow): OwnRefund | undefined => {
  const request = decodeRefund(text)
  if (!request.ok) return undefined
  const { invreqAmount: amountMsat, offerAbsoluteExpiry } = request.value
  if (amountMsat === undefined || offerAbsoluteExpiry === undefined) return undefined
  return {
    id,
    request: request.value,
    text,
    amountMsat,
    maxFeeMsat,
    createdAt,
    expiresAt: Number(offerAbsoluteExpiry) * 1_000,
    ...(owner === undefined ? {} : { owner }),
    state,
  }
}
