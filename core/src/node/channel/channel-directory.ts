import type { ActorRef } from '../../actor/types.ts'
import type { ChannelState } from '../../channel/state/channel-state.ts'
import { toHex } from '../../lib/bytes.ts'
import type { ChannelId, NodeId, ShortChannelId } from '../../lib/ids.ts'
import type { ChannelProtocol } from './channel-protocol.ts'

/** A channel as the rest of the node finds it. */
export interface ChannelEntry {
  readonly ref: ActorRef<ChannelProtocol>
  readonly remoteNodeId: NodeId
  /** The newest state, which may be ahead of the disk: for decisions inside the node, never for the world outside. */
  readonly state: ChannelState
  /** What the disk holds, and so what may be told. */
  readonly durableState: ChannelState
  /** The actor threw: the channel takes no more part in the protocol, but its money is still watched over. */
  readonly quarantined: boolean
}

/** Finds channels by id, by temporary id and by every short id. Each channel's actor keeps its own entry. */
export class ChannelDirectory {
  readonly #byId = new Map<string, ChannelEntry>()
  readonly #byShortId = new Map<bigint, string>()

  get(channelId: ChannelId): ChannelEntry | undefined {
    return this.#byId.get(toHex(channelId))
  }

  /** By the real short channel id or any alias that we gave out. */
  byShortChannelId(shortChannelId: ShortChannelId): ChannelEntry | undefined {
    const id = this.#byShortId.get(shortChannelId as bigint)
    return id === undefined ? undefined : this.#byId.get(id)
  }

  hasShortChannelId(shortChannelId: ShortChannelId): boolean {
    return this.#byShortId.has(shortChannelId as bigint)
  }

  /** Every channel once, in the order in which they came. */
  *all(): Iterable<ChannelEntry> {
    const seen = new Set<ChannelEntry>()
    for (const entry of this.#byId.values()) {
      if (seen.has(entry)) continue
      seen.add(entry)
      yield entry
    }
  }

  *ofPeer(nodeId: NodeId): Iterable<ChannelEntry> {
    const peer = toHex(nodeId)
    for (const entry of this.all()) if (toHex(entry.remoteNodeId) === peer) yield entry
  }

  put(channelIds: readonly ChannelId[], shortIds: readonly ShortChannelId[], entry: ChannelEntry): void {
    for (const channelId of channelIds) this.#byId.set(toHex(channelId), entry)
    for (const shortId of shortIds) this.#byShortId.set(shortId as bigint, toHex(channelIds[0] as ChannelId))
  }

  remove(channelIds: readonly ChannelId[], shortIds: readonly ShortChannelId[]): void {
    for (const channelId of channelIds) this.#byId.delete(toHex(channelId))
    for (const shortId of shortIds) this.#byShortId.delete(shortId as bigint)
  }
}
