import { type Cursor, events as definitions, type EventName, evaluate } from '@fulgurite/plugin-sdk/contract'
import { concat, fromHex, toHex, utf8Encode } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import type { ChannelId } from '../../lib/ids.ts'
import type { Msat, TimestampMs } from '../../lib/units.ts'
import type { Row, Store, Write } from '../../store/store.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { count, optional, struct, versioned } from '../../wire/codec/combinators.ts'
import { u64 } from '../../wire/codec/primitives.ts'
import type { EncodedEvent } from '../contract-gateway.ts'
import type { NodeLog } from '../node-log.ts'
import { type OnUnreadable, readRowOfMany } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'
import { cursorOf, placeOf } from './event-cursor.ts'
import type { EventLog } from './event-log.ts'

/** What a channel has relayed one way, and what that earned: each relay counts once in the channel it came in by, and once in the other. */
interface RelayedWay {
  readonly relays: number
  readonly amountMsat: Msat
  readonly feesMsat: Msat
}

export interface ChannelBook {
  /** Of what came in by the channel. */
  readonly in: RelayedWay
  /** Of what went out by it. */
  readonly out: RelayedWay
}

export interface ChannelBooksOptions {
  readonly store: Pick<Store, 'submit' | 'scan'>
  readonly clock: Clock
  readonly events: Pick<EventLog, 'replay' | 'subscribe' | 'head' | 'history' | 'lostThrough'>
  readonly log: Pick<NodeLog, 'error'>
  readonly onUnreadable: OnUnreadable
}

/** How far the event log is in the books, and since when they are whole, if not from the beginning. */
interface Place {
  readonly through: number
  readonly since?: TimestampMs
}

const RELAYED = 'payment.relayed' satisfies EventName

/** Of an event of that name, what is counted. */
interface Relays {
  readonly feeMsat: Msat
  readonly incoming: readonly Part[]
  readonly outgoing: readonly Part[]
}

interface Part {
  readonly channelId: string
  readonly amountMsat: Msat
}

const PREFIX = utf8Encode('books/')
const PLACE_KEY = PREFIX
const ALL_BOOKS = { from: PREFIX, to: concat(PREFIX.slice(0, -1), Uint8Array.of(0x30)) }

const way = struct<RelayedWay>({ relays: count, amountMsat: u64, feesMsat: u64 })
const bookCodec = versioned(struct<ChannelBook>({ in: way, out: way }))
const placeCodec = versioned(struct<Place>({ through: count, since: optional(count) }))

const NOTHING: RelayedWay = { relays: 0, amountMsat: 0n, feesMsat: 0n }
const EMPTY_BOOK: ChannelBook = { in: NOTHING, out: NOTHING }

/** After so many relays, or so long after the first of them, what is in memory is written. */
const RELAYS_UNWRITTEN = 1_000
const UNWRITTEN_MS = 600_000
/** So many events are read at once. */
const AT_ONCE = 500

/**
 * What each channel has earned by relaying. The books follow from the event log, whose events are written with the relays that they tell
 * of: a payment adds two sums in memory and writes nothing. Now and then the sums are written with the place in the log up to which they
 * hold; after a crash they are counted on from there, so that nothing is counted twice or left out.
 */
export class ChannelBooks {
  readonly #options: ChannelBooksOptions
  readonly #books: Map<string, ChannelBook>
  readonly #unwritten = new Set<string>()
  readonly #unsubscribe: () => void
  /** Told while the past is still being read. */
  #told: EncodedEvent[] | undefined = []
  #place: Place
  #relays = 0
  #timer: CancelTimer | undefined
  #isStopped = false
  /** Settles once the whole log is in the books. */
  readonly ready: Promise<void>

