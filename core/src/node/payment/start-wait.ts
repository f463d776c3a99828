import { isFunded } from '../../channel/index.ts'
import type { ChannelDirectory, ChannelEntry } from '../channel/channel-directory.ts'
import { isUsable } from '../channel/channel-standing.ts'

/** How long what was found at the start waits for its peers, from when the node begins to connect to them. */
export const CONNECTING_MS = 20_000

/** The time after a start in which peers come, and the chain comes into sight: what is not possible yet may be soon. */
export class StartWait {
  readonly #channels: Pick<ChannelDirectory, 'all' | 'follow'>
  #isOn = true
  #waiting: (() => void)[] = []

  constructor(channels: Pick<ChannelDirectory, 'all' | 'follow'>) {
    this.#channels = channels
    // A channel tells of each change of its own.
    const usable = new Set<ChannelEntry['ref']>()
    channels.follow((channel, now) => {
      if (now === undefined || !isUsable(now)) usable.delete(channel)
      else if (!usable.has(channel)) {
        usable.add(channel)
        this.wake()
      }
    })
  }

  get isOn(): boolean {
    return this.#isOn
  }

  /** Whether a channel of ours may become usable yet because of the start. */
  isPeerMissing(): boolean {
    if (!this.#isOn) return false
    for (const entry of this.#channels.all()) if (isExpected(entry)) return true
    return false
  }

  /** Resolves when it is worth another look. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  /** Whoever has not come by now does not come because of the start. */
  end(): void {
    this.#isOn = false
    this.wake()
  }
}

const isExpected = (entry: ChannelEntry): boolean => {
  const { durable } = entry.state
  return isFunded(durable) && durable.phase === 'normal' && !entry.quarantined && !isUsable(entry)
}
