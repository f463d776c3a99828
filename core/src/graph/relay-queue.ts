import { toHex } from '../lib/bytes.ts'
import type { ShortChannelId } from '../lib/ids.ts'
import type { Heard } from './announced-graph.ts'
import { directionOf } from './rules/channel-update.ts'
import { isNodeForwardable } from './rules/node-announcement.ts'

/** A message to pass on, to all peers whose filter lets its time through but the one that it came from. */
export interface Relayed {
  readonly raw: Uint8Array
  /** Seconds since the Unix epoch. */
  readonly timestamp: number
  readonly from: string
}

/**
 * BOLT 7, rebroadcasting: what is new is passed on in batches, a channel before its updates, nodes last, and of each origin only its latest
 * word. A channel without an update waits for one, and has its time.
 */
export class RelayQueue {
  readonly #channels = new Map<ShortChannelId, Relayed>()
  readonly #silent = new Map<ShortChannelId, Omit<Relayed, 'timestamp'>>()
  readonly #updates = new Map<bigint, Relayed>()
  readonly #nodes = new Map<string, Relayed>()

  /** What was added to the graph, in that order. */
  add(added: readonly Heard[], from: string): void {
    for (const { raw, message } of added) {
      switch (message.type) {
        case 'channel_announcement':
          this.#keepSilent(message.shortChannelId, { raw, from })
          break
        case 'channel_update': {
          const { shortChannelId, timestamp } = message
          const channel = this.#silent.get(shortChannelId)
          this.#silent.delete(shortChannelId)
          if (channel !== undefined) this.#channels.set(shortChannelId, { ...channel, timestamp })
          this.#updates.set(shortChannelId * 2n + BigInt(directionOf(message)), { raw, timestamp, from })
          break
        }
        case 'node_announcement':
          if (isNodeForwardable(message)) {
            this.#nodes.set(toHex(message.nodeId), { raw, timestamp: message.timestamp, from })
          }
      }
    }
  }

  /** What waits, in the order in which it is to be sent. It waits no longer. */
  flush(): readonly Relayed[] {
    const relayed = [...this.#channels.values(), ...this.#updates.values(), ...this.#nodes.values()]
    for (const each of [this.#channels, this.#updates, this.#nodes]) each.clear()
    return relayed
  }

  /** Most channels get their updates in the same breath. Those that never do must not pile up: who wants one can ask for it. */
  #keepSilent(id: ShortChannelId, channel: Omit<Relayed, 'timestamp'>): void {
    this.#silent.set(id, channel)
    const [oldest] = this.#silent.keys()
    if (this.#silent.size > MAX_SILENT && oldest !== undefined) this.#silent.delete(oldest)
  }
}

const MAX_SILENT = 10_000
