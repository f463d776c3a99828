import type { ShortChannelId } from '../../lib/ids.ts'
import type { Msat, TimestampMs } from '../../lib/units.ts'
import { allocate, type Columns, copied, type Spec } from '../columns.ts'
import { findRow, RowIndex, stir } from '../columns-index.ts'
import {
  type Direction,
  findChannel,
  type GraphSnapshot,
  hashShortChannelId,
  MAX_AMOUNT_MSAT,
  type Topology,
} from '../snapshot.ts'

/** After this long, half of what was learnt is gone: payments of others move what a channel holds. */
export const LIQUIDITY_HALF_LIFE_MS = 3_600_000
/** After this long, a thousandth of it is left: it is not kept. */
export const LIQUIDITY_KEPT_MS = 10 * LIQUIDITY_HALF_LIFE_MS
/** What was learnt of more directions than this pushes out the oldest half. */
export const MAX_LEARNT = 10_000

export interface LearntDirection {
  readonly shortChannelId: ShortChannelId
  readonly direction: Direction
}

/** What one direction of a channel can carry, as it was known at some time. */
export interface LiquidityEntry extends LearntDirection {
  /** At least this much. */
  readonly lowerMsat: Msat
  /** At most this much. */
  readonly upperMsat: Msat
  readonly at: TimestampMs
}

/** What an attempt has shown of one direction of a channel. */
export interface Observation extends LearntDirection {
  readonly amountMsat: Msat
  /** What the channel holds, or the most that it might. */
  readonly capacityMsat: Msat
  /** It carried the amount, and the HTLC failed further on; it refused the amount; or the amount was settled and has moved over. */
  readonly outcome: 'carried' | 'refused' | 'settled'
}

/** What a search reads: for an edge its slot, and for a slot the bounds now. Slot 0 stands for edges of which nothing is known. */
export interface LiquidityView {
  readonly slots: Int32Array
  readonly lower: Float64Array
  readonly upper: Float64Array
}

/** Is told of what a book learns, and of what it lets go. */
export interface LiquidityListener {
  learnt(entry: LiquidityEntry): void
  forgotten(name: LearntDirection): void
}

export interface Bounds {
  readonly lower: number
  readonly upper: number
}

const COLUMNS = {
  shortChannelId: 'u64',
  direction: 'u8',
  lower: 'f64',
  upper: 'f64',
  at: 'f64',
} as const satisfies Spec
const FIRST_ROWS = 64

/** What attempts have taught of the liquidity of channels. */
export class LiquidityBook {
  #columns: Columns<typeof COLUMNS> = allocate(COLUMNS, FIRST_ROWS)
  #rows = 0
  #index = this.#newIndex()
  #slotsFor: { readonly topology: Topology; readonly slots: Int32Array } | undefined
  readonly #listener: LiquidityListener | undefined

  constructor(listener?: LiquidityListener) {
    this.#listener = listener
  }

