import type { Cursor, EventClass, EventName } from '@fulgurite/plugin-sdk/contract'
import { err, ok, type Result } from '../../lib/result.ts'
import type { EncodedEvent, Refusal } from '../contract-gateway.ts'
import { cursorOf, placeOf } from './event-cursor.ts'
import type { EventReader } from './event-reader.ts'
import { classesOf, EVENT_CLASSES, mayBeOf, sequenceOf } from './event-row.ts'

/** What is asked of the past. Times are the wall clock's: what it said when each event was stored. */
export interface Past {
  /** Only events of these names; all if absent. */
  readonly names?: readonly EventName[] | undefined
  /** Only events before this place. */
  readonly before?: Cursor | undefined
  /** Only events of this time or later, in milliseconds. */
  readonly since?: number | undefined
  /** Only events before this time, in milliseconds. */
  readonly until?: number | undefined
  readonly limit: number
}

export interface PastEvents {
  readonly events: readonly EncodedEvent[]
  /** The place to ask before next; not there when nothing is left. */
  readonly next?: Cursor
}

/**
 * The most rows read for one query: if a name is neither common nor rare, the page may be returned before it is full, so that the query
 * does not take long.
 */
const MOST_ROWS = 5_000
/**
 * The least number of rows in one read from the disk: a search for a few events of a rare name must not read each row in between by itself.
 */
const LEAST_ROWS = 100

/** Reads the event log backwards, and finds places in it by time. */
export class EventHistory {
  readonly #reader: EventReader

  constructor(reader: EventReader) {
    this.#reader = reader
  }

  /** The newest first, of what is still kept. Errors: `cursor-invalid`. */
  async read({ names, before, since, until, limit }: Past): Promise<Result<PastEvents, Refusal<'cursor-invalid'>>> {
    const place = before === undefined ? Number.MAX_SAFE_INTEGER : placeOf(before)?.after
    if (place === undefined) return err({ code: 'cursor-invalid', message: 'this node never gave out that cursor' })
    const classes = names === undefined ? EVENT_CLASSES : classesOf(names)
    const first = since === undefined ? 0 : await this.firstAt(since)
    let end = until === undefined ? place : Math.min(place, await this.firstAt(until))
    const events: EncodedEvent[] = []
    const mayBe = mayBeOf(names)
    // The rarer the names, the more rows are read at once.
    for (let looked = 0, atOnce = Math.max(limit, LEAST_ROWS); looked < MOST_ROWS; atOnce *= 2) {
      const wanted = Math.min(atOnce, MOST_ROWS - looked)
      const { rows, through } = await this.#reader.before(end, first, { classes, names, limit: wanted })
      looked += Math.max(rows.length, 1)
      for (const row of rows) {
        end = sequenceOf(row)
        if (!mayBe(row)) continue
        const event = this.#reader.read(row)
        if (event !== undefined && isWanted(event, names, since, until)) events.push(event)
        if (events.length === limit) return ok({ events, next: cursorOf(end) })
      }
      if (through === Number.NEGATIVE_INFINITY) return ok({ events })
      end = through
    }
    return ok({ events, next: cursorOf(end) })
  }

  /** An event of a page does not say what events of its name say: it is reported like one that cannot be read at all. */
  passOver({ sequence }: EncodedEvent): void {
    this.#reader.passOver(sequence)
  }

  /** What the wall clock said at the newest event. */
  async newestAt(): Promise<number> {
    const newest = await Promise.all(EVENT_CLASSES.map((kind) => this.#reader.firstReadable(kind, ALL, 'last')))
    const last = newest.reduce((a, b) => ((b?.sequence ?? 0) > (a?.sequence ?? 0) ? b : a), undefined)
    return last?.at ?? 0
  }

  /** What the wall clock said at the oldest event of a class. */
  async oldestOfClass(kind: EventClass): Promise<number | undefined> {
    return (await this.#reader.firstReadable(kind, ALL))?.at
  }

  /** The sequence number of the first event of that time or later; past every event if there is none. */
  async firstAt(at: number): Promise<number> {
    const places = await Promise.all(EVENT_CLASSES.map((kind) => this.firstOfClass(kind, at)))
    return Math.min(...places)
  }

  /**
   * The same for one class. Sequence numbers and times grow together, so a binary search finds the place in a few steps, however long the
   * log is.
   */
  async firstOfClass(kind: EventClass, at: number): Promise<number> {
    const newest = await this.#reader.firstReadable(kind, ALL, 'last')
    if (newest === undefined || newest.at < at) return Number.MAX_SAFE_INTEGER
    let low = 0
    let found = newest.sequence
    let high = found
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const event = await this.#reader.firstReadable(kind, { from: middle, to: high })
      if (event !== undefined && event.at < at) {
        low = event.sequence + 1
        continue
      }
      if (event !== undefined) found = event.sequence
      high = middle
    }
    return found
  }
}

const ALL = { from: 0, to: Number.POSITIVE_INFINITY }

// The wall clock may have been set meanwhile: the result is exact, wherever the search ended.
const isWanted = (
  { name, at }: EncodedEvent,
  names: readonly EventName[] | undefined,
  since = 0,
  until = Number.POSITIVE_INFINITY,
): boolean => (names === undefined || names.includes(name)) && at >= since && at < until
