import type { EncodedEvent } from '../node/contract-gateway.ts'
import { type HostStore, type HostWrite, keys } from './host-store.ts'
import { RowRing } from './row-ring.ts'

const LIMITS = { rows: 512, bytes: 2 << 20 }
const ERROR_CHARS = 1_024

/** The events that a plugin's handlers have failed on for good, the latest of them. */
export class ParkedEvents {
  readonly #ring: RowRing

  constructor(store: HostStore, plugin: string) {
    this.#ring = new RowRing(store, keys.parked(plugin), LIMITS)
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
}
