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

/** After so long at work. Ages are told by the clock on the wall: where somebody has set it, the wait begins anew. */
export const passGrace = (grace: Grace, passedMs: number, now: TimestampMs, graceMs: number): Grace => {
  const isSet = Math.abs(now - grace.at - passedMs) > JUMP_MS
  return { ...grace, leftMs: isSet ? graceMs : Math.max(grace.leftMs - passedMs, 0), at: now }
}
