import { toHex } from '../lib/bytes.ts'
import { invariant } from '../lib/errors.ts'
import type { NodeId, OutPoint, ShortChannelId, TxId } from '../lib/ids.ts'
import type { BlockHeight } from '../lib/units.ts'
import { hasFeature } from '../wire/features.ts'
import { type Announcement, decodeGossip } from '../wire/gossip-codecs.ts'
import { inboundFeeOf } from '../wire/inbound-fee.ts'
import type { ChannelAnnouncement, ChannelUpdate, NodeAnnouncement } from '../wire/messages/gossip.ts'
import type { LogPlace, LogRecord } from './gossip-log.ts'
import type { GraphSink, SinkPolicy } from './graph-sink.ts'
import {
  type ChannelParts,
  channelParts,
  type NodeParts,
  nodeParts,
  type UpdateParts,
  updateParts,
} from './message-parts.ts'
import { messageTree, relaysTo } from './message-tree.ts'
import { type Funding, isChannelRoutable, isForgotten } from './rules/channel-announcement.ts'
import { directionOf, isDisabled, isUpdateUsable, updateChecksum } from './rules/channel-update.ts'
import type { GossipEnv, KnownChannel, KnownUpdate } from './rules/known.ts'
import { isNodeForwardable, isNodeRoutable, type KnownNode } from './rules/node-announcement.ts'
import { isStale } from './rules/pruning.ts'

/** Where records are kept. */
export interface GossipLog {
  append(record: LogRecord): LogPlace
  read(place: LogPlace): LogRecord
}

/** A message, read, beside the bytes that it came in. */
export interface Heard<M extends Announcement = Announcement> {
  readonly raw: Uint8Array
  readonly message: M
}

interface NodeEntry extends KnownNode {
  readonly id: NodeId
  channels: number
  timestamp?: number
  place?: LogPlace
  isRoutable: boolean
  relaysMessages: boolean
}

interface UpdateEntry extends KnownUpdate {
  place: LogPlace
}

interface ChannelEntry extends KnownChannel {
  place: LogPlace
  readonly isRoutable: boolean
  readonly fundingKey: string
  readonly nodes: readonly [NodeEntry, NodeEntry]
  spentAt?: BlockHeight
  readonly updates: [UpdateEntry | undefined, UpdateEntry | undefined]
}

/** The messages about one channel that may be passed on, as they came. */
export interface ChannelGossip {
  readonly announcement: Uint8Array
  readonly updates: readonly [Uint8Array | undefined, Uint8Array | undefined]
}

/**
 * The network as it was announced. An index is in memory; the messages are in the log. Whoever adds something has checked its signatures, and
 * a channel's funding. Routes learn of it through the sink.
 */
export class AnnouncedGraph {
  #log: GossipLog
  readonly #sink: GraphSink
  readonly #channels = new Map<ShortChannelId, ChannelEntry>()
  readonly #nodes = new Map<string, NodeEntry>()
  readonly #fundings = new Map<string, ShortChannelId>()
  #inOrder: BigUint64Array | undefined

  constructor(log: GossipLog, sink: GraphSink) {
    this.#log = log
    this.#sink = sink
  }

  get channelCount(): number {
    return this.#channels.size
  }

  get nodeCount(): number {
    return this.#nodes.size
  }

  channel(shortChannelId: ShortChannelId): KnownChannel | undefined {
    return this.#channels.get(shortChannelId)
  }

  /** The ids of all channels, ascending. Not to be changed. */
  shortChannelIds(): BigUint64Array {
    this.#inOrder ??= BigUint64Array.from(this.#channels.keys()).sort()
    return this.#inOrder
  }

  node(nodeId: NodeId): KnownNode | undefined {
    return this.#nodes.get(toHex(nodeId))
  }

