import type { ActorRef } from '../../actor/types.ts'
import type { ChannelState } from '../../channel/state/channel-state.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import type { ChannelId, NodeId, ShortChannelId } from '../../lib/ids.ts'
import type { ChannelIds } from './channel-ids.ts'
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
  /** A transaction that spends the funding waits for a block: the chain is about to decide. */
  readonly spentInMempool: boolean
}

/**
 * Finds channels by id and by every short id, and by temporary id among those of one peer: that one is the peer's to choose,
 * and may be another channel's id. Each channel's actor keeps its own entry; a name that is taken stays with its channel.
 */
export class ChannelDirectory {
  readonly #namesOf = new Map<ChannelEntry, Set<string>>()
  readonly #byName = new Map<string, ChannelEntry>()
  readonly #byPeer = new Map<string, Set<ChannelEntry>>()

  get(channelId: ChannelId): ChannelEntry | undefined {
    return this.#byName.get(toHex(channelId))
  }

  /** A channel with this very peer, by its id or its temporary one: another peer's ids are not for it to use. */
  getOfPeer(nodeId: NodeId, channelId: ChannelId): ChannelEntry | undefined {
    const channel = this.get(channelId)
    return channel !== undefined && equalBytes(channel.remoteNodeId, nodeId)
      ? channel
      : this.#byName.get(temporaryName(nodeId, channelId))
  }

  /** By the real short channel id or any alias that we gave out. */
  byShortChannelId(shortChannelId: ShortChannelId): ChannelEntry | undefined {
    return this.#byName.get(shortName(shortChannelId))
  }

  hasShortChannelId(shortChannelId: ShortChannelId): boolean {
    return this.#byName.has(shortName(shortChannelId))
  }

  /** Every channel once, in the order in which they came. */
  all(): Iterable<ChannelEntry> {
    return this.#namesOf.keys()
  }

  ofPeer(nodeId: NodeId): Iterable<ChannelEntry> {
    return this.#byPeer.get(toHex(nodeId)) ?? []
  }

  put({ channelId, temporaryChannelId, shortIds }: ChannelIds, entry: ChannelEntry): void {
    if (channelId !== undefined) this.#name(toHex(channelId), entry)
    if (temporaryChannelId !== undefined) this.#name(temporaryName(entry.remoteNodeId, temporaryChannelId), entry)
    for (const shortId of shortIds) this.#name(shortName(shortId), entry)
  }

  remove(entry: ChannelEntry): void {
    for (const name of this.#namesOf.get(entry) ?? []) this.#byName.delete(name)
    this.#namesOf.delete(entry)
    const peer = toHex(entry.remoteNodeId)
    const ofPeer = this.#byPeer.get(peer)
    ofPeer?.delete(entry)
    if (ofPeer?.size === 0) this.#byPeer.delete(peer)
  }

  #name(name: string, entry: ChannelEntry): void {
    if (this.#byName.has(name)) return
    this.#byName.set(name, entry)
    const names = this.#namesOf.get(entry)
    if (names !== undefined) {
      names.add(name)
      return
    }
    this.#namesOf.set(entry, new Set([name]))
    const peer = toHex(entry.remoteNodeId)
    this.#byPeer.set(peer, (this.#byPeer.get(peer) ?? new Set()).add(entry))
  }
}

const temporaryName = (nodeId: NodeId, channelId: ChannelId): string => `${toHex(nodeId)} ${toHex(channelId)}`
const shortName = (shortChannelId: ShortChannelId): string => `${shortChannelId}`