  entries(): readonly LiquidityEntry[] {
    return Array.from({ length: this.#rows }, (_, row) => this.#entry(row))
  }

  has(name: LearntDirection): boolean {
    return this.#find(name) >= 0
  }

  /** Takes over what was learnt before, or by another book. */
  put(entry: LiquidityEntry): void {
    this.#set(entry, Number(entry.lowerMsat), Number(entry.upperMsat), entry.at)
  }

  /**
   * The newest observation is right, and bounds that contradict it yield. That one direction refused says nothing of the other: the
   * peer may have been away. What was settled is there in the other direction.
   */
  learn({ shortChannelId, direction, amountMsat, capacityMsat, outcome }: Observation, now: TimestampMs): void {
    const name = { shortChannelId, direction }
    const amount = Number(amountMsat)
    const capacity = Math.max(Number(capacityMsat), amount)
    const { lower, upper } = this.bounds(name, capacity, now)
    // What a channel holds may only be assumed, and is then assumed anew each time: it is no bound to remember.
    const remembered = (most: number): number => (most >= capacity ? MAX_AMOUNT_MSAT : most)
    switch (outcome) {
      case 'carried':
        this.#learnt(name, Math.max(lower, amount), upper < amount ? MAX_AMOUNT_MSAT : remembered(upper), now)
        return
      case 'refused':
        this.#learnt(name, lower >= amount ? 0 : lower, Math.min(upper, Math.max(amount - 1, 0)), now)
        return
      case 'settled': {
        this.#learnt(name, Math.max(lower - amount, 0), (upper < amount ? capacity : upper) - amount, now)
        const opposite = { shortChannelId, direction: (1 - direction) as Direction }
        const there = this.bounds(opposite, capacity, now)
        const most = Math.min(there.upper + amount, capacity)
        this.#learnt(opposite, Math.min(there.lower + amount, most), remembered(most), now)
      }
    }
  }

  /** Whether anything is known that was learnt before this. */
  hasBefore(since: TimestampMs): boolean {
    return this.#columns.at.subarray(0, this.#rows).some((at) => at < since)
  }

  /** What a direction of a channel is known to carry now. Of what was learnt before `since`, nothing is known. */
  bounds(name: LearntDirection, capacity: number, now: TimestampMs, since: TimestampMs = 0): Bounds {
    return this.#boundsAt(this.#find(name), capacity, now, since)
  }

  #boundsAt(row: number, capacity: number, now: TimestampMs, since: TimestampMs): Bounds {
    const isKnown = row >= 0 && (this.#columns.at[row] as number) >= since
    return isKnown ? widened(this.#columns, row, capacity, now) : { lower: 0, upper: capacity }
  }

  /** The same of all channels of the graph. */
  view({ topology, policies }: GraphSnapshot, now: TimestampMs, since: TimestampMs = 0): LiquidityView {
    const slots = this.#slotsOf(topology)
    const lower = new Float64Array(this.#rows + 1)
    const upper = new Float64Array(this.#rows + 1)
    for (let row = 0; row < this.#rows; row++) {
      const channel = findChannel(topology, this.#columns.shortChannelId[row] as bigint)
      if (channel < 0) continue
      const edge = channel * 2 + (this.#columns.direction[row] as Direction)
      const capacity = (topology.channels.capacityMsat[channel] || policies.htlcMaximumMsat[edge]) as number
      const bounds = this.#boundsAt(row, capacity, now, since)
      lower[row + 1] = bounds.lower
      upper[row + 1] = bounds.upper
    }
    return { slots, lower, upper }
  }

  #slotsOf(topology: Topology): Int32Array {
    if (this.#slotsFor?.topology === topology) return this.#slotsFor.slots
    const slots = new Int32Array(topology.channelRows * 2)
    this.#slotsFor = { topology, slots }
    for (let row = 0; row < this.#rows; row++) this.#fillSlot(row)
    return slots
  }

  #fillSlot(row: number): void {
    if (this.#slotsFor === undefined) return
    const { topology, slots } = this.#slotsFor
    const channel = findChannel(topology, this.#columns.shortChannelId[row] as bigint)
    if (channel >= 0) slots[channel * 2 + (this.#columns.direction[row] as Direction)] = row + 1
  }

  #learnt(name: LearntDirection, lower: number, upper: number, at: TimestampMs): void {
    this.#set(name, lower, upper, at)
    this.#listener?.learnt(this.#entry(this.#find(name)))
  }

  #entry(row: number): LiquidityEntry {
    const { shortChannelId, direction, lower, upper, at } = this.#columns
    return {
      shortChannelId: shortChannelId[row] as bigint,
      direction: direction[row] as Direction,
      lowerMsat: BigInt(Math.floor(lower[row] as number)),
      upperMsat: BigInt(Math.floor(upper[row] as number)),
      at: at[row] as number,
    }
  }

  #set(name: LearntDirection, lower: number, upper: number, at: TimestampMs): void {
    let row = this.#find(name)
    if (row < 0) {
      if (this.#rows === MAX_LEARNT) this.#forgetOldest()
      row = this.#add(name)
    }
    this.#columns.lower[row] = lower
    this.#columns.upper[row] = upper
    this.#columns.at[row] = at
  }

  #find({ shortChannelId, direction }: LearntDirection): number {
    const { shortChannelId: scids, direction: directions } = this.#columns
    const matches = (row: number): boolean => scids[row] === shortChannelId && directions[row] === direction
    return findRow(this.#index.slots, hashOf(shortChannelId, direction), matches)
  }

  #add({ shortChannelId, direction }: LearntDirection): number {
    const row = this.#rows++
    const rows = this.#columns.at.length
    if (row === rows) this.#columns = copied(COLUMNS, this.#columns, rows, rows * 2)
    this.#columns.shortChannelId[row] = shortChannelId
    this.#columns.direction[row] = direction
    this.#index.add(row)
    this.#fillSlot(row)
    return row
  }

  #forgetOldest(): void {
    const byAge = this.entries().toSorted((a, b) => a.at - b.at)
    const kept = byAge.splice(MAX_LEARNT / 2)
    this.#rows = 0
    this.#index = this.#newIndex()
    this.#slotsFor = undefined
    for (const entry of kept) this.put(entry)
    for (const entry of byAge) this.#listener?.forgotten(entry)
  }

  #newIndex(): RowIndex {
    return new RowIndex((row) =>
      hashOf(this.#columns.shortChannelId[row] as bigint, this.#columns.direction[row] as Direction),
    )
  }
}

// Without salt: what is in the book are channels that we have chosen to pay over.
const hashOf = (scid: ShortChannelId, direction: Direction): number => stir(hashShortChannelId(0, scid), direction)

/** With time the bounds go back to nothing and everything. */
const widened = (
  { lower, upper, at }: Columns<typeof COLUMNS>,
  row: number,
  capacity: number,
  now: TimestampMs,
): Bounds => {
  const age = Math.max(now - (at[row] as number), 0)
  const left = 2 ** (-age / LIQUIDITY_HALF_LIFE_MS)
  const most = Math.min(upper[row] as number, capacity)
  const widest = Math.floor(capacity - (capacity - most) * left)
  return { lower: Math.min(Math.floor((lower[row] as number) * left), widest), upper: widest }
}
