import { toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ChannelId } from '../../lib/ids.ts'
import type { ComplainedAbout } from '../channel/channel-protocol.ts'

/** An end of the connection so soon after a complaint came of it. */
const SOON_MS = 10_000

/** Which channel a connection ends at. */
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

  /** What the connection, which ends now, ends at, as far as the channel is concerned: a peer that stops complains about several. */
  about(channelId: ChannelId): ComplainedAbout {
    const since = this.#clock.monotonic() - SOON_MS
    const [first, ...more] = [...this.#about].filter(([, at]) => at >= since)
    if (first === undefined) return 'nothing'
    return more.length === 0 && first[0] === toHex(channelId) ? 'this-channel' : 'others'
  }
}
