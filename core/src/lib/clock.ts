import type { TimestampMs } from './units.ts'

/** Ends a timer that has not fired; ending it twice is harmless. */
export type CancelTimer = () => void

/** Where time comes from. Nothing else in the node reads the system's clock or sets a timer. */
export interface Clock {
  /** What the wall clock shows: for people, for what peers are told, and for expiries that are dates. */
  now(): TimestampMs
  /**
   * Milliseconds since some moment of this process's life. It never goes back, and does not jump when the wall clock is set: every limit,
   * rate and timeout uses it.
   */
  monotonic(): number
  /** Calls `fire` once, `delayMs` from now. */
  setTimer(delayMs: number, fire: () => void): CancelTimer
}

// Node fires at once when a delay does not fit 31 bits.
const MAX_TIMER_MS = 0x7fffffff

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, fire) {
    const timer = setTimeout(fire, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS))
    return () => clearTimeout(timer)
  },
}
