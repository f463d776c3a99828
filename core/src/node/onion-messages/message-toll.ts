import type { Clock } from '../../lib/clock.ts'
import { type Rate, TokenBucket } from '../../lib/token-bucket.ts'
import { MESSAGE_LIMITS } from './message-limits.ts'

/** What onion messages of many peers together may cost us, before they are opened. Strangers cannot use up what partners have. */
export class MessageToll {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #partners: Pair
  readonly #strangers: Pair

  constructor(clock: Pick<Clock, 'monotonic'>) {
    const { partners, bytesOfPartners, strangers, bytesOfStrangers } = MESSAGE_LIMITS
    const now = clock.monotonic()
    this.#clock = clock
    this.#partners = { messages: bucket(partners, now), bytes: bucket(bytesOfPartners, now) }
    this.#strangers = { messages: bucket(strangers, now), bytes: bucket(bytesOfStrangers, now) }
  }

  /** Whether a message of this length may be opened: nothing is charged for one that is not. */
  take(isPartner: boolean, ofPeer: TokenBucket, length: number): boolean {
    const now = this.#clock.monotonic()
    const { messages, bytes } = isPartner ? this.#partners : this.#strangers
    if (messages.left(now) < 1 || bytes.left(now) < length || !ofPeer.take(now, length)) return false
    return messages.take(now) && bytes.take(now, length)
  }
}

interface Pair {
  readonly messages: TokenBucket
  readonly bytes: TokenBucket
}

const bucket = ({ perSecond, burst }: Rate, now: number): TokenBucket => new TokenBucket(perSecond, burst, now)
