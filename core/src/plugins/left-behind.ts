import type { ContractError } from '@fulgurite/plugin-sdk/contract'
import { ok, type Result } from '../lib/result.ts'
import { type Counted, RollingCount } from './rolling-count.ts'
import { exceeded } from './usage-counts.ts'

/** How it is kept. Times are the ledger's. */
interface KeptLeftBehind {
  /** The most bytes of it that are on the disk. */
  readonly bytes: number
  readonly counted: readonly Counted[]
}

/** As earlier versions have kept it: for days that began one after the other. */
interface KeptByDay {
  readonly bytes: number
  readonly inDay: number
}

const DAY_MS = 86_400_000
const COUNTS = { longestMs: DAY_MS, summedMs: DAY_MS }

/**
 * What a plugin leaves in the node for ever without paying for it: invoices, addresses, what failed, or cost next to nothing. Bytes are on its account,
 * and its grant says how often it may in a day. It is known without the grant, too: what was under way when the node ended
 * counts until it is known what has become of it.
 */
export class LeftBehind {
  #bytes: number
  readonly #count: RollingCount

  constructor(now: number, text?: string) {
    const kept: KeptLeftBehind = text === undefined ? { bytes: 0, counted: [] } : readKept(text, now)
    this.#bytes = kept.bytes
    this.#count = new RollingCount(COUNTS, kept.counted)
  }

  get bytes(): number {
    return this.#bytes
  }

  /** How often it has left something within a day. */
  inDay(now: number): number {
    return this.#count.used(now, DAY_MS)
  }

  /** Whether it may leave something more now. Errors: `budget-exceeded`. */
  mayAdd(now: number, keepsPerDay: number): Result<true, ContractError> {
    return this.inDay(now) < keepsPerDay ? ok(true) : exceeded('keepsPerDay', keepsPerDay, DAY_MS)
  }

  /** Adds what a command may leave. The count must be stored before the command can act. */
  add(now: number, bytes: number): void {
    this.#bytes += bytes
    this.#count.add(now, DAY_MS)
  }

  /** What was added at that time is paid for, or was not left after all. */
  giveBack(now: number, bytes: number, at: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes)
    this.#count.takeBack(now, at)
  }

  encode(): string {
    return JSON.stringify({ bytes: this.#bytes, counted: this.#count.kept } satisfies KeptLeftBehind)
  }
}

const readKept = (text: string, now: number): KeptLeftBehind => {
  const kept = JSON.parse(text) as KeptLeftBehind | KeptByDay
  if (!('inDay' in kept)) return kept
  const { bytes, inDay } = kept
  return { bytes, counted: inDay === 0 ? [] : [[now, inDay]] }
}
