import type { CancelTimer, Clock } from '../lib/clock.ts'

/** The timers of one behaviour, which end with it. */
export class ActorTimers {
  readonly #clock: Clock
  readonly #timers = new Set<CancelTimer>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  set(delayMs: number, fire: () => void): CancelTimer {
    const cancel = this.#clock.setTimer(delayMs, () => {
      this.#timers.delete(cancel)
      fire()
    })
    this.#timers.add(cancel)
    return () => {
      this.#timers.delete(cancel)
      cancel()
    }
  }

  cancelAll(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }
}