  private constructor(options: ChannelBooksOptions, books: Map<string, ChannelBook>, place: Place | undefined) {
    this.#options = options
    this.#books = books
    this.#place = place ?? { through: 0 }
    this.#unsubscribe = options.events.subscribe({ names: [RELAYED] }, (event) => {
      if (this.#told !== undefined) this.#told.push(event)
      else this.#add(event, asWritten(event))
    })
    this.ready = this.#catchUp(place === undefined).catch((error: unknown) => {
      // The books stay as they are on the disk, and nothing is told of them in this life of the node.
      this.#unsubscribe()
      this.#told = []
      options.log.error('books.failed', { error: String(error) })
    })
  }

  static async open(options: ChannelBooksOptions): Promise<ChannelBooks> {
    const books = new Map<string, ChannelBook>()
    let place: Place | undefined
    for (const row of await options.store.scan(TABLE.meta, ALL_BOOKS)) {
      if (row.key.length === PLACE_KEY.length) place = read(row, placeCodec, options.onUnreadable)
      else {
        const book = read(row, bookCodec, options.onUnreadable)
        if (book !== undefined) books.set(toHex(row.key.subarray(PREFIX.length)), book)
      }
    }
    return new ChannelBooks(options, place === undefined ? new Map() : books, place)
  }

  /** Since when relays are in the books, if the log has lost earlier ones. */
  get since(): TimestampMs | undefined {
    return this.#place.since
  }

  /** Of a channel that has relayed nothing, zeros; `undefined` until the whole log is in the books. */
  of(channelId: ChannelId | string): ChannelBook | undefined {
    if (this.#told !== undefined) return undefined
    return this.#books.get(typeof channelId === 'string' ? channelId : toHex(channelId)) ?? EMPTY_BOOK
  }

  /** Writes what is not written yet. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.ready
    this.#unsubscribe()
    this.#write(true)
  }

  async #catchUp(isFirst: boolean): Promise<void> {
    const { events } = this.#options
    // What was lost before the first look at the log is lost to the books.
    if (isFirst && events.lostThrough('money') > 0) await this.#beginLate()
    let cursor: Cursor | undefined = this.#place.through === 0 ? undefined : cursorOf(this.#place.through)
    for (;;) {
      // What was told meanwhile comes after what was not read: the next life begins with that.
      if (this.#isStopped) return
      const replayed = await events.replay(cursor, { names: [RELAYED] }, AT_ONCE)
      if (!replayed.ok) {
        // While the node did not count, more was told than the log keeps.
        if (replayed.error.code !== 'cursor-expired') break
        await this.#beginLate()
        cursor = undefined
        continue
      }
      for (const event of replayed.value.events) this.#add(event, this.#checked(event))
      cursor = replayed.value.next
      if (replayed.value.events.length === 0) break
    }
    const told = this.#told ?? []
    this.#told = undefined
    for (const event of told) this.#add(event, asWritten(event))
  }

  /** What a row of the disk says, if it is in the form of the contract. */
  #checked(event: EncodedEvent): Relays | undefined {
    const { payload } = JSON.parse(event.text) as { readonly payload: unknown }
    const checked = evaluate(definitions[RELAYED].payload, payload)
    if (checked.ok) return checked.value as Relays
    this.#options.events.history.passOver(event)
    return undefined
  }

  async #beginLate(): Promise<void> {
    const since = await this.#options.events.history.oldestOfClass('money')
    this.#place = { ...this.#place, since: since ?? this.#options.clock.now() }
  }

  #add({ sequence }: EncodedEvent, relays: Relays | undefined): void {
    if (sequence <= this.#place.through) return
    this.#place = { ...this.#place, through: sequence }
    if (relays !== undefined) this.#count(relays)
    this.#relays++
    if (this.#relays >= RELAYS_UNWRITTEN) this.#write()
    else if (!this.#isStopped) this.#timer ??= this.#options.clock.setTimer(UNWRITTEN_MS, () => this.#write())
  }

  #count({ feeMsat, incoming, outgoing }: Relays): void {
    for (const [direction, htlcs] of [
      ['in', incoming],
      ['out', outgoing],
    ] as const) {
      const total = htlcs.reduce((sum, { amountMsat }) => sum + amountMsat, 0n)
      let left: bigint = feeMsat
      htlcs.forEach(({ channelId, amountMsat }, at) => {
        // Of a payment in parts each earns its share; the last what is left by rounding.
        const fee = at === htlcs.length - 1 || total === 0n ? left : (feeMsat * amountMsat) / total
        left -= fee
        const book = this.#books.get(channelId) ?? EMPTY_BOOK
        const before = book[direction]
        const after = {
          relays: before.relays + 1,
          amountMsat: before.amountMsat + amountMsat,
          feesMsat: before.feesMsat + fee,
        }
        this.#books.set(channelId, { ...book, [direction]: after })
        this.#unwritten.add(channelId)
      })
    }
  }

  #write(isLast = false): void {
    this.#timer?.()
    this.#timer = undefined
    if (this.#relays === 0 && !isLast) return
    this.#relays = 0
    const isWhole = this.#told === undefined
    // Whatever else was told since the last relay is passed by: the log may lose it.
    const head = placeOf(this.#options.events.head())?.after ?? 0
    const through = isWhole ? Math.max(this.#place.through, head) : this.#place.through
    const writes = [...this.#unwritten].map((id): Write => {
      const value = encodeWith(bookCodec, this.#books.get(id) ?? EMPTY_BOOK)
      return { table: TABLE.meta, key: concat(PREFIX, fromHex(id)), value }
    })
    this.#unwritten.clear()
    this.#options.store.submit([
      ...writes,
      { table: TABLE.meta, key: PLACE_KEY, value: encodeWith(placeCodec, { ...this.#place, through }) },
    ])
  }
}

const read = <T>({ key, value }: Row, codec: Parameters<typeof decodeWith<T>>[0], onUnreadable: OnUnreadable) =>
  readRowOfMany(TABLE.meta, key, decodeWith(codec, value), onUnreadable)

/** Of an event that this process has just written: a payment waits for no check of it. */
const asWritten = ({ text }: EncodedEvent): Relays => {
  const { payload } = JSON.parse(text) as { readonly payload: Written }
  const parts = (written: readonly WrittenPart[]) =>
    written.map(({ channelId, amountMsat }) => ({ channelId, amountMsat: BigInt(amountMsat) }))
  return {
    feeMsat: BigInt(payload.feeMsat),
    incoming: parts(payload.incoming),
    outgoing: parts(payload.outgoing),
  }
}

interface WrittenPart {
  readonly channelId: string
  readonly amountMsat: string
}

interface Written {
  readonly feeMsat: string
  readonly incoming: readonly WrittenPart[]
  readonly outgoing: readonly WrittenPart[]
}
