import {
  type Cursor,
  type EventClass,
  type EventName,
  type EventPayload,
  encodeEvent,
  events as eventDefinitions,
} from '@fulgurite/plugin-sdk/contract'
import { Subject } from '../../actor/rxjs.ts'
import type { Clock } from '../../lib/clock.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Contribution, Row, Store, Write } from '../../store/store.ts'
import type { EncodedEvent, EventFilter, EventLogPort, Refusal, ReplayedEvents } from '../contract-gateway.ts'
import { TABLE } from '../storage/tables.ts'
import { cursorOf, placeOf } from './event-cursor.ts'
import { EventHistory } from './event-history.ts'
import { EventNames } from './event-names.ts'
import { EventReader } from './event-reader.ts'
import { type EventPlace, EventRetention, type EventRoomOptions } from './event-retention.ts'
import {
  classesOf,
  classOf,
  EVENT_CLASSES,
  encodeText,
  endOfClass,
  mayBeOf,
  readEventRow,
  rowKey,
  sequenceOf,
} from './event-row.ts'

/** How much is kept of each class (`keep`): older events go as new ones of the class come. */
export interface EventLogOptions extends EventRoomOptions {
  readonly store: Store
  readonly clock: Clock
  /** Called once for each event that cannot be read: it stays where it is, and is skipped. */
  readonly onUnreadable?: (sequence: number) => void
}

interface PendingEvent {
  readonly name: EventName
  readonly payload: EventPayload<EventName>
}

/**
 * The least number of rows in one read from the disk, if a filter may skip them: a search for a rare name must not read each row by itself.
 */
const LEAST_ROWS = 100

/**
 * The node's durable record of events. Events wait in memory until the store begins a commit: then they get their sequence numbers and
 * their text, in the transaction of the state changes that they report. Once this is durable they are published.
 */
export class EventLog implements EventLogPort {
  readonly #store: Store
  readonly #clock: Clock
  readonly #retention: EventRetention
  readonly #names: EventNames
  readonly #reader: EventReader
  /** The same backwards. */
  readonly history: EventHistory
  /** Followers of some names are found by these names: an event costs nothing for followers that do not want it. */
  readonly #named = new Map<EventName, Subject<EncodedEvent>>()
  readonly #all = new Subject<EncodedEvent>()
  // Keyed, so that only the last of several reports of the same thing within one commit is told.
  #pending = new Map<string, PendingEvent>()
  #anonymous = 0
  #next: number
  #durable: number

