/** How much is allowed in the long run, and how much at once. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** Allows `perSecond` in the long run and `burst` at once. Callers pass the time, from a clock that nobody can set. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #at: number

  /** It starts full, unless it continues from what was left of an earlier one. */
  constructor(perSecond: number, burst: number, now: number, left = burst) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = Math.min(left, burst)
    this.#at = now
  }

  /** What is there now. */
  left(now: number): number {
    this.#refill(now)
    return this.#tokens
  }

  /** Takes `count` if they are there. */
  take(now: number, count = 1): boolean {
    this.#refill(now)
    if (this.#tokens < count) return false
    this.#tokens -= count
    return true
  }

  /** Takes what was used already, even if there is less: what is missing is made up for later. */
  charge(now: number, count: number): void {
    this.#refill(now)
    this.#tokens -= count
  }

  /** Whether it is full, as good as a new one. */
  isFull(now: number): boolean {
    this.#refill(now)
    return this.#tokens >= this.#burst
  }

  /** Milliseconds until nothing is missing any more. */
  debtMs(now: number): number {
    this.#refill(now)
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / this.#perSecond) * 1_000)
  }

  #refill(now: number): void {
    if (now <= this.#at) return
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) * this.#perSecond) / 1_000)
    this.#at = now
  }
}
