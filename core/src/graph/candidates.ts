import { toHex } from '../lib/bytes.ts'
import type { NodeId, ShortChannelId } from '../lib/ids.ts'
import type { ChannelAnnouncement, ChannelUpdate, NodeAnnouncement } from '../wire/messages/gossip.ts'
import type { Heard } from './announced-graph.ts'
import type { KnownChannel, KnownUpdate } from './rules/known.ts'
import type { KnownNode } from './rules/node-announcement.ts'

/** A channel that was announced and is not in the graph yet, with what was said of it since. */
export interface Candidate {
  readonly peer: string
  readonly announcement: Heard<ChannelAnnouncement>
  /** First its signatures are checked, then its funding is looked up. */
  state: 'checking' | 'waiting' | 'added' | 'dropped'
  /** As the rules see it: its capacity is not known yet. */
  readonly known: KnownChannel & { readonly updates: [KnownUpdate | undefined, KnownUpdate | undefined] }
  /** The latest of each direction; their signatures are valid. */
  readonly updates: [Heard<ChannelUpdate> | undefined, Heard<ChannelUpdate> | undefined]
}

/** How many candidates there may be, in all, of one peer, and for one channel: anyone can sign an announcement of a channel that is not. */
const MAX_IN_ALL = 20_000
const MAX_PER_PEER = 5_000
const MAX_PER_CHANNEL = 4

const NONE: readonly Candidate[] = []

/** The channels that wait for their signatures' check or for the chain, and the nodes that have no other channel. */
export class Candidates {
  readonly #byId = new Map<ShortChannelId, readonly Candidate[]>()
  readonly #ofPeer = new Map<string, number>()
  /** How many candidates name a node, and its latest announcement. */
  readonly #nodes = new Map<string, { count: number; announcement?: Heard<NodeAnnouncement> }>()
  #size = 0

  get size(): number {
    return this.#size
  }

  ofPeer(peer: string): number {
    return this.#ofPeer.get(peer) ?? 0
  }

  of(shortChannelId: ShortChannelId): readonly Candidate[] {
    return this.#byId.get(shortChannelId) ?? NONE
  }

  /** `undefined` when too many wait already. */
  add(peer: string, announcement: Heard<ChannelAnnouncement>, since: number): Candidate | undefined {
    const { shortChannelId, nodeId1, nodeId2 } = announcement.message
    const others = this.of(shortChannelId)
    const ofPeer = this.#ofPeer.get(peer) ?? 0
    if (this.#size >= MAX_IN_ALL || ofPeer >= MAX_PER_PEER || others.length >= MAX_PER_CHANNEL) return undefined
    const candidate: Candidate = {
      peer,
      announcement,
      state: 'checking',
      known: { shortChannelId, nodeIds: [nodeId1, nodeId2], capacitySat: 0n, since, updates: [undefined, undefined] },
      updates: [undefined, undefined],
    }
    this.#byId.set(shortChannelId, [...others, candidate])
    this.#ofPeer.set(peer, ofPeer + 1)
    this.#size++
    for (const nodeId of candidate.known.nodeIds) {
      const name = toHex(nodeId)
      const node = this.#nodes.get(name)
      if (node === undefined) this.#nodes.set(name, { count: 1 })
      else node.count++
    }
    return candidate
  }

  /** It is not a candidate any more. */
  drop(candidate: Candidate): void {
    const { shortChannelId, nodeIds } = candidate.known
    const others = this.of(shortChannelId).filter((other) => other !== candidate)
    if (others.length === this.of(shortChannelId).length) return
    candidate.state = 'dropped'
    if (others.length > 0) this.#byId.set(shortChannelId, others)
    else this.#byId.delete(shortChannelId)
    this.#size--
    const ofPeer = (this.#ofPeer.get(candidate.peer) ?? 0) - 1
    if (ofPeer > 0) this.#ofPeer.set(candidate.peer, ofPeer)
    else this.#ofPeer.delete(candidate.peer)
    for (const nodeId of nodeIds) {
      const name = toHex(nodeId)
      const node = this.#nodes.get(name)
      if (node !== undefined && --node.count === 0) this.#nodes.delete(name)
    }
  }

  /** What the rules ask about a node that only candidates name. */
  node(nodeId: NodeId): KnownNode | undefined {
    const node = this.#nodes.get(toHex(nodeId))
    return node && { ...(node.announcement && { timestamp: node.announcement.message.timestamp }) }
  }

  /** Keeps an announcement until a channel of its node is in the graph. Its signature is valid. */
  keepNode(announcement: Heard<NodeAnnouncement>): void {
    const node = this.#nodes.get(toHex(announcement.message.nodeId))
    if (node === undefined) return
    const { timestamp = -1 } = node.announcement?.message ?? {}
    if (announcement.message.timestamp > timestamp) node.announcement = announcement
  }

  /** What was kept of a node. */
  nodeAnnouncement(nodeId: NodeId): Heard<NodeAnnouncement> | undefined {
    return this.#nodes.get(toHex(nodeId))?.announcement
  }
}
