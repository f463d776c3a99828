import type { ActorRef } from '../../actor/types.ts'
import {
  type Channel,
  type Epoch,
  isFunded,
  isFundingConfirmed,
  isOpening,
  mayCloseAtOurCost,
} from '../../channel/index.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import type { ChannelId, NodeId, ShortChannelId } from '../../lib/ids.ts'
import { SortedList } from '../../lib/sorted-list.ts'
import type { ChannelIds } from './channel-ids.ts'
import type { ChannelProtocol } from './channel-protocol.ts'
import { type ChannelCondition, type ChannelStanding, isDone, standingOf } from './channel-standing.ts'

/** A channel as the rest of the node finds it: a snapshot that never changes, but is replaced by another. */
export interface ChannelEntry extends ChannelCondition {
  readonly ref: ActorRef<ChannelProtocol>
  readonly remoteNodeId: NodeId
  /** The connection on which the channel last had to hang up: recorded before the peer's actor hears of it, which may be too late. */
  readonly hungUpOn?: Epoch
}

/** Called with each entry that replaces an earlier one; without `now` the channel is gone. */
export type ChannelListener = (channel: ActorRef<ChannelProtocol>, now: ChannelEntry | undefined) => void

/** What is listed: all channels that have a funding, or only some. */
export interface ChannelFilter {
  readonly peer?: NodeId | undefined
  readonly standing?: ChannelStanding | undefined
  /** Only channels that came after the one of this number. */
  readonly after?: number | undefined
}

/** A channel with its number in the order in which they came. */
export interface NumberedChannel {
  readonly number: number
  readonly entry: ChannelEntry
}

/** What an opening waits for: the name of the funding, or, if the peer opens it, a block that holds the funding. */
type Waiting = 'funding-outpoint' | 'confirmation' | undefined

interface Slot extends NumberedChannel {
  entry: ChannelEntry
  readonly names: Set<string>
  readonly peer: PeerChannels
  standing: ChannelStanding | undefined
  waiting: Waiting
  isUnfunded: boolean
}

interface PeerChannels {
  readonly nodeId: NodeId
  readonly slots: SortedList<Slot>
  readonly openings: Openings
}

/** How many openings wait. */
interface Openings {
  'funding-outpoint': number
  confirmation: number
}

const byNumber = (a: NumberedChannel, b: NumberedChannel): number => a.number - b.number

/**
 * Finds channels by id and by every short id, and by temporary id among those of one peer: the peer chooses the temporary id, and it may be
 * another channel's id. A name that is taken stays with its channel. Each channel's actor publishes its own changes; lists and counts are
 * updated at that time, so that a query costs only as much as its answer, however many channels there are.
 */
export class ChannelDirectory {
  readonly #slots = new Map<ActorRef<ChannelProtocol>, Slot>()
  readonly #all = new SortedList<Slot>(byNumber)
  readonly #byName = new Map<string, Slot>()
  readonly #byPeer = new Map<string, PeerChannels>()
  readonly #byStanding = new Map<ChannelStanding, SortedList<Slot>>()
  readonly #openings: Openings = noOpenings()
  readonly #unfunded = new SortedList<Slot>(byNumber)
  readonly #listeners: ChannelListener[] = []
  #lastNumber = 0
  #resting = 0
  #inDoubt = 0
  #atOurCost = 0

  /** How many channels hold back messages at which their peers hang up. */
  get resting(): number {
    return this.#resting
  }

  /** How many channels wait for their peers to show that a state that was put back is the latest. */
  get inDoubt(): number {
    return this.#inDoubt
  }

  /** How many channels may have to be closed by the wallet's coins, those included whose close may still need some. */
  get atOurCost(): number {
    return this.#atOurCost
  }

  get(channelId: ChannelId): ChannelEntry | undefined {
    return this.#byName.get(toHex(channelId))?.entry
  }

