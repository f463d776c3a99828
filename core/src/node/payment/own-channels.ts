import type { ActorRef } from '../../actor/types.ts'
import { balanceView, isFull, isFunded, remoteLimitsOf } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import { SortedList } from '../../lib/sorted-list.ts'
import type { Msat } from '../../lib/units.ts'
import type { OwnChannel, OwnChannels, Room } from '../../payment/send/payment.ts'
import type { ChannelDirectory, ChannelEntry } from '../channel/channel-directory.ts'
import type { ChannelProtocol } from '../channel/channel-protocol.ts'
import { isUsable } from '../channel/channel-standing.ts'

interface Ranked {
  readonly number: number
  readonly entry: ChannelEntry
  readonly channel: OwnChannel
  readonly spendableMsat: Msat
  readonly affordableMsat: Msat
  /** Equal for channels of about the same room. */
  readonly size: number
}

interface Known {
  readonly number: number
  readonly peer: PeerChannels
  entry: ChannelEntry
  ranked: Ranked | undefined
}

const comparing =
  (what: Room | 'size') =>
  (a: Ranked, b: Ranked): number =>
    a[what] === b[what] ? a.number - b.number : a[what] > b[what] ? -1 : 1

/** The channels with one peer. Channels that have changed are put in their place when the order is asked for. */
class PeerChannels {
  readonly #changed = new Set<Known>()
  /** How many channels there are, whether or not they are in an order. */
  size = 0
  readonly #orders = {
    spendableMsat: new SortedList(comparing('spendableMsat')),
    affordableMsat: new SortedList(comparing('affordableMsat')),
    size: new SortedList(comparing('size')),
  }

  changed(channel: Known): void {
    this.#changed.add(channel)
  }

  gone(channel: Known): void {
    this.#changed.delete(channel)
    this.#rank(channel, undefined)
  }

  in(order: Room | 'size'): Iterable<Ranked> {
    for (const channel of this.#changed) this.#rank(channel, rankedOf(channel))
    this.#changed.clear()
    return this.#orders[order]
  }

  #rank(channel: Known, ranked: Ranked | undefined): void {
    for (const order of Object.values(this.#orders)) {
      if (channel.ranked !== undefined) order.delete(channel.ranked)
      if (ranked !== undefined) order.add(ranked)
    }
    channel.ranked = ranked
  }
}

/**
 * The channels out of which a payment may go, as they are now, by peer and in order. It follows the directory; the cost of a query depends
 * on how many channels have changed since, not on how many there are.
 */
export class OwnChannelIndex implements OwnChannels {
  readonly #known = new Map<ActorRef<ChannelProtocol>, Known>()
  readonly #byPeer = new Map<string, PeerChannels>()
  #lastNumber = 0

  constructor(directory: ChannelDirectory) {
    directory.follow((ref, entry) => {
      if (entry === undefined) this.#forget(ref)
      else this.#note(entry)
    })
  }

  *byRoom(peer: NodeId, room: Room): Generator<OwnChannel> {
    for (const { channel } of this.#in(peer, room)) yield channel
  }

  *inTurn(peer: NodeId): Generator<OwnChannel> {
    for (const { channel } of this.#in(peer, 'size')) yield channel
  }

  /** All that can be used, in no order. */
  *all(): Generator<OwnChannel> {
    for (const peer of this.#byPeer.values()) for (const { channel } of peer.in('spendableMsat')) yield channel
  }

  /** The usable channels with a peer, those that can carry the most first. */
  *entriesByRoom(peer: NodeId): Generator<ChannelEntry> {
    for (const { entry } of this.#in(peer, 'spendableMsat')) yield entry
  }

  #in(peer: NodeId, order: Room | 'size'): Iterable<Ranked> {
    return this.#byPeer.get(toHex(peer))?.in(order) ?? []
  }

  #note(entry: ChannelEntry): void {
    // Most channels that strangers begin never become usable.
    const known = this.#known.get(entry.ref) ?? (isUsable(entry) ? this.#begin(entry) : undefined)
    if (known === undefined) return
    known.entry = entry
    known.peer.changed(known)
  }

  #begin(entry: ChannelEntry): Known {
    const key = toHex(entry.remoteNodeId)
    const peer = this.#byPeer.get(key) ?? new PeerChannels()
    this.#byPeer.set(key, peer)
    peer.size++
    const known = { number: ++this.#lastNumber, peer, entry, ranked: undefined }
    this.#known.set(entry.ref, known)
    return known
  }

  #forget(ref: ActorRef<ChannelProtocol>): void {
    const known = this.#known.get(ref)
    if (known === undefined) return
    known.peer.gone(known)
    this.#known.delete(ref)
    if (--known.peer.size === 0) this.#byPeer.delete(toHex(known.entry.remoteNodeId))
  }
}

const rankedOf = ({ number, entry }: Known): Ranked | undefined => {
  const { state, remoteNodeId } = entry
  const { durable, session } = state
  if (!isFunded(durable) || !isUsable(entry)) return undefined
  const { real, remoteAlias } = durable.shortIds
  const view = balanceView(durable, session)
  const { affordableMsat } = view
  const shortChannelId = real ?? remoteAlias
  const { htlcMinimumMsat } = remoteLimitsOf(durable)
  const spendableMsat = isFull(durable, session) ? 0n : view.spendableMsat
  const channel: OwnChannel = {
    channelId: durable.params.channelId,
    remoteNodeId,
    ...(shortChannelId === undefined ? {} : { shortChannelId }),
    spendableMsat,
    affordableMsat,
    htlcMinimumMsat,
    htlcCostMsat: view.htlcCostMsat,
    htlcSlots: remoteLimitsOf(durable).maxAcceptedHtlcs - durable.htlcs.offered.length,
  }
  const size = spendableMsat > 0n ? Math.floor(Math.log2(Number(spendableMsat))) : -1
  return { number, entry, channel, spendableMsat, affordableMsat, size }
}
