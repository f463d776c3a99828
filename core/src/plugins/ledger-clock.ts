import type { Clock } from '../lib/clock.ts'

/**
 * Time for budgets: milliseconds in which the host was at work, over all lives of the node. It goes on where what was kept
 * says that it stood. Nobody can set it, and while the node is down it stands still: neither a jump of the clock on the wall
 * nor a long stop renews a budget.
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
