/** What was counted close together: how much, and the time of the latest of it. In a stored row it is a pair. */
export type Counted = readonly [latest: number, count: number]

/** A window is counted in so many parts: what was counted in one of them stays for that much longer at most. */
const PARTS = 24

export interface RollingCountOptions {
  /** How long anything is kept: no window is longer. */
  readonly longestMs: number
  /** What no window reaches at the moment is summed up by so much, where parts are shorter. */
  readonly summedMs: number
}

/**
 * Counts over a window that rolls: never more than the limit within any stretch of that length. Times do not go back, and what was
 * counted close together is one number, which counts until the latest of it is too old.
 */
export class RollingCount {
  readonly #options: RollingCountOptions
  #counted: Counted[]

  constructor(options: RollingCountOptions, kept: readonly Counted[] = []) {
    this.#options = options
    this.#counted = [...kept]
  }

  /** How much was counted within the window that ends now. */
  used(now: number, windowMs: number): number {
    let used = 0
    for (const [latest, count] of this.#counted) if (now - latest < windowMs) used += count
    return used
  }

  /** Counts one more. */
  add(now: number, windowMs: number): void {
    const last = this.#counted.at(-1)
    if (last !== undefined && now < this.endOfPart(last[0], windowMs)) {
      this.#counted[this.#counted.length - 1] = [Math.max(now, last[0]), last[1] + 1]
      return
    }
    this.#counted.push([now, 1])
    this.#sumUp(now, windowMs)
  }

  /** What was counted at that time was not after all. What may be gone already is left as it is. */
  takeBack(now: number, at: number): void {
    if (now - at >= this.#options.longestMs) return
    const place = this.#counted.findIndex(([latest]) => latest >= at)
    const [latest, count] = this.#counted[place] ?? [at, 0]
    if (count > 0) this.#counted[place] = [latest, count - 1]
  }

  /** The first moment that is counted apart from this one. */
  endOfPart(at: number, windowMs: number): number {
    const part = partOf(windowMs)
    return (Math.floor(at / part) + 1) * part
  }

  /** As it is stored. */
  get kept(): readonly Counted[] {
    return this.#counted
  }

  #sumUp(now: number, windowMs: number): void {
    const { longestMs, summedMs } = this.#options
    const summed: Counted[] = []
    for (const one of this.#counted) {
      const [latest, count] = one
      if (count === 0 || now - latest >= longestMs) continue
      const before = summed.at(-1)
      const part = now - latest < windowMs ? partOf(windowMs) : Math.max(summedMs, partOf(windowMs))
      if (before !== undefined && Math.floor(before[0] / part) === Math.floor(latest / part)) {
        summed[summed.length - 1] = [latest, before[1] + count]
      } else summed.push(one)
    }
    this.#counted = summed
  }
}

const partOf = (windowMs: number): number => Math.max(1, Math.floor(windowMs / PARTS))
