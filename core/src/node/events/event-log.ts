import {
  type ContractError,
  type Cursor,
  type EventName,
  type EventPayload,
  encodeEvent,
  events as eventDefinitions,
} from '@fulgurite/plugin-sdk/contract'
import { Subject } from '../../actor/rxjs.ts'
import { u64be, utf8Decode, utf8Encode } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Contribution, Row, Store, Write } from '../../store/store.ts'
import type { EncodedEvent, EventFilter, EventLogPort, ReplayedEvents } from '../contract-gateway.ts'
import { TABLE } from '../storage/tables.ts'

export interface EventLogOptions {
  readonly store: Store
  readonly clock: Clock
  /** How many durable events are kept; older ones are deleted as new ones come. */
  readonly keep: number
}

interface PendingEvent {
  readonly name: EventName
  readonly payload: EventPayload<EventName>
}

/**
 * The node's durable record of what happened. Events wait in memory until the store begins a commit: there they get their
 * sequence numbers and their text, in the transaction of the state changes that they report, and once it is durable they
 * are published.
 */
export class EventLog implements EventLogPort {
  readonly #store: Store
  readonly #clock: Clock
  readonly #keep: number
  readonly #live = new Subject<EncodedEvent>()
  // Keyed, so that within one commit the last of several reports of the same thing is the one that is told.
  #pending = new Map<string, PendingEvent>()
  #anonymous = 0
  #first: number
  #next: number
  #durable: number

  private constructor(options: EventLogOptions, first: number, next: number) {
    this.#store = options.store
    this.#clock = options.clock
    this.#keep = options.keep
    this.#first = first
    this.#next = next
    this.#durable = next - 1
    options.store.beforeCommit(() => this.#contribute())
  }

  static async open(options: EventLogOptions): Promise<EventLog> {
    const [oldest] = await options.store.scan(TABLE.event, { limit: 1 })
    const [newest] = await options.store.scan(TABLE.event, { limit: 1, reverse: true })
    const next = newest === undefined ? 1 : sequenceOf(newest) + 1
    return new EventLog(options, oldest === undefined ? next : sequenceOf(oldest), next)
  }

  /**
   * Adds a durable event to the commit that what is submitted to the store now belongs to. Call it in the same turn as the
   * submission. Events of one commit with the same `coalesceAs` are told once, as the last of them.
   */
  append<Name extends EventName>(name: Name, payload: EventPayload<Name>, coalesceAs?: string): void {
    if (this.#pending.size === 0) this.#store.submit([])
    const key = coalesceAs === undefined ? `#${this.#anonymous++}` : `${name} ${coalesceAs}`
    // A later report also takes the later place: order is what happened last.
    this.#pending.delete(key)
    this.#pending.set(key, { name, payload })
  }

  /** Publishes an event that is not kept. */
  announce<Name extends EventName>(name: Name, payload: EventPayload<Name>): void {
    const at = this.#clock.now()
    const cursor = this.head()
    const text = encodeEvent({ cursor, at, type: name, payload })
    this.#live.next({ cursor, sequence: 0, name, version: eventDefinitions[name].version, at, text })
  }

  head(): Cursor {
    return cursorOf(this.#durable)
  }

  async replay(
    cursor: Cursor | undefined,
    filter: EventFilter,
    limit: number,
  ): Promise<Result<ReplayedEvents, ContractError>> {
    const after = cursor === undefined ? this.#first - 1 : sequenceOfCursor(cursor)
    if (after === undefined || after >= this.#next) {
      return err({ code: 'cursor-invalid', message: 'this node never gave out that cursor' })
    }
    if (after < this.#first - 1) {
      return err({ code: 'cursor-expired', message: 'events after that cursor are no longer kept' })
    }
    // Events that the filter passes over do not end the reading: nothing found means nothing more is there.
    let last = after
    for (;;) {
      const rows = await this.#store.scan(TABLE.event, { from: keyOf(last + 1), limit })
      const events = rows.map(decodeRow)
      last = events.at(-1)?.sequence ?? last
      const matching = events.filter((event) => filter.names === undefined || filter.names.includes(event.name))
      if (matching.length > 0 || rows.length < limit) return ok({ events: matching, next: cursorOf(last) })
    }
  }

  subscribe(filter: EventFilter, listener: (event: EncodedEvent) => void): () => void {
    const names = filter.names === undefined ? undefined : new Set(filter.names)
    const subscription = this.#live.subscribe((event) => {
      if (names === undefined || names.has(event.name)) listener(event)
    })
    return () => subscription.unsubscribe()
  }

  #contribute(): Contribution | undefined {
    if (this.#pending.size === 0) return undefined
    const at = this.#clock.now()
    const encoded: EncodedEvent[] = []
    const writes: Write[] = []
    for (const { name, payload } of this.#pending.values()) {
      const sequence = this.#next++
      const cursor = cursorOf(sequence)
      const text = encodeEvent({ cursor, at, type: name, payload })
      encoded.push({ cursor, sequence, name, version: eventDefinitions[name].version, at, text })
      writes.push({ table: TABLE.event, key: keyOf(sequence), value: utf8Encode(text) })
    }
    this.#pending = new Map()
    while (this.#next - this.#first > this.#keep) {
      writes.push({ table: TABLE.event, key: keyOf(this.#first++), value: undefined })
    }
    return {
      writes,
      onDurable: () => {
        for (const event of encoded) {
          this.#durable = event.sequence
          this.#live.next(event)
        }
      },
    }
  }
}

const keyOf = (sequence: number): Uint8Array => u64be(BigInt(sequence))

const sequenceOf = ({ key }: Row): number => Number(new DataView(key.buffer, key.byteOffset, 8).getBigUint64(0))

const cursorOf = (sequence: number): Cursor => `e${sequence.toString(36)}`

const sequenceOfCursor = (cursor: Cursor): number | undefined => {
  if (!/^e(0|[1-9a-z][0-9a-z]{0,9})$/.test(cursor)) return undefined
  return Number.parseInt(cursor.slice(1), 36)
}

// The head of the envelope that `encodeEvent` writes.
const ENVELOPE = /^\{"cursor":"([^"]+)","at":(\d+),"type":"([^"]+)","version":(\d+),/

const decodeRow = (row: Row): EncodedEvent => {
  const text = utf8Decode(row.value)
  const match = ENVELOPE.exec(text)
  if (match === null) throw new Error('a stored event has another form than it was written in')
  const [, cursor = '', at, name, version] = match
  return { cursor, sequence: sequenceOf(row), name: name as EventName, version: Number(version), at: Number(at), text }
}
