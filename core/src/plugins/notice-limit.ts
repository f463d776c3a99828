import { TokenBucket } from '../lib/token-bucket.ts'

const OWN = { perSecond: 1 / 60, atOnce: 20 }
const ALL = { perSecond: 1 / 10, atOnce: 100 }

/** What all plugins together may have told of them. */
export const noticesOfAll = (now: number): TokenBucket => new TokenBucket(ALL.perSecond, ALL.atOnce, now)

/**
 * How often something may be told of a plugin that the node keeps: its faults and refusals must not push what else happened
 * out of the event log. What is left out is in the plugin's own log, and is counted.
 */
export class NoticeLimit {
  readonly #own: TokenBucket
  readonly #all: TokenBucket
  #leftOut = 0

  constructor(all: TokenBucket, now: number) {
    this.#own = new TokenBucket(OWN.perSecond, OWN.atOnce, now)
    this.#all = all
  }

  /** The words to tell it in, with how many were left out since the last; `undefined` where this is one of them. */
  words(now: number, text: string): string | undefined {
    if (!this.#own.take(now) || !this.#all.take(now)) {
      this.#leftOut += 1
      return undefined
    }
    if (this.#leftOut === 0) return text
    const leftOut = this.#leftOut
    this.#leftOut = 0
    return `${text} (${leftOut} more before it are in the plugin's log alone)`
  }
}
