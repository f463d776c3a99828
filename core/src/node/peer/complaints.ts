import { toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ChannelId } from '../../lib/ids.ts'

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

  /** Whether the connection, which ends now, does so at this channel and no other: a peer that stops complains about several. */
  areOnlyAbout(channelId: ChannelId): boolean {
    const since = this.#clock.monotonic() - SOON_MS
    const recent = [...this.#about].filter(([, at]) => at >= since)
    return recent.length === 1 && recent[0]?.[0] === toHex(channelId)
  }
}
