import type { Clock } from '../lib/clock.ts'
import { Ration } from '../lib/ration.ts'
import { TokenBucket } from '../lib/token-bucket.ts'

const OWN = { perSecond: 1 / 60, burst: 20 }
const ALL = { perSecond: 1 / 10, burst: 100 }

/** How many notices all plugins together may cause. */
export const noticesOfAll = (clock: Clock): TokenBucket => new TokenBucket(ALL.perSecond, ALL.burst, clock.monotonic())

/**
 * How often the node stores a notice about a plugin: a plugin's faults and refusals must not push other events out of the event log.
 * Notices that are left out are in the plugin's own log, and are counted.
 */
export class NoticeLimit {
  readonly #ration: Ration

  constructor(all: TokenBucket, clock: Clock) {
    this.#ration = new Ration(clock, OWN, [all])
  }

  /** The text of a notice, with the number left out since the last one; `undefined` if this one is to be left out. */
  words(text: string): string | undefined {
    const leftOut = this.#ration.take()
    if (leftOut === undefined || leftOut === 0) return leftOut === 0 ? text : undefined
    return `${text} (${leftOut} more before it are in the plugin's log alone)`
  }
}
