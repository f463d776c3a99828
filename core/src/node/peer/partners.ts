import { type ChannelState, isFunded } from '../../channel/index.ts'
import { addressGroup } from '../../lib/address-group.ts'
import { toHex } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'

/**
 * Peers with whom we have a channel that cost somebody money. Naming a funding transaction costs nothing: a channel that a peer has opened
 * makes the peer a partner once its funding is confirmed.
 */
export class Partners {
  readonly #channels: ChannelDirectory
  /** Where each was seen last. */
  readonly #places = new Map<string, string>()

  constructor(channels: ChannelDirectory) {
    this.#channels = channels
  }

  has(nodeId: NodeId): boolean {
    for (const { state } of this.#channels.ofPeer(nodeId)) if (hasCost(state)) return true
    return false
  }

  seenAt(nodeId: NodeId, address: string): void {
    this.#places.set(toHex(nodeId), addressGroup(address))
  }

  wasSeenAt(group: string): boolean {
    for (const place of this.#places.values()) if (place === group) return true
    return false
  }
}

const hasCost = ({ durable }: ChannelState): boolean =>
  isFunded(durable) && (durable.params.localIsOpener || durable.active[0]?.fundingStatus.type === 'confirmed')
