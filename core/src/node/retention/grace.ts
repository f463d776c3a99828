import type { TimestampMs } from '../../lib/units.ts'
import { isTighter, type KeptTimes } from './kept-times.ts'

/** What is remembered of the time for which the operator can still change their mind: plain data, kept over restarts. */
export interface Grace {
  /** What the operator had kept when this was written. */
  readonly kept: KeptTimes
  /** How long the node must still run before anything is removed. */
  readonly leftMs: number
  /** What the clock on the wall said. */
  readonly at: TimestampMs
}

/** What the clock on the wall may gain or lose beside the one that nobody can set. */
const JUMP_MS = 3_600_000
/** Who was away for longer finds more that is due than a sweep has ever removed. */
const AWAY_MS = 7 * 24 * 3_600_000

/**
 * At a start. So long (`graceMs`) the node runs, and tells what would go, before it removes anything that it would not have
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

/** Ages are told by the clock on the wall: where somebody has set it, or the machine slept for long, the wait begins anew. */
export const passGrace = (grace: Grace, { ranMs, upMs }: Passed, now: TimestampMs, graceMs: number): Grace => {
  const isSet = Math.abs(now - grace.at - upMs) > JUMP_MS
  const isAway = upMs > AWAY_MS
  return { ...grace, leftMs: isSet || isAway ? graceMs : Math.max(grace.leftMs - ranMs, 0), at: now }
}
