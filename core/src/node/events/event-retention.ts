import type { EventClass } from '@fulgurite/plugin-sdk/contract'
import { utf8Decode, utf8Encode } from '../../lib/bytes.ts'
import type { Row, Store, Write } from '../../store/store.ts'
import type { RowsMoved } from '../storage/rows-moved.ts'
import { TABLE } from '../storage/tables.ts'
import { EVENT_CLASSES, endOfClass, rowKey, sequenceOf } from './event-row.ts'

/** How much is kept of each class. */
export type EventRoom = Readonly<Record<EventClass, { readonly rows: number; readonly bytes: number }>>

export interface EventRoomOptions {
  readonly keep: EventRoom
  /** Classes of which nothing goes before it is archived; none if absent. */
  readonly archived?: ReadonlySet<EventClass>
  /** Told of events that a version before the classes has stored, as they are moved. */
  readonly moved?: RowsMoved
}

interface Holding {
  rows: number
  bytes: number
  /** The newest event of the class that is no longer kept. */
  lost: number
}

export interface EventPlace {
  readonly key: Uint8Array
  readonly sequence: number
  readonly bytes: number
}

/** What is in the store of the holdings. */
interface StoredHoldings extends Record<EventClass, Holding> {
  /** The newest event that is counted in the holdings: later ones are counted at a start. In rows of an earlier version all are counted. */
  readonly through?: number
}

/** After this many commits the holdings are written, unless something is deleted before: most commits then write one page less. */
const COMMITS_UNCOUNTED = 64
const HOLDINGS_KEY = utf8Encode('event-holdings')
/** How many of the oldest events are known at once. */
const READ_AHEAD = 512
const PAGE = 1_000

/**
 * Keeps each class of events within its limits: excess events are deleted in the commit that adds to the class. A commit cannot wait for a
 * read, so the oldest rows are read ahead; until they are known, a class may be over its limit. If a class is archived, nothing of it is
 * deleted here: the archiver says what may be removed.
 */
export class EventRetention {
  readonly #store: Store
  readonly #room: EventRoom
  readonly #archived: ReadonlySet<EventClass>
  readonly #holdings: Record<EventClass, Holding>
  readonly #oldest: Record<EventClass, EventPlace[]>
  readonly #reading = new Set<EventClass>()
  /** The newest of the oldest rows that were read ahead. */
  readonly #readTo: Record<EventClass, number>
  #through = 0
  #uncounted = 0

  private constructor(
    store: Store,
    { keep, archived = new Set() }: EventRoomOptions,
    holdings: Record<EventClass, Holding>,
  ) {
    this.#store = store
    this.#room = keep
    this.#archived = archived
    this.#holdings = holdings
    this.#oldest = ofEach(() => [])
    this.#readTo = ofEach((kind) => holdings[kind].lost)
  }

