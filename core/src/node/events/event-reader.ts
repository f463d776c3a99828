import type { EventClass } from '@fulgurite/plugin-sdk/contract'
import { tellOnce } from '../../lib/tell-once.ts'
import type { Row, Store } from '../../store/store.ts'
import type { EncodedEvent } from '../contract-gateway.ts'
import { TABLE } from '../storage/tables.ts'
import type { EventNames, Stretch } from './event-names.ts'
import { EVENT_CLASSES, endOfClass, readEventRow, rowKey, sequenceOf } from './event-row.ts'

/** Rows of several classes in one order. */
export interface StretchOfRows {
  readonly rows: readonly Row[]
  /** All rows from the start up to and including this sequence number are present. Infinite if nothing is left. */
  readonly through: number
}

/** The names to look for: skipped rows are known to have other names, returned rows may have them. */
interface Looked {
  readonly classes?: readonly EventClass[]
  readonly names?: readonly string[] | undefined
  readonly limit: number
}

/** Reads rows of the event log in the order of their numbers, whatever their class. */
export class EventReader {
  readonly #store: Store
  readonly #names: EventNames
  readonly #onUnreadable: (sequence: number) => void

  constructor(store: Store, names: EventNames, onUnreadable: (sequence: number) => void = () => {}) {
    this.#store = store
    this.#names = names
    // Each is told of once, in a life of the node.
    this.#onUnreadable = tellOnce(onUnreadable)
  }

  /** The content of the row; a row that cannot be read is skipped and reported. */
  read(row: Row): EncodedEvent | undefined {
    const event = readEventRow(row)
    if (event === undefined) this.passOver(sequenceOf(row))
    return event
  }

  /** Whoever reads what an event says finds that it cannot be read. */
  passOver(sequence: number): void {
    this.#onUnreadable(sequence)
  }

  /** The first row of a stretch of a class that can be read, or the last. */
  async firstReadable(
    kind: EventClass,
    { from, to }: Stretch,
    end: 'first' | 'last' = 'first',
  ): Promise<EncodedEvent | undefined> {
    let rest = { from, to }
    for (let limit = 1; ; limit = PAGE) {
      const rows = await this.scan(kind, rest, limit, end === 'last')
      for (const row of rows) {
        const event = this.read(row)
        if (event !== undefined) return event
      }
      if (rows.length < limit) return undefined
      rest = end === 'first' ? { from: lastOf(rows) + 1, to } : { from, to: lastOf(rows) }
    }
  }

  /** The next rows from a sequence number on. Rows that become durable during the reading may be missing. */
  async from(from: number, { classes = EVENT_CLASSES, names, limit }: Looked): Promise<StretchOfRows> {
    const pages = await Promise.all(
      classes.map(async (kind) => {
        const stretch = this.#names.next(kind, names, from)
        if (stretch === undefined) return NOTHING
        const beyond = this.#names.next(kind, names, stretch.to)
        const rows = await this.scan(kind, stretch, limit, false)
        const read = beyond === undefined ? Number.POSITIVE_INFINITY : beyond.from - 1
        return { rows, through: rows.length === limit ? lastOf(rows) : read }
      }),
    )
    const through = Math.min(...pages.map((page) => page.through))
    const rows = pages.flatMap((page) => page.rows).filter((row) => sequenceOf(row) <= through)
    rows.sort((a, b) => sequenceOf(a) - sequenceOf(b))
    if (rows.length <= limit) return { rows, through }
    const first = rows.slice(0, limit)
    return { rows: first, through: lastOf(first) }
  }

  /** The rows before a sequence number and not before `first`, the newest first. */
  async before(to: number, first: number, { classes = EVENT_CLASSES, names, limit }: Looked): Promise<StretchOfRows> {
    const pages = await Promise.all(
      classes.map(async (kind) => {
        const stretch = this.#names.previous(kind, names, to)
        if (stretch === undefined || stretch.to <= first) return NOTHING_BEFORE
        const beyond = this.#names.previous(kind, names, stretch.from)
        const rows = await this.scan(kind, { from: Math.max(stretch.from, first), to: stretch.to }, limit, true)
        const read = beyond === undefined || beyond.to <= first ? Number.NEGATIVE_INFINITY : beyond.to
        return { rows, through: rows.length === limit ? lastOf(rows) : read }
      }),
    )
    const through = Math.max(...pages.map((page) => page.through))
    const rows = pages.flatMap((page) => page.rows).filter((row) => sequenceOf(row) >= through)
    rows.sort((a, b) => sequenceOf(b) - sequenceOf(a))
    if (rows.length <= limit) return { rows, through }
    const last = rows.slice(0, limit)
    return { rows: last, through: lastOf(last) }
  }

  /** Rows of one class. */
  async scan(kind: EventClass, { from, to }: Stretch, limit: number, reverse: boolean): Promise<readonly Row[]> {
    if (from >= Number.MAX_SAFE_INTEGER || to <= from) return []
    const end = to >= Number.MAX_SAFE_INTEGER ? endOfClass(kind) : rowKey(kind, to)
    return this.#store.scan(TABLE.eventOfClass, { from: rowKey(kind, from), to: end, limit, reverse })
  }
}

/** Of rows that cannot be read there are few. */
const PAGE = 64
const NOTHING: StretchOfRows = { rows: [], through: Number.POSITIVE_INFINITY }
const NOTHING_BEFORE: StretchOfRows = { rows: [], through: Number.NEGATIVE_INFINITY }

const lastOf = (rows: readonly Row[]): number => sequenceOf(rows.at(-1) as Row)
