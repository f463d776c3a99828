import type { ContractError } from '@fulgurite/plugin-sdk/contract'
import { ok, type Result } from '../lib/result.ts'
import { exceeded } from './usage-counts.ts'

/** How it is kept. Times are the ledger's. */
interface KeptLeftBehind {
  /** The most bytes of it that are on the disk. */
  readonly bytes: number
  readonly dayStart: number
  /** How many in the day that began at this time. */
  readonly inDay: number
}

const DAY_MS = 86_400_000

/**
 * What a plugin leaves in the node for ever without paying for it: invoices, addresses, what failed, or cost next to nothing. Bytes are on its account,
 * and its grant says how often it may in a day. It is known without the grant, too: what was under way when the node ended
 * counts until it is known what has become of it.
 */
export class LeftBehind {
  #kept: KeptLeftBehind

  constructor(now: number, kept?: string) {
    this.#kept = kept === undefined ? { bytes: 0, dayStart: now, inDay: 0 } : (JSON.parse(kept) as KeptLeftBehind)
  }

  get bytes(): number {
    return this.#kept.bytes
  }

  /** How often it has left something today. */
  today(now: number): number {
    return now - this.#kept.dayStart < DAY_MS ? this.#kept.inDay : 0
  }

  /** Whether it may leave something more today. Errors: `budget-exceeded`. */
  mayAdd(now: number, keepsPerDay: number): Result<true, ContractError> {
    if (now - this.#kept.dayStart >= DAY_MS) this.#kept = { ...this.#kept, dayStart: now, inDay: 0 }
    return this.#kept.inDay < keepsPerDay ? ok(true) : exceeded('keepsPerDay', keepsPerDay, DAY_MS)
  }

  /** Adds what a command may leave. The count must be stored before the command can act. */
  add(bytes: number): void {
    this.#change(bytes, 1)
  }

  /** What was added at that time is paid for, or was not left after all. If it was another day, today's count stays. */
  giveBack(bytes: number, at: number): void {
    this.#change(-bytes, at >= this.#kept.dayStart ? -1 : 0)
  }

  encode(): string {
    return JSON.stringify(this.#kept)
  }

  #change(bytes: number, times: number): void {
    const { bytes: before, dayStart, inDay } = this.#kept
    this.#kept = { bytes: Math.max(0, before + bytes), dayStart, inDay: Math.max(0, inDay + times) }
  }
}
