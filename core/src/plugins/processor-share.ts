import type { CancelTimer, Clock } from '../lib/clock.ts'
import { beginWork } from '../lib/thread-time.ts'
import { TokenBucket } from '../lib/token-bucket.ts'

export interface ProcessorShareOptions {
  readonly clock: Clock
  /** How a stretch of this thread's work is measured; a test may set it. */
  readonly beginWork?: () => () => number
  /** Of one processor, in the long run. */
  readonly cpuShare: number
  /** What all plugins together may use. */
  readonly total: TokenBucket
  readonly warned: (code: string, text: string) => void
  /** The wait is over. */
  readonly resume: () => void
}

/** How far a plugin may have overdrawn its share and still be asked a question. */
const BURST_MS = 2_000
const CORE_PRICE = 4
const WARN_EVERY_MS = 60_000

/** How much processor time one run of a plugin has used, and whether it has to wait. */
export class ProcessorShare {
  readonly #options: ProcessorShareOptions
  readonly #own: TokenBucket
  #cancelWait: CancelTimer | undefined
  #warnedAt = Number.NEGATIVE_INFINITY

  constructor(options: ProcessorShareOptions) {
    this.#options = options
    this.#own = new TokenBucket(options.cpuShare * 1_000, BURST_MS, options.clock.monotonic())
  }

  /** The core's thread costs more than the plugin's: time that it spends on a plugin is charged several times over. */
  charge(coreMs: number, cellMs = 0): void {
    const now = this.#options.clock.monotonic()
    const used = cellMs + CORE_PRICE * coreMs
    this.#own.charge(now, used)
    this.#options.total.charge(now, used)
  }

  /** Does work of the core's thread, and charges what it took. */
  charged<T>(work: () => T): T {
    const { beginWork: begin = beginWork } = this.#options
    const worked = begin()
    try {
      return work()
    } finally {
      this.charge(worked())
    }
  }

  /** Whether the plugin has to wait now; it is resumed later. Urgent work, which has a deadline, is done on credit, within limits. */
  mustWait(urgent: boolean): boolean {
    const { clock, total, resume } = this.#options
    const now = clock.monotonic()
    const ownDebtMs = this.#own.debtMs(now)
    const debtMs = Math.max(ownDebtMs, total.debtMs(now))
    if (debtMs <= 0 || (urgent && debtMs <= BURST_MS)) return false
    this.#warn(now, ownDebtMs > 0)
    this.#cancelWait ??= clock.setTimer(debtMs, () => {
      this.#cancelWait = undefined
      resume()
    })
    return true
  }

  stop(): void {
    this.#cancelWait?.()
  }

  #warn(now: number, own: boolean): void {
    if (now - this.#warnedAt < WARN_EVERY_MS) return
    this.#warnedAt = now
    const { cpuShare, warned } = this.#options
    if (own) warned('cpu-share', `its share of a processor, ${cpuShare}, is used up: it has to wait`)
    else warned('total-cpu-share', 'the share of all plugins together is used up: it has to wait')
  }
}
