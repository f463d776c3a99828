import type { CancelTimer, Clock } from '../lib/clock.ts'

export interface EventPaceOptions {
  readonly clock: Clock
  /** This many events are worth a turn at once. */
  readonly batch: number
  /** The wait is over. */
  readonly resume: () => void
}

/** Events that follow others sooner than this are gathered. */
const GATHER_MS = 100

/**
 * When events alone are worth a turn. A turn costs the node and the cell much the same whether it brings one event or fifty:
 * the first after a rest is handed over at once, those close behind it go together.
 */
export class EventPace {
  readonly #options: EventPaceOptions
  #given = Number.NEGATIVE_INFINITY
  #cancelWait: CancelTimer | undefined

  constructor(options: EventPaceOptions) {
    this.#options = options
  }

  /** Whether so many events have to wait for more; the owner is told when not any longer. */
  mustWait(events: number): boolean {
    const { clock, batch, resume } = this.#options
    if (events === 0 || events >= batch) return false
    const left = this.#given + GATHER_MS - clock.monotonic()
    if (left <= 0) return false
    this.#cancelWait ??= clock.setTimer(left, () => {
      this.#cancelWait = undefined
      resume()
    })
    return true
  }

  /** A turn begins with so many of those that there are. Where it took as many as it may, the others do not wait for more. */
  given(taken: number, events: number): void {
    if (taken === events) this.#given = this.#options.clock.monotonic()
    else this.#given = Number.NEGATIVE_INFINITY
  }

  stop(): void {
    this.#cancelWait?.()
  }
}
