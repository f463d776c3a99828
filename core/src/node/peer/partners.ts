import { type ChannelState, isFunded, isFundingConfirmed } from '../../channel/index.ts'
import { addressGroup } from '../../lib/address-group.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'

/** How many places are remembered of each partner, the latest: a peer that is nowhere at home must not be at home everywhere. */
const MAX_PLACES = 8

/**
 * Peers with whom we have a channel that cost somebody money. Naming a funding transaction costs nothing: a channel that a peer has opened
 * makes the peer a partner once its funding is confirmed.
 */
export class Partners {
  readonly #channels: ChannelDirectory
  /** Where each was seen, or may be found, the latest at the end. */
  readonly #placesOf = new Map<string, Set<string>>()
  /** Who was seen there. */
  readonly #seen = new Map<string, Set<string>>()

  constructor(channels: ChannelDirectory) {
    this.#channels = channels
  }

  has(nodeId: NodeId): boolean {
    for (const { state } of this.#channels.ofPeer(nodeId)) if (hasCost(state)) return true
    return false
  }

  seenAt(nodeId: NodeId, address: string): void {
    if (address === '') return
    const key = toHex(nodeId)
    const group = addressGroup(address)
    const places = this.#placesOf.get(key) ?? new Set()
    places.delete(group)
    this.#placesOf.set(key, places.add(group))
    this.#seen.set(group, (this.#seen.get(group) ?? new Set()).add(key))
    if (places.size <= MAX_PLACES) return
    for (const earliest of places) {
      places.delete(earliest)
      this.#leave(earliest, key)
      break
    }
  }

  wasSeenAt(group: string): boolean {
    for (const key of this.#seen.get(group) ?? []) {
      if (this.has(fromHex(key))) return true
      this.#forget(key)
    }
    return false
  }

  /** It is no partner any more. */
  #forget(key: string): void {
    for (const group of this.#placesOf.get(key) ?? []) this.#leave(group, key)
    this.#placesOf.delete(key)
  }

  #leave(group: string, key: string): void {
    const there = this.#seen.get(group)
    there?.delete(key)
    if (there?.size === 0) this.#seen.delete(group)
  }
}

const hasCost = ({ durable }: ChannelState): boolean =>
  isFunded(durable) && (durable.params.localIsOpener || isFundingConfirmed(durable))
