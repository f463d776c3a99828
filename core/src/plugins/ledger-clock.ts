import type { Clock } from '../lib/clock.ts'

/**
 * Time for budgets: milliseconds in which the host was at work, over all lives of the node. A new life continues from the time that
 * was stored. Nobody can set this clock, and it stands still while the node is down: neither a jump of the wall clock nor a long stop
 * renews a budget.
 */
export class LedgerClock {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #base: number

  constructor(clock: Pick<Clock, 'monotonic'>, kept: number) {
    this.#clock = clock
    this.#base = kept - clock.monotonic()
  }

  now(): number {
    return Math.floor(this.#base + this.#clock.monotonic())
  }
}