  /** Moves events that a version before the classes has stored to their new place. */
  static async open(store: Store, room: EventRoomOptions, classOf: (row: Row) => EventClass): Promise<EventRetention> {
    const stored = await store.get(TABLE.meta, HOLDINGS_KEY)
    const none: Record<EventClass, Holding> = ofEach(() => ({ rows: 0, bytes: 0, lost: 0 }))
    const { through, ...counted }: Partial<StoredHoldings> = stored === undefined ? {} : JSON.parse(utf8Decode(stored))
    const holdings = { ...none, ...counted }
    const retention = new EventRetention(store, room, holdings)
    if (stored === undefined || through !== undefined) await retention.#count(through ?? 0)
    for (let isFirst = stored === undefined; ; isFirst = false) {
      const rows = await store.scan(TABLE.event, { limit: PAGE })
      const [oldest] = rows
      if (oldest === undefined) break
      // If a node ended while it moved them, the events below were moved, and are not lost.
      if (isFirst) for (const kind of EVENT_CLASSES) holdings[kind].lost = sequenceOf(oldest) - 1
      const writes: Write[] = rows.flatMap((row) => {
        const kind = classOf(row)
        retention.added(kind, sequenceOf(row), row.value.length)
        return [
          { table: TABLE.eventOfClass, key: rowKey(kind, sequenceOf(row)), value: row.value },
          { table: TABLE.event, key: row.key, value: undefined },
        ]
      })
      store.submit([...writes, retention.row()])
      await store.flush()
      room.moved?.(rows.length)
    }
    for (const kind of EVENT_CLASSES) if (!retention.#archived.has(kind)) retention.#readAhead(kind)
    return retention
  }

  /** The newest event of the class that is no longer kept; 0 if none is lost. */
  lost(kind: EventClass): number {
    return this.#holdings[kind].lost
  }

  /** How much there is of the class. */
  held(kind: EventClass): Readonly<Holding> {
    return this.#holdings[kind]
  }

  /** Removes the oldest events of a class, given in their order; events that are already gone are left out. */
  drop(kind: EventClass, oldest: readonly EventPlace[]): readonly EventPlace[] {
    const holding = this.#holdings[kind]
    const dropped = oldest.filter(({ sequence }) => sequence > holding.lost)
    for (const { sequence, bytes } of dropped) {
      holding.rows--
      holding.bytes -= bytes
      holding.lost = sequence
    }
    this.#oldest[kind] = this.#oldest[kind].filter(({ sequence }) => sequence > holding.lost)
    this.#readTo[kind] = Math.max(this.#readTo[kind], holding.lost)
    return dropped
  }

  added(kind: EventClass, sequence: number, bytes: number): void {
    this.#holdings[kind].rows++
    this.#holdings[kind].bytes += bytes
    this.#through = Math.max(this.#through, sequence)
  }

  async #count(through: number): Promise<void> {
    this.#through = through
    for (const kind of EVENT_CLASSES) {
      const options = { from: rowKey(kind, through + 1), to: endOfClass(kind) }
      for (const row of await this.#store.sizes(TABLE.eventOfClass, options)) {
        this.added(kind, sequenceOf(row), row.bytes)
      }
    }
  }

  /** What must be deleted now; and with it, or from time to time, what is held afterwards. */
  trim(isChanged: boolean): readonly Write[] {
    const writes: Write[] = []
    for (const kind of EVENT_CLASSES) {
      if (this.#archived.has(kind)) continue
      const holding = this.#holdings[kind]
      while (this.#isOver(kind)) {
        const row = this.#oldest[kind].shift()
        if (row === undefined) break
        holding.rows--
        holding.bytes -= row.bytes
        holding.lost = Math.max(holding.lost, row.sequence)
        writes.push({ table: TABLE.eventOfClass, key: row.key, value: undefined })
      }
      this.#readAhead(kind)
    }
    if (isChanged) this.#uncounted++
    return writes.length > 0 || this.#uncounted >= COMMITS_UNCOUNTED ? [...writes, this.row()] : writes
  }

  row(): Write {
    this.#uncounted = 0
    const stored: StoredHoldings = { ...this.#holdings, through: this.#through }
    return { table: TABLE.meta, key: HOLDINGS_KEY, value: utf8Encode(JSON.stringify(stored)) }
  }

  #isOver(kind: EventClass): boolean {
    const { rows, bytes } = this.#holdings[kind]
    return rows > this.#room[kind].rows || bytes > this.#room[kind].bytes
  }

  isNearlyFull(kind: EventClass): boolean {
    const { rows, bytes } = this.#holdings[kind]
    return rows > this.#room[kind].rows * 0.9 || bytes > this.#room[kind].bytes * 0.9
  }

  #readAhead(kind: EventClass): void {
    if (this.#reading.has(kind) || !this.isNearlyFull(kind) || this.#oldest[kind].length >= READ_AHEAD / 2) return
    this.#reading.add(kind)
    void this.#read(kind).finally(() => this.#reading.delete(kind))
  }

  async #read(kind: EventClass): Promise<void> {
    const from = rowKey(kind, this.#readTo[kind] + 1)
    const rows = await this.#store.scan(TABLE.eventOfClass, { from, to: endOfClass(kind), limit: READ_AHEAD })
    for (const row of rows) {
      // It may have been dropped by its age since it was asked for.
      if (sequenceOf(row) <= this.#holdings[kind].lost) continue
      this.#oldest[kind].push({ key: row.key, sequence: sequenceOf(row), bytes: row.value.length })
      this.#readTo[kind] = sequenceOf(row)
    }
    // The commit that filled the class beyond its limit may have been the last for a long time.
    if (rows.length > 0 && this.#isOver(kind)) this.#store.submit([])
  }
}

const ofEach = <T>(make: (kind: EventClass) => T): Record<EventClass, T> =>
  Object.fromEntries(EVENT_CLASSES.map((kind) => [kind, make(kind)])) as Record<EventClass, T>