  /** How onion messages get from some nodes to others: the nodes on the way, in the order of travel. A picture of this moment. */
  messageWays(from: readonly NodeId[]): (to: NodeId) => readonly NodeId[] | undefined {
    const roots = from.flatMap((id) => this.#nodes.get(toHex(id)) ?? [])
    const links = [...this.#channels.values()].flatMap(({ nodes, spentAt }) =>
      spentAt === undefined && nodes.every(({ relaysMessages }) => relaysMessages) ? [nodes] : [],
    )
    const tree = messageTree(roots, links)
    return (to) => {
      const node = this.#nodes.get(toHex(to))
      return node && relaysTo(tree, node)
    }
  }

  addChannel({ raw, message }: Heard<ChannelAnnouncement>, { capacitySat, txid }: Funding, since: number): void {
    const place = this.#log.append({ type: 'channel', capacitySat, txid, since, raw })
    this.#indexChannel(message, { capacitySat, txid, since, place })
  }

  addUpdate({ raw, message }: Heard<ChannelUpdate>): void {
    this.#indexUpdate(raw, message, this.#log.append({ type: 'update', raw }))
  }

  addNode({ raw, message }: Heard<NodeAnnouncement>): void {
    this.#indexNode(message, this.#log.append({ type: 'node', raw }))
  }

  /** The channel whose funding an outpoint is. */
  fundedBy({ txid, index }: OutPoint): ShortChannelId | undefined {
    return this.#fundings.get(outpointKey(txid, index))
  }

  /** The block that spends a channel's funding, or `undefined` when it was undone. */
  markSpent(shortChannelId: ShortChannelId, height: BlockHeight | undefined): void {
    if (!this.#channels.has(shortChannelId)) return
    this.#log.append({ type: 'spent', shortChannelId, height: height ?? 0 })
    this.#indexSpent(shortChannelId, height ?? 0)
  }

  /** Forgets the channels that BOLT 7 lets a node forget, and the nodes without any other. Returns how many channels there were. */
  prune({ height, now }: GossipEnv): number {
    let count = 0
    for (const channel of this.#channels.values()) {
      if (!isForgotten(channel, height) && !isStale(channel, now)) continue
      this.#log.append({ type: 'removed', shortChannelId: channel.shortChannelId })
      this.#remove(channel)
      count++
    }
    return count
  }

  /** Takes back what was told to the sink. The graph is of no use afterwards. */
  giveUp(): void {
    for (const { isRoutable, shortChannelId } of this.#channels.values()) {
      if (isRoutable) this.#sink.removeChannel(shortChannelId)
    }
  }

  /** Takes up a record that is in the log. */
  takeUp(record: LogRecord, place: LogPlace): void {
    switch (record.type) {
      case 'channel':
        this.#indexChannel(channelParts(record.raw), { ...record, place })
        break
      case 'update':
        this.#indexUpdate(record.raw, updateParts(record.raw), place)
        break
      case 'node':
        this.#indexNode(nodeParts(record.raw), place)
        break
      case 'spent':
        this.#indexSpent(record.shortChannelId, record.height)
        break
      case 'removed': {
        const channel = this.#channels.get(record.shortChannelId)
        if (channel !== undefined) this.#remove(channel)
      }
    }
  }

  /** How much of the log is still of use, in bytes. */
  liveBytes(): number {
    let bytes = 0
    for (const { place, updates } of this.#channels.values()) {
      bytes += place.length + (updates[0]?.place.length ?? 0) + (updates[1]?.place.length ?? 0)
    }
    for (const { place } of this.#nodes.values()) bytes += place?.length ?? 0
    return bytes
  }

  /** Writes what is of use into another log, and goes on with that one. */
  moveTo(log: GossipLog): void {
    const moved = (place: LogPlace): LogPlace => log.append(this.#log.read(place))
    for (const channel of this.#channels.values()) {
      channel.place = moved(channel.place)
      for (const update of channel.updates) if (update !== undefined) update.place = moved(update.place)
      const { shortChannelId, spentAt } = channel
      if (spentAt !== undefined) log.append({ type: 'spent', shortChannelId, height: spentAt })
    }
    for (const node of this.#nodes.values()) if (node.place !== undefined) node.place = moved(node.place)
    this.#log = log
  }

  /** BOLT 7: what a peer may be told of a channel. */
  gossipOf(shortChannelId: ShortChannelId): ChannelGossip | undefined {
    const channel = this.#channels.get(shortChannelId)
    if (channel === undefined) return undefined
    const [one, two] = channel.updates
    return {
      announcement: this.#raw(channel.place),
      updates: [one && this.#raw(one.place), two && this.#raw(two.place)],
    }
  }

  /** The last update of one direction, as it came. */
  updateOf(shortChannelId: ShortChannelId, direction: 0 | 1): Uint8Array | undefined {
    const place = this.#channels.get(shortChannelId)?.updates[direction]?.place
    return place && this.#raw(place)
  }

  /** BOLT 7: what a peer may be told of a node. */
  nodeGossipOf(nodeId: NodeId): Uint8Array | undefined {
    const place = this.#nodes.get(toHex(nodeId))?.place
    if (place === undefined) return undefined
    const raw = this.#raw(place)
    const decoded = decodeGossip(raw)
    invariant(decoded.ok && decoded.value.type === 'node_announcement', 'the log has a message of another type')
    return isNodeForwardable(decoded.value) ? raw : undefined
  }

  #raw(place: LogPlace): Uint8Array {
    const record = this.#log.read(place)
    invariant('raw' in record, 'a place of the log has no message')
    return record.raw
  }

  #indexChannel(message: ChannelParts, kept: Funding & Pick<ChannelEntry, 'since' | 'place'>): void {
    const { shortChannelId } = message
    const { capacitySat, txid, since, place } = kept
    const fundingKey = outpointKey(txid, Number(shortChannelId & 0xffffn))
    const nodes = [this.#nodeOf(message.nodeId1), this.#nodeOf(message.nodeId2)] as const
    for (const node of nodes) node.channels++
    const nodeIds = [nodes[0].id, nodes[1].id] as const
    const isRoutable = isChannelRoutable(message)
    const updates: ChannelEntry['updates'] = [undefined, undefined]
    const channel = { shortChannelId, nodes, nodeIds, capacitySat, since, place, isRoutable, fundingKey, updates }
    this.#channels.set(shortChannelId, channel)
    this.#fundings.set(fundingKey, shortChannelId)
    this.#inOrder = undefined
    if (isRoutable) this.#sink.addChannel({ shortChannelId, nodeIds, capacitySat })
  }

  #indexUpdate(raw: Uint8Array, message: UpdateParts, place: LogPlace): void {
    const channel = this.#channels.get(message.shortChannelId)
    if (channel === undefined) return
    const { timestamp } = message
    channel.updates[directionOf(message)] = { timestamp, checksum: updateChecksum(raw), place }
    this.#tellPolicy(channel, message)
  }

  #indexNode(message: NodeParts, place: LogPlace): void {
    const node = this.#nodes.get(toHex(message.nodeId))
    if (node === undefined) return
    node.timestamp = message.timestamp
    node.place = place
    node.relaysMessages = hasFeature(message.features, 'option_onion_messages')
    const isRoutable = isNodeRoutable(message)
    if (isRoutable === node.isRoutable) return
    node.isRoutable = isRoutable
    for (const channel of this.#channels.values()) {
      if (!channel.nodes.includes(node)) continue
      for (const update of channel.updates) {
        if (update !== undefined) this.#tellPolicy(channel, updateParts(this.#raw(update.place)))
      }
    }
  }

  #indexSpent(shortChannelId: ShortChannelId, height: BlockHeight): void {
    const channel = this.#channels.get(shortChannelId)
    if (channel === undefined) return
    if (height === 0) delete channel.spentAt
    else channel.spentAt = height
  }

  #tellPolicy(channel: ChannelEntry, message: UpdateParts): void {
    if (!channel.isRoutable) return
    const isOpen = !isDisabled(message) && isUpdateUsable(message, channel)
    const disabled = !isOpen || channel.nodes.some(({ isRoutable }) => !isRoutable)
    this.#sink.setPolicy(channel.shortChannelId, directionOf(message), policyOf(message, disabled))
  }

  #remove(channel: ChannelEntry): void {
    this.#channels.delete(channel.shortChannelId)
    // After a reorganisation the funding may be in another block, and announced by the id that it has there.
    if (this.#fundings.get(channel.fundingKey) === channel.shortChannelId) this.#fundings.delete(channel.fundingKey)
    this.#inOrder = undefined
    if (channel.isRoutable) this.#sink.removeChannel(channel.shortChannelId)
    // BOLT 7: a node without channels is forgotten.
    for (const node of channel.nodes) if (--node.channels === 0) this.#nodes.delete(toHex(node.id))
  }

  #nodeOf(id: NodeId): NodeEntry {
    const name = toHex(id)
    const known = this.#nodes.get(name)
    if (known !== undefined) return known
    // The id may share the memory of a whole file.
    const node = { id: id.slice(), channels: 0, isRoutable: true, relaysMessages: false }
    this.#nodes.set(name, node)
    return node
  }
}

const outpointKey = (txid: TxId, index: number): string => `${toHex(txid)}:${index}`

const policyOf = (message: UpdateParts, disabled: boolean): SinkPolicy => {
  const { timestamp, cltvExpiryDelta, feeBaseMsat, feeProportionalMillionths, htlcMinimumMsat, htlcMaximumMsat } =
    message
  const inbound = inboundFeeOf(message)
  return {
    timestamp,
    disabled,
    cltvExpiryDelta,
    feeBaseMsat,
    feeProportionalMillionths,
    htlcMinimumMsat,
    htlcMaximumMsat,
    ...(inbound && {
      inboundFeeBaseMsat: inbound.baseMsat,
      inboundFeeProportionalMillionths: inbound.proportionalMillionths,
    }),
  }
}