  /** A channel with exactly this peer, by its id or its temporary one: a peer must not use the ids of another peer's channels. */
  getOfPeer(nodeId: NodeId, channelId: ChannelId): ChannelEntry | undefined {
    const channel = this.get(channelId)
    return channel !== undefined && equalBytes(channel.remoteNodeId, nodeId)
      ? channel
      : this.#byName.get(temporaryName(nodeId, channelId))?.entry
  }

  /** By the real short channel id or any alias that we gave out. */
  byShortChannelId(shortChannelId: ShortChannelId): ChannelEntry | undefined {
    return this.#byName.get(shortName(shortChannelId))?.entry
  }

  hasShortChannelId(shortChannelId: ShortChannelId): boolean {
    return this.#byName.has(shortName(shortChannelId))
  }

  /** Every channel once, in the order in which they came. */
  *all(): Generator<ChannelEntry> {
    for (const { entry } of this.#all) yield entry
  }

  *ofPeer(nodeId: NodeId): Generator<ChannelEntry> {
    for (const { entry } of this.#byPeer.get(toHex(nodeId))?.slots ?? []) yield entry
  }

  /** Those with whom there are channels, each once. */
  *peers(): Generator<NodeId> {
    for (const { nodeId } of this.#byPeer.values()) yield nodeId
  }

  /** Without those whose close is done. */
  countOfPeer(nodeId: NodeId): number {
    let count = 0
    for (const entry of this.ofPeer(nodeId)) if (!isDone(entry)) count++
    return count
  }

  count(standing: ChannelStanding): number {
    return this.#byStanding.get(standing)?.size ?? 0
  }

  /** Openings that wait for something, with one peer or with all. */
  openings(nodeId?: NodeId): Readonly<Openings> {
    return nodeId === undefined ? this.#openings : (this.#byPeer.get(toHex(nodeId))?.openings ?? noOpenings())
  }

  /** Channels that have a funding, in the order in which they came. */
  *listed({ peer, standing, after = 0 }: ChannelFilter): Generator<NumberedChannel> {
    const slots =
      peer !== undefined
        ? this.#byPeer.get(toHex(peer))?.slots
        : standing !== undefined
          ? this.#byStanding.get(standing)
          : this.#all
    for (const slot of slots?.from(({ number }) => number - after - 1) ?? []) {
      if (slot.standing !== undefined && (standing === undefined || slot.standing === standing)) yield slot
    }
  }

  /** Openings that have no funding yet, in the order in which they came. */
  unfunded(after = 0): Generator<NumberedChannel> {
    return this.#unfunded.from(({ number }) => number - after - 1)
  }

  /** Hears of every change from now on. */
  follow(listener: ChannelListener): void {
    this.#listeners.push(listener)
  }

  /** Gives a channel its names; the first time it is added to the lists as well. */
  put({ channelId, temporaryChannelId, shortIds }: ChannelIds, entry: ChannelEntry): void {
    const slot = this.#slots.get(entry.ref) ?? this.#list(entry)
    if (channelId !== undefined) this.#name(toHex(channelId), slot)
    if (temporaryChannelId !== undefined) this.#name(temporaryName(entry.remoteNodeId, temporaryChannelId), slot)
    for (const shortId of shortIds) this.#name(shortName(shortId), slot)
    this.#place(slot, entry)
  }

  /** How a channel stands now; nothing if it has no place here. */
  publish(entry: ChannelEntry): void {
    const slot = this.#slots.get(entry.ref)
    if (slot !== undefined) this.#place(slot, entry)
  }

  remove({ ref, remoteNodeId }: ChannelEntry): void {
    const slot = this.#slots.get(ref)
    if (slot === undefined) return
    this.#sort(slot, undefined, undefined)
    this.#sortUnfunded(slot, false)
    this.#resting -= rests(slot.entry)
    this.#inDoubt -= doubts(slot.entry)
    this.#atOurCost -= costs(slot.entry)
    for (const name of slot.names) this.#byName.delete(name)
    this.#slots.delete(ref)
    this.#all.delete(slot)
    slot.peer.slots.delete(slot)
    if (slot.peer.slots.size === 0) this.#byPeer.delete(toHex(remoteNodeId))
    for (const listener of this.#listeners) listener(ref, undefined)
  }

  #list(entry: ChannelEntry): Slot {
    const key = toHex(entry.remoteNodeId)
    const peer = this.#byPeer.get(key) ?? {
      nodeId: entry.remoteNodeId,
      slots: new SortedList<Slot>(byNumber),
      openings: noOpenings(),
    }
    this.#byPeer.set(key, peer)
    const number = ++this.#lastNumber
    const slot: Slot = {
      number,
      entry,
      names: new Set(),
      peer,
      standing: undefined,
      waiting: undefined,
      isUnfunded: false,
    }
    this.#slots.set(entry.ref, slot)
    this.#all.add(slot)
    peer.slots.add(slot)
    this.#inDoubt += doubts(entry)
    this.#atOurCost += costs(entry)
    return slot
  }

  #name(name: string, slot: Slot): void {
    if (this.#byName.has(name)) return
    this.#byName.set(name, slot)
    slot.names.add(name)
  }

  #place(slot: Slot, entry: ChannelEntry): void {
    this.#resting += rests(entry) - rests(slot.entry)
    this.#inDoubt += doubts(entry) - doubts(slot.entry)
    this.#atOurCost += costs(entry) - costs(slot.entry)
    slot.entry = entry
    this.#sort(slot, standingOf(entry), waitingOf(entry.state.durable))
    this.#sortUnfunded(slot, isUnfunded(entry.durableState.durable))
    for (const listener of this.#listeners) listener(entry.ref, entry)
  }

  #sort(slot: Slot, standing: ChannelStanding | undefined, waiting: Waiting): void {
    if (slot.standing !== standing) {
      if (slot.standing !== undefined) this.#standing(slot.standing).delete(slot)
      if (standing !== undefined) this.#standing(standing).add(slot)
      slot.standing = standing
    }
    if (slot.waiting === waiting) return
    for (const openings of [this.#openings, slot.peer.openings]) {
      if (slot.waiting !== undefined) openings[slot.waiting]--
      if (waiting !== undefined) openings[waiting]++
    }
    slot.waiting = waiting
  }

  #sortUnfunded(slot: Slot, isUnfunded: boolean): void {
    if (slot.isUnfunded === isUnfunded) return
    if (isUnfunded) this.#unfunded.add(slot)
    else this.#unfunded.delete(slot)
    slot.isUnfunded = isUnfunded
  }

  #standing(standing: ChannelStanding): SortedList<Slot> {
    const known = this.#byStanding.get(standing)
    if (known !== undefined) return known
    const made = new SortedList<Slot>(byNumber)
    this.#byStanding.set(standing, made)
    return made
  }
}