  private constructor(options: EventLogOptions, retention: EventRetention, names: EventNames, next: number) {
    this.#store = options.store
    this.#clock = options.clock
    this.#retention = retention
    this.#names = names
    this.#reader = new EventReader(options.store, names, options.onUnreadable)
    this.history = new EventHistory(this.#reader)
    this.#next = next
    this.#durable = next - 1
    options.store.beforeCommit(() => this.#contribute())
  }

  static async open(options: EventLogOptions): Promise<EventLog> {
    const { store } = options
    const retention = await EventRetention.open(store, options, (row) => {
      const event = readEventRow(row)
      // If an event cannot be read, nobody knows that it is not about money.
      return event === undefined ? 'money' : classOf(event.name)
    })
    let newest = 0
    for (const kind of EVENT_CLASSES) {
      const [row] = await store.scan(TABLE.eventOfClass, {
        from: rowKey(kind, 0),
        to: endOfClass(kind),
        limit: 1,
        reverse: true,
      })
      newest = Math.max(newest, row === undefined ? 0 : sequenceOf(row), retention.lost(kind))
    }
    return new EventLog(options, retention, await EventNames.open(store), newest + 1)
  }

  /**
   * Adds a durable event to the commit that submissions to the store now belong to. Call it in the same turn as the submission. Events of
   * one commit with the same `coalesceAs` are told once, as the last of them.
   */
  append<Name extends EventName>(name: Name, payload: EventPayload<Name>, coalesceAs?: string): void {
    if (this.#pending.size === 0) this.#store.submit([])
    const key = coalesceAs === undefined ? `#${this.#anonymous++}` : `${name} ${coalesceAs}`
    // A later report also takes the later place: the order is that of the last changes.
    this.#pending.delete(key)
    this.#pending.set(key, { name, payload })
  }

  /** Publishes an event that is not kept. */
  announce<Name extends EventName>(name: Name, payload: EventPayload<Name>): void {
    const at = this.#clock.now()
    const cursor = this.head()
    const text = encodeEvent({ cursor, at, type: name, payload })
    this.#publish({ cursor, sequence: 0, name, version: eventDefinitions[name].version, at, text })
  }

  /** How much there is of a class. */
  held(kind: EventClass): { readonly rows: number; readonly bytes: number } {
    return this.#retention.held(kind)
  }

  /** The sequence number of the last event of a class that is no longer kept; 0 if none was lost. */
  lostThrough(kind: EventClass): number {
    return this.#retention.lost(kind)
  }

  isNearlyFull(kind: EventClass): boolean {
    return this.#retention.isNearlyFull(kind)
  }

  /** What a row tells, if it can be read. */
  read(row: Row): EncodedEvent | undefined {
    return this.#reader.read(row)
  }

  /**
   * Removes the oldest events of a class, given in their order: readers that ask for them are told that they are lost. Answered once that
   * is durable.
   */
  forget(kind: EventClass, oldest: readonly EventPlace[]): Promise<{ readonly rows: number; readonly bytes: number }> {
    const dropped = this.#retention.drop(kind, oldest)
    const writes = dropped.map(({ key }) => ({ table: TABLE.eventOfClass, key, value: undefined }))
    const removed = {
      rows: dropped.length,
      bytes: dropped.reduce((sum, { key, bytes }) => sum + key.length + bytes, 0),
    }
    return new Promise((resolve) => this.#store.submit([...writes, this.#retention.row()], () => resolve(removed)))
  }

  head(): Cursor {
    return cursorOf(this.#durable)
  }

  async replay(
    cursor: Cursor | undefined,
    filter: EventFilter,
    limit: number,
  ): Promise<Result<ReplayedEvents, Refusal<'cursor-expired' | 'cursor-invalid'>>> {
    const classes = filter.names === undefined ? EVENT_CLASSES : classesOf(filter.names)
    const lost = (): number => Math.max(0, ...classes.map((kind) => this.#retention.lost(kind)))
    // A reader that begins with the oldest kept event loses nothing that is not kept.
    const place = cursor === undefined ? { after: 0, told: 0 } : (placeOf(cursor) ?? NOWHERE)
    const { after } = place
    let { told } = place
    if (Math.max(after, told) >= this.#next) {
      return err({ code: 'cursor-invalid', message: 'this node never gave out that cursor' })
    }
    // Events that the filter skips do not end the reading: an empty result means that nothing more is there.
    const atOnce = filter.names === undefined ? limit : Math.max(limit, LEAST_ROWS)
    const mayBe = mayBeOf(filter.names)
    let last = after
    for (;;) {
      const head = this.#durable
      const { rows, through } = await this.#reader.from(last + 1, { classes, names: filter.names, limit: atOnce })
      const isAll = through === Number.POSITIVE_INFINITY
      // Asked after the reading: what is deleted meanwhile is missing from it.
      if (cursor === undefined) told = lost()
      if (lost() > last && lost() > told) return err(this.#expired(last, told, classes))
      const [end = 0] = rows.slice(-1).map(sequenceOf)
      last = isAll ? Math.max(last, head, end) : through
      const events = rows.filter(mayBe).flatMap((row) => this.#reader.read(row) ?? [])
      const matching = events.filter((event) => filter.names === undefined || filter.names.includes(event.name))
      if (matching.length > limit) {
        const wanted = matching.slice(0, limit)
        return ok({ events: wanted, next: cursorOf(wanted.at(-1)?.sequence ?? last, told) })
      }
      if (matching.length > 0 || isAll) return ok({ events: matching, next: cursorOf(last, told) })
    }
  }

  #expired(after: number, told: number, classes: readonly EventClass[]): Refusal<'cursor-expired'> {
    const lost = classes
      .map((kind) => ({ class: kind, through: this.#retention.lost(kind) }))
      .filter(({ through }) => through > after && through > told)
    return {
      code: 'cursor-expired',
      message: `events after that cursor are no longer kept: ${lost.map((each) => each.class).join(', ')}`,
      details: {
        lost: lost.map(({ class: kind, through }) => ({ class: kind, through: cursorOf(through) })),
        continueFrom: cursorOf(after, Math.max(...lost.map(({ through }) => through))),
      },
    }
  }

  subscribe({ names }: EventFilter, listener: (event: EncodedEvent) => void): () => void {
    const sources = names === undefined ? [this.#all] : [...new Set(names)].map((name) => this.#ofName(name))
    const subscriptions = sources.map((source) => source.subscribe(listener))
    return () => {
      for (const subscription of subscriptions) subscription.unsubscribe()
    }
  }

  #ofName(name: EventName): Subject<EncodedEvent> {
    const known = this.#named.get(name)
    if (known !== undefined) return known
    const source = new Subject<EncodedEvent>()
    this.#named.set(name, source)
    return source
  }

  #publish(event: EncodedEvent): void {
    this.#named.get(event.name)?.next(event)
    this.#all.next(event)
  }

  #contribute(): Contribution | undefined {
    if (this.#pending.size === 0) {
      const writes = this.#trim(false)
      return writes.length === 0 ? undefined : { writes, onDurable: () => undefined }
    }
    const at = this.#clock.now()
    const encoded: EncodedEvent[] = []
    const writes: Write[] = []
    for (const { name, payload } of this.#pending.values()) {
      const sequence = this.#next++
      const cursor = cursorOf(sequence)
      const text = encodeEvent({ cursor, at, type: name, payload })
      encoded.push({ cursor, sequence, name, version: eventDefinitions[name].version, at, text })
      const kind = classOf(name)
      const value = encodeText(name, text)
      writes.push({ table: TABLE.eventOfClass, key: rowKey(kind, sequence), value })
      this.#retention.added(kind, sequence, value.length)
      writes.push(...this.#names.added(kind, sequence, name))
    }
    this.#pending = new Map()
    return {
      writes: [...writes, ...this.#trim(true)],
      onDurable: () => {
        for (const event of encoded) {
          this.#durable = event.sequence
          this.#publish(event)
        }
      },
    }
  }

  #trim(isChanged: boolean): readonly Write[] {
    const writes = this.#retention.trim(isChanged)
    return [...writes, ...EVENT_CLASSES.flatMap((kind) => this.#names.forget(kind, this.#retention.lost(kind)))]
  }
}

/** Past every place. */
const NOWHERE = { after: Number.POSITIVE_INFINITY, told: 0 }
