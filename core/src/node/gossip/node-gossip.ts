import { availableParallelism } from 'node:os'
import type { ThreadSystem } from '../../actor/worker-thread.ts'
import type { ChainBackend } from '../../chain/chain-backend.ts'
import type { ChainWatcher } from '../../chain/watcher.ts'
import { isFunded, latest } from '../../channel/index.ts'
import { AnnouncedGraph } from '../../graph/announced-graph.ts'
import type { GraphSink } from '../../graph/graph-sink.ts'
import { MemoryLog } from '../../graph/memory-log.ts'
import type { OwnNode } from '../../graph/own/own-node.ts'
import { announcedOutput, type FundingOutput } from '../../graph/rules/channel-announcement.ts'
import { busyThread } from '../../lib/busy-thread.ts'
import { concat, toHex, u16be } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { stackOf } from '../../lib/errors.ts'
import type { NodeId, ShortChannelId } from '../../lib/ids.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import { type Announcement, decodeGossip, GOSSIP_TYPES } from '../../wire/gossip-codecs.ts'
import { encodeMessage, isRead } from '../../wire/message-codecs.ts'
import type { ChannelAnnouncement, ChannelUpdate } from '../../wire/messages/gossip.ts'
import { type NodeAddress, readAddresses } from '../../wire/node-address.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import type { MessageRoom, RoomMessage } from '../connection/message-rooms.ts'
import type { Signer } from '../keys/signer.ts'
import type { NodeLog } from '../node-log.ts'
import { FundingLookup } from './funding-lookup.ts'
import { type GossipLine, GossipRoom, isAnnouncement } from './gossip-room.ts'
import { compact, openGraph } from './open-graph.ts'
import { OwnGossip, type OwnNetwork } from './own-gossip.ts'
import { SignatureCheckers } from './signature-checkers.ts'

/** Where what the network says is kept. */
export interface GossipPlace {
  /** A file of its own, made if there is none; in memory if absent. */
  readonly path?: string
  /** Threads that check signatures; one less than there are processors, and two at most, if absent. */
  readonly threads?: number
  /** How often what is new is passed on, in milliseconds; once a minute if absent, as BOLT 7 has it. A small network need not wait. */
  readonly passOnMs?: number
  /** Whether this thread has other work than gossip, which waits then; by how much it has worked lately if absent. */
  readonly isBusy?: () => boolean
}

export interface NodeGossipOptions extends GossipPlace {
  readonly system: ThreadSystem
  readonly clock: Clock
  readonly log: NodeLog
  readonly backend: Pick<ChainBackend, 'outputsAt'>
  readonly chainHash: Uint8Array
  readonly height: () => BlockHeight
  /** Who learns which channels payments may go over. */
  readonly sink: GraphSink
  readonly directory: ChannelDirectory
  readonly signer: Pick<Signer, 'signAsNode'>
  readonly self: OwnNode
  /** The disk takes no more: the process must end. */
  readonly onFatal: (error: unknown) => void
}

/**
 * What a peer that we listen to may have said that was not dealt with yet, and any other, which has only its own channels to tell us of, and
 * all together: what is beyond it is passed over, and asked for again later.
 */
const OUTSTANDING_OF_LISTENED = 10_000
const OUTSTANDING_OF_OTHER = 500
const OUTSTANDING_IN_ALL = 50_000
/** What a peer may say beside the answers to our questions: more than the network says in a second, and what is new of an hour at once. */
const RATION = { perSecond: 500, burst: 20_000 }

/** The types of BOLT 7 that the wire does not read itself. */
export const ROOM_TYPES: readonly number[] = [...GOSSIP_TYPES].filter((type) => !isRead(type))

/** Joins the network's gossip to the node: peers and their messages, the chain, our own channels, and the search for paths. */
export class NodeGossip implements MessageRoom {
  readonly ration = RATION
  readonly #graph: AnnouncedGraph
  readonly #room: GossipRoom
  readonly #own: OwnGossip
  readonly #lookups: FundingLookup
  readonly #outstanding = new Map<string, number>()
  #outstandingInAll = 0
  #checkers: SignatureCheckers | undefined
  readonly #close: () => void
  readonly #log: NodeLog