const noOpenings = (): Openings => ({ 'funding-outpoint': 0, confirmation: 0 })

const rests = ({ rest }: ChannelEntry): number => (rest === undefined ? 0 : 1)
const doubts = ({ durableState: { durable } }: ChannelEntry): number => (isFunded(durable) && durable.inDoubt ? 1 : 0)
const costs = ({ durableState: { durable } }: ChannelEntry): number => (mayCloseAtOurCost(durable) ? 1 : 0)

/** Before `open_channel` there is nothing to tell, and an aborted opening is gone in a moment. */
const isUnfunded = (durable: Channel): boolean =>
  isOpening(durable) && durable.phase !== 'idle' && durable.phase !== 'aborted'

const waitingOf = (durable: Channel): Waiting => {
  // The outpoint of a funding of ours is known before the peer has signed for it.
  if (isOpening(durable)) return durable.phase === 'wait-for-funding-signed' ? undefined : 'funding-outpoint'
  if (durable.phase === 'closed' || durable.params.localIsOpener) return undefined
  return isFundingConfirmed(durable) ? undefined : 'confirmation'
}

const temporaryName = (nodeId: NodeId, channelId: ChannelId): string => `${toHex(nodeId)} ${toHex(channelId)}`
const shortName = (shortChannelId: ShortChannelId): string => `${shortChannelId}`
