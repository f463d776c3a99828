import { toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ChannelId } from '../../lib/ids.ts'
import type { ComplainedAbout } from '../channel/channel-protocol.ts'

/** If the connection ends this soon after a complaint, the complaint is the cause. */
const SOON_MS = 10_000

/** Finds out which channel ended a connection. */
export class Complaints {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #about = new Map<string, number>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** The peer has complained about the channel, or we hang up on account of it. */
  note(channelId: ChannelId): void {
    this.#about.set(toHex(channelId), this.#clock.monotonic())
  }

  /** Whether this connection, which ends now, ends because of the channel: a peer that stops complains about several. */
  about(channelId: ChannelId): ComplainedAbout {
    const since = this.#clock.monotonic() - SOON_MS
    const [first, ...more] = [...this.#about].filter(([, at]) => at >= since)
    if (first === undefined) return 'nothing'
    return more.length === 0 && first[0] === toHex(channelId) ? 'this-channel' : 'others'
  }
}
