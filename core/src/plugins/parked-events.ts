import { type EventName, evaluate } from '@fulgurite/plugin-sdk/contract'
import { z } from 'zod'
import { readJson } from '../lib/json.ts'
import type { EncodedEvent } from '../node/contract-gateway.ts'
import { type HostStore, type HostWrite, keys, listAll } from './host-store.ts'
import { RowRing } from './row-ring.ts'

/** An event that a handler has failed on for good. */
export interface ParkedEvent {
  /** When it was set aside. */
  readonly at: number
  /** The subscription whose handler failed. */
  readonly label: string
  readonly error: string
  readonly event: StoredEvent
}

const StoredEvent = z.object({
  cursor: z.string(),
  at: z.number(),
  type: z.string(),
  version: z.number(),
  payload: z.record(z.string(), z.unknown()),
})

type StoredEvent = z.output<typeof StoredEvent>

const Row = z.object({ at: z.number(), label: z.string(), error: z.string(), event: z.string() })

const ROW_DEPTH = 1
const EVENT_DEPTH = 34

const LIMITS = { rows: 512, bytes: 2 << 20 }
const ERROR_CHARS = 1_024

/** An event that is to be tried again, and the row that it stands in until it is done. */
export interface RetriedEvent extends EncodedEvent {
  readonly parkedAs: number
}

/** What replaces the row of an event that was tried again, because the rows of a ring have no gaps. */
const GONE = ''

/** The events that a plugin's handlers have failed on for good, the latest of them. */
export class ParkedEvents {
  readonly #ring: RowRing
  readonly #store: HostStore
  readonly #prefix: string
  /** Rows whose event is being tried again. */
  readonly #retried = new Set<number>()

  constructor(store: HostStore, plugin: string) {
    this.#store = store
    this.#prefix = keys.parked(plugin)
    this.#ring = new RowRing(store, this.#prefix, LIMITS)
  }

  load(): Promise<void> {
    return this.#ring.load()
  }

  get bytes(): number {
    return this.#ring.bytes
  }

  get dropped(): number {
    return this.#ring.dropped
  }

  /** The rows that set an event aside. */
  park(label: string, event: EncodedEvent, error: string, now: number): readonly HostWrite[] {
    const row = JSON.stringify({ at: now, label, error: error.slice(0, ERROR_CHARS), event: event.text })
    return this.#ring.add(row).writes
  }

  /** What is set aside, the oldest first, each with the label of its subscription. */
  async all(): Promise<readonly { readonly label: string; readonly event: RetriedEvent }[]> {
    const rows = await listAll(this.#store, this.#prefix)
    return rows.flatMap(([key, text]) => {
      const parkedAs = this.#ring.numberOf(key)
      const parked = parkedEvent(text)
      if (parkedAs === undefined || parked === undefined) return []
      const { cursor, at, type, version } = parked.event
      const event = {
        cursor,
        sequence: 0,
        name: type as EventName,
        version,
        at,
        text: JSON.stringify(parked.event),
        parkedAs,
      }
      return [{ label: parked.label, event }]
    })
  }

  /** Whether it is tried again already. */
  isRetried({ parkedAs }: RetriedEvent): boolean {
    return this.#retried.has(parkedAs)
  }

  retrying({ parkedAs }: RetriedEvent): void {
    this.#retried.add(parkedAs)
  }

  /** The writes that remove it after it was tried again: it is done, or set aside anew. */
  retried({ parkedAs }: RetriedEvent): readonly HostWrite[] {
    this.#retried.delete(parkedAs)
    return this.#ring.change(parkedAs, GONE)
  }
}

/** The events that a plugin's handlers failed on, as far as they are kept, the newest first. The plugin need not run. */
export const parkedEvents = async (store: HostStore, plugin: string): Promise<readonly ParkedEvent[]> => {
  const rows = await listAll(store, keys.parked(plugin))
  return rows.toReversed().flatMap(([, text]) => parkedEvent(text) ?? [])
}

const parkedEvent = (text: string): ParkedEvent | undefined => {
  const row = readJson(text, ROW_DEPTH)
  const parked = row.ok ? evaluate(Row, row.value) : row
  if (!parked.ok) return undefined
  const json = readJson(parked.value.event, EVENT_DEPTH)
  const event = json.ok ? evaluate(StoredEvent, json.value) : json
  return event.ok ? { ...parked.value, event: event.value } : undefined
}
