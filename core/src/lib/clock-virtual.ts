import type { Clock } from './clock.ts'
import type { TimestampMs } from './units.ts'

/** A clock that stands still until it is told to move. */
export interface VirtualClock extends Clock {
  /**
   * Moves time forward by `ms`, firing each timer that falls due at its own moment, in order of time and then of setting,
   * those set meanwhile among them. After every moment at which something fired it waits for `settle` (one turn of the
   * event loop if absent; give `system.settled` where there are actors).
   */
  advance(ms: number, settle?: () => Promise<unknown>): Promise<void>
  /** When the next timer falls due, if one is set. */
  nextTimerAt(): TimestampMs | undefined
  /** Sets the wall clock forward or back. No time passes. */
  setWall(at: TimestampMs): void
}

interface Timer {
  readonly at: number
  readonly order: number
  readonly fire: () => void
  isOver: boolean
}

const isSooner = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** The timers that are set, as a heap: simulations of many nodes set thousands. */
class Timers {
  readonly #heap: Timer[] = []

  add(timer: Timer): void {
    let at = this.#heap.push(timer) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!this.#swapIfSooner(at, above)) return
      at = above
    }
  }

  /** The earliest that is not over. */
  first(): Timer | undefined {
    while (this.#heap[0]?.isOver === true) this.take()
    return this.#heap[0]
  }

  /** Removes the earliest. */
  take(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      const sooner = right < this.#heap.length && isSooner(this.#at(right), this.#at(left)) ? right : left
      if (sooner >= this.#heap.length || !this.#swapIfSooner(sooner, at)) return
      at = sooner
    }
  }

  #at(place: number): Timer {
    return this.#heap[place] as Timer
  }

  #swapIfSooner(below: number, above: number): boolean {
    const [lower, upper] = [this.#at(below), this.#at(above)]
    if (!isSooner(lower, upper)) return false
    this.#heap[above] = lower
    this.#heap[below] = upper
    return true
  }
}

const oneTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Starts at `startAt`, 2024-01-01 00:00 UTC if absent. */
export const virtualClock = (startAt: TimestampMs = 1_704_067_200_000): VirtualClock => {
  let now = 0
  let wallAtZero: number = startAt
  let order = 0
  const timers = new Timers()

  return {
    now: () => wallAtZero + now,
    monotonic: () => now,
    setTimer(delayMs, fire) {
      const timer: Timer = { at: now + Math.max(delayMs, 0), order: order++, fire, isOver: false }
      timers.add(timer)
      return () => {
        timer.isOver = true
      }
    },
    async advance(ms, settle = oneTurn) {
      const end = now + ms
      await settle()
      for (;;) {
        const next = timers.first()
        if (next === undefined || next.at > end) break
        now = Math.max(now, next.at)
        timers.take()
        next.fire()
        await settle()
      }
      now = end
    },
    nextTimerAt() {
      const next = timers.first()
      return next && wallAtZero + next.at
    },
    setWall(at) {
      wallAtZero = at - now
    },
  }
}