  constructor(options: NodeGossipOptions) {
    const { system, clock, log, backend, chainHash, height, directory, signer, self } = options
    const { graph, flushLog, close } = openLog(options)
    this.#graph = graph
    this.#close = close
    this.#log = log
    log.info('gossip.loaded', { channels: graph.channelCount, nodes: graph.nodeCount })
    this.#lookups = new FundingLookup(backend, clock)
    const threads = options.threads ?? Math.min(Math.max(availableParallelism() - 1, 1), 2)
    this.#room = new GossipRoom({
      nodeId: self.nodeId,
      flushMs: options.passOnMs,
      graph,
      flushLog,
      chainHash,
      clock,
      height,
      check: (checks) => {
        // Threads cost memory: a node that hears nothing has none.
        this.#checkers ??= new SignatureCheckers(system, threads)
        return this.#checkers.check(checks)
      },
      lookUp: async (id) => ownFunding(directory, id) ?? this.#lookups.lookUp(id),
      isBusy: options.isBusy ?? busyThread(),
      onBug: (thrown) => log.error('gossip.bug', { error: stackOf(thrown) }),
    })
    this.#own = new OwnGossip({
      network: this.#ownNetwork(self.nodeId),
      directory,
      signer,
      clock,
      chainHash,
      self,
      lookMs: options.passOnMs,
    })
  }

  get channelCount(): number {
    return this.#graph.channelCount
  }

  get nodeCount(): number {
    return this.#graph.nodeCount
  }

  /** Whether a node has a channel that everybody knows of. */
  knows(nodeId: NodeId): boolean {
    return this.#graph.node(nodeId) !== undefined
  }

  /** How onion messages get from some nodes to others: the nodes on the way. A picture of this moment. */
  messageWays(from: readonly NodeId[]): (to: NodeId) => readonly NodeId[] | undefined {
    return this.#graph.messageWays(from)
  }

  /** One end of a channel: 0 is the one whose id is the lesser. */
  endOf(id: ShortChannelId, direction: 0 | 1): NodeId | undefined {
    return this.#graph.channel(id)?.nodeIds[direction]
  }

  /** What a node says that it can do. */
  featuresOf(nodeId: NodeId): FeatureVector | undefined {
    return read(this.#graph.nodeGossipOf(nodeId), 'node_announcement')?.features
  }

  /** Where a node says that it can be reached. */
  addressesOf(nodeId: NodeId): readonly NodeAddress[] {
    const announced = read(this.#graph.nodeGossipOf(nodeId), 'node_announcement')
    const addresses = announced === undefined ? undefined : readAddresses(announced.addresses)
    return addresses?.ok === true ? addresses.value.addresses : []
  }

  /** Follows the chain from the next block on. */
  start(watcher: Pick<ChainWatcher, 'watchBlocks'>): void {
    watcher.watchBlocks((event) => {
      if (event.type === 'connected') {
        const { height, txs } = event.block
        this.#room.blockAdded(
          height,
          txs.flatMap(({ inputs }) => inputs.map(({ outpoint }) => outpoint)),
        )
      } else if (event.type === 'disconnected') this.#room.blockUndone(event.tip.height)
    })
    this.#own.start()
  }

  async stop(): Promise<void> {
    this.#own.stop()
    this.#lookups.stop()
    this.#room.stop()
    await this.#checkers?.close()
    this.#close()
  }

  connected(nodeId: NodeId, line: GossipLine): void {
    this.#room.connected(toHex(nodeId), line)
  }

  disconnected(nodeId: NodeId): void {
    this.#room.disconnected(toHex(nodeId))
  }

  takeOwed(from: NodeId): boolean {
    return this.#room.takeOwed(toHex(from))
  }

  take({ from, type, payload }: RoomMessage): void {
    this.#hear(toHex(from), concat(u16be(type), payload))
  }

  /** The update of a peer, of one of its channels or passed on. What is meant for us alone is ignored by its flag. */
  takeUpdate(from: NodeId, update: ChannelUpdate): void {
    this.#hear(toHex(from), encodeMessage(update))
  }

  /** Both sides have signed that the network may know of a channel of ours. */
  announced(announcement: ChannelAnnouncement): void {
    this.#own.announced(announcement)
  }

  #hear(peer: string, raw: Uint8Array): void {
    const outstanding = this.#outstanding.get(peer) ?? 0
    const most = this.#room.isListened(peer) ? OUTSTANDING_OF_LISTENED : OUTSTANDING_OF_OTHER
    // What is no announcement is dealt with at once: the end of an answer is not lost because there is much to check.
    if (isAnnouncement(raw) && (outstanding >= most || this.#outstandingInAll >= OUTSTANDING_IN_ALL)) return
    this.#outstanding.set(peer, outstanding + 1)
    this.#outstandingInAll++
    const dealtWith = this.#room
      .hear(peer, raw)
      .catch((thrown: unknown) => this.#log.error('gossip.bug', { error: stackOf(thrown) }))
    void dealtWith.then(() => {
      this.#outstandingInAll--
      const left = (this.#outstanding.get(peer) ?? 1) - 1
      if (left === 0) this.#outstanding.delete(peer)
      else this.#outstanding.set(peer, left)
    })
  }

  #ownNetwork(nodeId: NodeId): OwnNetwork {
    const graph = this.#graph
    return {
      hasChannel: (id) => graph.channel(id) !== undefined,
      announcement: (id) => read(graph.gossipOf(id)?.announcement, 'channel_announcement'),
      update: (id, direction) => read(graph.updateOf(id, direction), 'channel_update'),
      node: () => read(graph.nodeGossipOf(nodeId), 'node_announcement'),
      publish: (messages) => void this.#room.publish(messages),
    }
  }
}

/** What the chain says of a channel of ours: its block may be pruned by now. */
const ownFunding = (directory: ChannelDirectory, id: ShortChannelId): FundingOutput | undefined => {
  const durable = directory.byShortChannelId(id)?.durableState.durable
  if (durable === undefined || !isFunded(durable) || durable.phase !== 'normal' || durable.shortIds.real !== id)
    return undefined
  const { fundingOutpoint, fundingAmount, localFundingKey, remoteFundingKey } = latest(durable).localParams
  const script = announcedOutput(localFundingKey, remoteFundingKey)
  return { type: 'unspent', script, amountSat: fundingAmount, txid: fundingOutpoint.txid }
}

const read = <T extends Announcement['type']>(
  raw: Uint8Array | undefined,
  type: T,
): Extract<Announcement, { readonly type: T }> | undefined => {
  const decoded = raw === undefined ? undefined : decodeGossip(raw)
  return decoded?.ok === true && decoded.value.type === type
    ? (decoded.value as Extract<Announcement, { readonly type: T }>)
    : undefined
}

const openLog = ({ path, chainHash, sink, log, onFatal }: NodeGossipOptions) => {
  if (path === undefined) {
    return { graph: new AnnouncedGraph(new MemoryLog(), sink), flushLog: () => {}, close: () => {} }
  }
  const { graph, log: opened, setAside } = openGraph(path, chainHash, sink, onFatal)
  if (setAside !== undefined) log.warn('gossip.set-aside', { path: setAside.path, fault: setAside.fault })
  const file = compact(graph, opened, path, chainHash, onFatal)
  return { graph, flushLog: () => file.flush(), close: () => file.close() }
}
