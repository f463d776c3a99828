import type { Clock } from './clock.ts'

/** So many in each stretch of time: for what others can cause as often as they like. */
export class Ration {
  readonly #clock: Clock
  readonly #most: number
  readonly #windowMs: number
  #since = Number.NEGATIVE_INFINITY
  #taken = 0
  #refused = 0

  constructor(clock: Clock, most: number, windowMs: number) {
    this.#clock = clock
    this.#most = most
    this.#windowMs = windowMs
  }

  /** How many were refused since the last one that was not; `undefined` if this one is refused. */
  take(): number | undefined {
    const now = this.#clock.monotonic()
    if (now - this.#since >= this.#windowMs) {
      this.#since = now
      this.#taken = 0
    }
    if (this.#taken >= this.#most) {
      this.#refused++
      return undefined
    }
    this.#taken++
    const refused = this.#refused
    this.#refused = 0
    return refused
  }
}
