import type { Clock } from '../lib/clock.ts'
import { Ration } from '../lib/ration.ts'
import { TokenBucket } from '../lib/token-bucket.ts'

const OWN = { perSecond: 1 / 60, burst: 20 }
const ALL = { perSecond: 1 / 10, burst: 100 }

/** What all plugins together may have told of them. */
export const noticesOfAll = (clock: Clock): TokenBucket => new TokenBucket(ALL.perSecond, ALL.burst, clock.monotonic())

/**
 * How often something may be told of a plugin that the node keeps: its faults and refusals must not push what else happened
 * out of the event log. What is left out is in the plugin's own log, and is counted.
 */
export class NoticeLimit {
  readonly #ration: Ration

  constructor(all: TokenBucket, clock: Clock) {
    this.#ration = new Ration(clock, OWN, [all])
  }

  /** The words to tell it in, with how many were left out since the last; `undefined` where this is one of them. */
  words(text: string): string | undefined {
    const leftOut = this.#ration.take()
    if (leftOut === undefined || leftOut === 0) return leftOut === 0 ? text : undefined
    return `${text} (${leftOut} more before it are in the plugin's log alone)`
  }
}
