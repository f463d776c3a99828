import type { EventClass, EventName } from '@fulgurite/plugin-sdk/contract'
import { concat, utf8Decode, utf8Encode } from '../../lib/bytes.ts'
import type { Row, Store, Write } from '../../store/store.ts'
import { TABLE } from '../storage/tables.ts'
import { EVENT_CLASSES, endOfClass, nameOfRow, rowKey, sequenceOf } from './event-row.ts'

/** Sequence numbers of a class between which an event may be: `from` inclusive, `to` exclusive. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** One row summarises this many events of a class: a name that is not in it needs no read of any of them. */
const SEGMENT = 256
const PREFIX = utf8Encode('event-names/')
/** For events that an earlier version did not summarise: they may have any name. */
const ANY = undefined

type Names = ReadonlySet<string> | typeof ANY

/** A class: full segments, each beginning where the one before it ended, and the one that is being filled. */
interface Summary {
  readonly ends: number[]
  readonly names: Names[]
  filling: Set<string>
  filled: number
}

/**
 * Knows which names occur where in the event log: some twenty bytes of memory and one small row for 256 events, written with the last of
 * them. So a rare name is found in a long log without reading what lies between.
 */
export class EventNames {
  readonly #classes: Record<EventClass, Summary>
  // Most segments hold the same names.
  readonly #known = new Map<string, ReadonlySet<string>>()

  private constructor() {
    this.#classes = Object.fromEntries(
      EVENT_CLASSES.map((kind) => [kind, { ends: [], names: [], filling: new Set(), filled: 0 }]),
    ) as unknown as Record<EventClass, Summary>
  }

  static async open(store: Store): Promise<EventNames> {
    const names = new EventNames()
    for (const kind of EVENT_CLASSES) {
      const from = segmentKey(kind, 0)
      for (const { key, value } of await store.scan(TABLE.meta, { from, to: concat(PREFIX, endOfClass(kind)) }))
        names.#append(kind, sequenceOf({ key }), utf8Decode(value))
      await names.#catchUp(store, kind)
    }
    return names
  }

  /** Events after the last full segment; if there are more than a segment holds, an earlier version wrote them. */
  async #catchUp(store: Store, kind: EventClass): Promise<void> {
    const summary = this.#classes[kind]
    const [from, to] = [rowKey(kind, (summary.ends.at(-1) ?? 0) + 1), endOfClass(kind)]
    const rows: readonly Row[] = await store.scan(TABLE.eventOfClass, { from, to, limit: SEGMENT })
    if (rows.length < SEGMENT) {
      for (const row of rows) fill(summary, nameOfRow(row))
      return
    }
    const [newest] = await store.scan(TABLE.eventOfClass, { from, to, limit: 1, reverse: true })
    const end = sequenceOf(newest as Row)
    this.#append(kind, end, '')
    store.submit([{ table: TABLE.meta, key: segmentKey(kind, end), value: new Uint8Array() }])
  }

  /** An event is in the commit that is being put together. Returns the row to write with it, if any. */
  added(kind: EventClass, sequence: number, name: EventName): readonly Write[] {
    const summary = this.#classes[kind]
    fill(summary, name)
    if (summary.filled < SEGMENT) return []
    const held = [...summary.filling].sort().join()
    this.#append(kind, sequence, held)
    summary.filling = new Set()
    summary.filled = 0
    return [{ table: TABLE.meta, key: segmentKey(kind, sequence), value: utf8Encode(held) }]
  }

  /** Forgets the names of events that are no longer kept. */
  forget(kind: EventClass, lost: number): readonly Write[] {
    const { ends, names } = this.#classes[kind]
    const kept = ends.findIndex((end) => end > lost)
    const count = kept === -1 ? ends.length : kept
    if (count === 0) return []
    names.splice(0, count)
    return ends.splice(0, count).map((end) => ({ table: TABLE.meta, key: segmentKey(kind, end), value: undefined }))
  }

  /** The first stretch at `from` or later that may hold one of these; of any name where none is said. */
  next(kind: EventClass, names: readonly string[] | undefined, from: number): Stretch | undefined {
    if (from === Number.POSITIVE_INFINITY) return undefined
    if (names === undefined) return { from, to: Number.POSITIVE_INFINITY }
    const { ends } = this.#classes[kind]
    const mayHold = this.#mayHold(kind, names)
    let at = firstFrom(ends, from)
    while (at <= ends.length && !mayHold(at)) at += 1
    if (at > ends.length) return undefined
    const begin = Math.max(from, startOf(ends, at))
    while (at <= ends.length && mayHold(at)) at += 1
    return { from: begin, to: at > ends.length ? Number.POSITIVE_INFINITY : startOf(ends, at) }
  }

  /** The last stretch before `to` that may hold one of these. */
  previous(kind: EventClass, names: readonly string[] | undefined, to: number): Stretch | undefined {
    if (to <= 0) return undefined
    if (names === undefined) return { from: 0, to }
    const { ends } = this.#classes[kind]
    const mayHold = this.#mayHold(kind, names)
    let at = firstFrom(ends, to - 1)
    while (at >= 0 && !mayHold(at)) at -= 1
    if (at < 0) return undefined
    const end = Math.min(to, at === ends.length ? to : startOf(ends, at + 1))
    while (at >= 0 && mayHold(at)) at -= 1
    return { from: at < 0 ? 0 : startOf(ends, at + 1), to: end }
  }

  /**
   * Returns a function that tells whether the segment at a place may hold one of the names; the place after the full ones is the segment
   * being filled.
   */
  #mayHold(kind: EventClass, wanted: readonly string[]): (at: number) => boolean {
    const { names, filling } = this.#classes[kind]
    return (at) => {
      const held: Names = at < names.length ? names[at] : filling
      return held === ANY || wanted.some((name) => held.has(name))
    }
  }

  #append(kind: EventClass, end: number, held: string): void {
    const { ends, names } = this.#classes[kind]
    ends.push(end)
    names.push(held === '' ? ANY : this.#shared(held))
  }

  #shared(held: string): ReadonlySet<string> {
    const known = this.#known.get(held) ?? new Set(held.split(','))
    this.#known.set(held, known)
    return known
  }
}

const fill = (summary: Summary, name: string | undefined): void => {
  if (name !== undefined) summary.filling.add(name)
  summary.filled += 1
}

const segmentKey = (kind: EventClass, end: number): Uint8Array => concat(PREFIX, rowKey(kind, end))

const startOf = (ends: readonly number[], at: number): number => (at === 0 ? 0 : (ends[at - 1] as number) + 1)

/** The place of the segment in which a sequence number lies: past the full ones where it is none of theirs. */
const firstFrom = (ends: readonly number[], sequence: number): number => {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle] as number) < sequence) low = middle + 1
    else high = middle
  }
  return low
}
