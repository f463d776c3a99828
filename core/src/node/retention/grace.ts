import type { TimestampMs } from '../../lib/units.ts'
import { isTighter, type KeptTimes } from './kept-times.ts'

/** What is remembered about the time in which the operator can still change their mind: plain data, kept over restarts. */
export interface Grace {
  /** What the operator had kept when this was written. */
  readonly kept: KeptTimes
  /** How long the node must still run before anything is removed. */
  readonly leftMs: number
  /** What the clock on the wall said. */
  readonly at: TimestampMs
}

/** How far the wall clock may differ from the monotonic clock. */
const JUMP_MS = 3_600_000
/** A node that was away for longer finds more rows due than a sweep has ever removed. */
const AWAY_MS = 7 * 24 * 3_600_000

/**
 * After a start the node runs this long (`graceMs`), and reports what would be removed, before it removes anything that it would not have
 * removed before.
 */
export const beginGrace = (stored: Grace | undefined, kept: KeptTimes, now: TimestampMs, graceMs: number): Grace => {
  const isNew = stored === undefined || isTighter(stored.kept, kept)
  const isAway = stored !== undefined && (now - stored.at > AWAY_MS || now < stored.at - JUMP_MS)
  return { kept, leftMs: isNew || isAway ? graceMs : Math.min(stored.leftMs, graceMs), at: now }
}

/** How long it is since the grace was last looked at, by clocks that nobody can set. */
export interface Passed {
  /** For which the node ran. */
  readonly ranMs: number
  /** The same, and what the machine has slept. */
  readonly upMs: number
}

/** Ages are told by the wall clock: if somebody has set it, or the machine slept for long, the wait begins anew. */
export const passGrace = (grace: Grace, { ranMs, upMs }: Passed, now: TimestampMs, graceMs: number): Grace => {
  const isSet = Math.abs(now - grace.at - upMs) > JUMP_MS
  const isAway = upMs > AWAY_MS
  return { ...grace, leftMs: isSet || isAway ? graceMs : Math.max(grace.leftMs - ranMs, 0), at: now }
}
