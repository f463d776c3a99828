import type { Clock } from '../lib/clock.ts'
import type { Supervision } from './types.ts'

type Restart = Extract<Supervision, { type: 'restart' }>

/** Counts restarts, to know how long the next one waits. */
export class Backoff {
  readonly #clock: Clock
  #streak = 0
  #lastFaultAt: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The pause after a fault that happened now. */
  next({ minBackoffMs, maxBackoffMs, resetAfterMs }: Restart): number {
    const now = this.#clock.monotonic()
    if (this.#lastFaultAt !== undefined && now - this.#lastFaultAt >= resetAfterMs) this.#streak = 0
    this.#lastFaultAt = now
    const pause = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(this.#streak, 52))
    this.#streak += 1
    return pause
  }
}
