import type { Clock } from './clock.ts'
import { type Rate, TokenBucket } from './token-bucket.ts'

/**
 * Lets things through at a rate of its own and at the rates that it shares with others: if one of them does not allow it, none is charged.
 * It counts what it refused, so that the next thing that it lets through can say how many.
 */
export class Ration {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #buckets: readonly TokenBucket[]
  #refused = 0

  constructor(clock: Pick<Clock, 'monotonic'>, { perSecond, burst }: Rate, shared: readonly TokenBucket[] = []) {
    this.#clock = clock
    this.#buckets = [new TokenBucket(perSecond, burst, clock.monotonic()), ...shared]
  }

  /** How many were refused since the last one that was let through. */
  get refused(): number {
    return this.#refused
  }

  /** How many were refused since the last one that was let through; `undefined` if this one is refused. */
  take(): number | undefined {
    const now = this.#clock.monotonic()
    if (this.#buckets.some((bucket) => bucket.left(now) < 1)) {
      this.#refused += 1
      return undefined
    }
    for (const bucket of this.#buckets) bucket.take(now)
    const refused = this.#refused
    this.#refused = 0
    return refused
  }
}
