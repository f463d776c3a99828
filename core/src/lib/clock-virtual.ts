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
}

const oneTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Starts at `startAt`, 2024-01-01 00:00 UTC if absent. */
export const virtualClock = (startAt: TimestampMs = 1_704_067_200_000): VirtualClock => {
  let now = 0
  let wallAtZero: number = startAt
  let order = 0
  const timers = new Set<Timer>()

  const earliest = (): Timer | undefined => {
    let first: Timer | undefined
    for (const timer of timers) {
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer
    }
    return first
  }

  return {
    now: () => wallAtZero + now,
    monotonic: () => now,
    setTimer(delayMs, fire) {
      const timer: Timer = { at: now + Math.max(delayMs, 0), order: order++, fire }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    async advance(ms, settle = oneTurn) {
      const end = now + ms
      await settle()
      for (;;) {
        const next = earliest()
        if (next === undefined || next.at > end) break
        now = Math.max(now, next.at)
        timers.delete(next)
        next.fire()
        await settle()
      }
      now = end
    },
    nextTimerAt() {
      const next = earliest()
      return next && wallAtZero + next.at
    },
    setWall(at) {
      wallAtZero = at - now
    },
  }
}
