import type { TimestampMs } from './units.ts'

/** Ends a timer that has not fired; ending it twice is harmless. */
export type CancelTimer = () => void

/** Where time comes from. Nothing else in the node reads the system's clock or sets a timer. */
export interface Clock {
  now(): TimestampMs
  /** Calls `fire` once, `delayMs` from now. */
  setTimer(delayMs: number, fire: () => void): CancelTimer
}

// Node fires at once when a delay does not fit 31 bits.
const MAX_TIMER_MS = 0x7fffffff

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, fire) {
    const timer = setTimeout(fire, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS))
    return () => clearTimeout(timer)
  },
}
