import { toHex } from '../../lib/bytes.ts'
import type { NodeId, ShortChannelId } from '../../lib/ids.ts'
import type { Msat } from '../../lib/units.ts'
import {
  type Direction,
  findChannel,
  findNode,
  type GraphSnapshot,
  MAX_AMOUNT_MSAT,
  nodeAt,
  USABLE,
} from '../snapshot.ts'
import type { Bounds, LearntDirection, LiquidityBook, LiquidityView } from './liquidity.ts'
import type { BlindedWay, HintedHop, OwnChannelEnd, PathQuestion } from './path-question.ts'
import { factorFor } from './weights.ts'

/** An edge that the graph has not, or has otherwise: an own channel, a hint's, a corrected one, a blinded way. Amounts in msat. */
export interface ExtraEdge {
  readonly from: number
  readonly to: number
  readonly shortChannelId: ShortChannelId | undefined
  readonly feeBaseMsat: number
  readonly feeProportionalMillionths: number
  readonly cltvExpiryDelta: number
  readonly htlcMinimumMsat: number
  readonly htlcMaximumMsat: number
  /** What it is known to carry. */
  readonly lower: number
  readonly upper: number
  readonly inboundFeeBaseMsat: number
  readonly inboundFeeProportionalMillionths: number
  /** What its cost is multiplied by. */
  readonly factor: number
  /** The place among the own channels, or the blinded ways. */
  readonly own: number | undefined
  readonly blinded: number | undefined
}

/** The graph with what one question adds to it and takes from it. Its extra nodes and edges are numbered after the graph's. */
export interface Terrain {
  readonly snapshot: GraphSnapshot
  readonly liquidity: LiquidityView
  readonly nodeCount: number
  readonly edgeCount: number
  readonly source: number
  readonly target: number
  /** Whether the last edges are blinded ways: what those ask for is all that their first nodes ask for, inbound fees included. */
  readonly blinded: boolean
  /** Nodes that no path goes through. */
  readonly closedNodes: readonly number[]
  /** By edge of the graph: its flags, without `USABLE` if no path may go over it. */
  readonly open: Uint8Array
  /** By edge of the graph: what its cost is multiplied by. */
  readonly factors: Float32Array | undefined
  readonly extra: readonly ExtraEdge[]
  /** Of extra nodes, where they have one. */
  readonly strangers: ReadonlyMap<number, NodeId>
  /** By node: the extra edges that lead to it, and from it, by their place in `extra`. */
  readonly extraInto: ReadonlyMap<number, readonly number[]>
  readonly extraOutOf: ReadonlyMap<number, readonly number[]>
  /** By edge: what is under way over it. */
  readonly used: ReadonlyMap<number, number>
  /**
   * Whether parts may carry more over an edge together than each of them may by its `htlc_maximum_msat`. Many nodes say by that how much
   * they have, so that more is only asked of them where nothing else leads on.
   */
  readonly repeats: boolean
  readonly excluded: { readonly nodes: number; readonly directions: number }
}

/** A payee knows that its hints, and the ways that it has blinded, carry what it asks for; this is how sure we are of it. */
const HINTED_CAPACITIES = 10

const NO_INBOUND_FEE = { inboundFeeBaseMsat: 0, inboundFeeProportionalMillionths: 0 } as const
const NEITHER = { own: undefined, blinded: undefined } as const

/** Lays a question over the graph. */
export const terrainFor = (
  question: PathQuestion,
  snapshot: GraphSnapshot,
  book: LiquidityBook,
  factors: Float32Array | undefined,
): Terrain => new Survey(question, snapshot, book, factors).terrain()

class Survey {
  readonly #question: PathQuestion
  readonly #snapshot: GraphSnapshot
  readonly #book: LiquidityBook
  readonly #factors: Float32Array | undefined
  readonly #open: Uint8Array
  readonly #extra: ExtraEdge[] = []
  readonly #extraInto = new Map<number, number[]>()
  readonly #extraOutOf = new Map<number, number[]>()
  readonly #strangers = new Map<string, number>()
  readonly #strangerIds = new Map<number, NodeId>()
  readonly #closedNodes = new Set<number>()
  #directions = 0
  #nodeCount: number

  constructor(question: PathQuestion, snapshot: GraphSnapshot, book: LiquidityBook, factors: Float32Array | undefined) {
    this.#question = question
    this.#snapshot = snapshot
    this.#book = book
    this.#factors = factors
    this.#nodeCount = snapshot.topology.nodeRows
    this.#open = snapshot.policies.flags.slice()
  }

  terrain(): Terrain {
    const { target, ownChannels, source } = this.#question
    const start = ownChannels === undefined ? this.#node(source) : this.#newNode()
    const end = target.type === 'node' ? this.#node(target.nodeId) : this.#newNode()
    this.#closeChannels()
    this.#closeLast(end)
    this.#addCorrections()
    if (target.type === 'node') for (const hint of target.hints) this.#addHint(hint, target.nodeId, end)
    else for (const [i, way] of target.ways.entries()) this.#addBlinded(way, i, end)
    for (const [i, channel] of (ownChannels ?? []).entries()) this.#addOwn(channel, i, start)
    this.#closeNodes(end)
    return {
      snapshot: this.#snapshot,
      liquidity: this.#book.view(this.#snapshot, this.#question.now, this.#question.learntSince),
      nodeCount: this.#nodeCount,
      edgeCount: this.#open.length,
      source: start,
      target: end,
      blinded: target.type === 'blinded',
      closedNodes: [...this.#closedNodes],
      open: this.#open,
      factors: this.#factors,
      extra: this.#extra,
      strangers: this.#strangerIds,
      extraInto: this.#extraInto,
      extraOutOf: this.#extraOutOf,
      used: this.#inFlight(),
      repeats: false,
      excluded: { nodes: this.#closedNodes.size, directions: this.#directions },
    }
  }

  #newNode(): number {
    return this.#nodeCount++
  }

  #node(nodeId: NodeId): number {
    const known = findNode(this.#snapshot.topology, nodeId)
    if (known >= 0) return known
    const name = toHex(nodeId)
    const met = this.#strangers.get(name)
    if (met !== undefined) return met
    const stranger = this.#newNode()
    this.#strangers.set(name, stranger)
    this.#strangerIds.set(stranger, nodeId)
    return stranger
  }

  /** The edge of the graph from the node over the channel, or -1. */
  #edgeFrom(from: NodeId, scid: ShortChannelId): number {
    const { topology } = this.#snapshot
    const channel = findChannel(topology, scid)
    if (channel < 0) return -1
    const node = findNode(topology, from)
    return [channel * 2, channel * 2 + 1].find((edge) => topology.ends[edge] === node) ?? -1
  }

  #close(edge: number): void {
    if (!this.#isOpen(edge)) return
    this.#open[edge] = 0
    this.#directions++
  }

  #isOpen(edge: number): boolean {
    return ((this.#open[edge] as number) & USABLE) !== 0
  }

  #closeChannels(): void {
    for (const { shortChannelId, from } of this.#question.excludedChannels) {
      const channel = findChannel(this.#snapshot.topology, shortChannelId)
      if (channel < 0) continue
      if (from === undefined || this.#edgeFrom(from, shortChannelId) === channel * 2) this.#close(channel * 2)
      if (from === undefined || this.#edgeFrom(from, shortChannelId) === channel * 2 + 1) this.#close(channel * 2 + 1)
    }
  }

  #closeLast(end: number): void {
    const { incomingStart, incoming, channels, nodeRows } = this.#snapshot.topology
    if (end >= nodeRows) return
    for (const edge of incoming.subarray(incomingStart[end], incomingStart[end + 1])) {
      if (!this.#mayBeLast(channels.shortChannelId[edge >> 1] as bigint)) this.#open[edge] = 0
    }
  }

  /** A circle does not come back over a channel that it can begin with. */
  #mayBeLast(scid: ShortChannelId): boolean {
    const { lastChannels, ownChannels } = this.#question
    if (lastChannels?.includes(scid) === false) return false
    return ownChannels === undefined || !ownChannels.some(({ shortChannelId }) => shortChannelId === scid)
  }

  #closeNodes(end: number): void {
    const { source, ownChannels, excludedNodes } = this.#question
    for (const nodeId of excludedNodes) {
      const node = this.#node(nodeId)
      if (node !== end) this.#closedNodes.add(node)
    }
    // The own channels are all that lead out of the source.
    const here = ownChannels === undefined ? -1 : findNode(this.#snapshot.topology, source)
    if (here >= 0 && here !== end) this.#closedNodes.add(here)
  }

  #isExcluded(from: NodeId, scid: ShortChannelId): boolean {
    return this.#question.excludedChannels.some(
      (excluded) =>
        excluded.shortChannelId === scid && (excluded.from === undefined || toHex(excluded.from) === toHex(from)),
    )
  }

  /** An own or corrected channel is weighed as the graph has it. */
  #factorOf(edge: number): number {
    return edge < 0 ? 1 : (this.#factors?.[edge] ?? 1)
  }

  #addEdge(edge: ExtraEdge): void {
    // What leads from a node to itself only costs. Nothing enters the source, or leaves the destination.
    if (edge.from === edge.to) return
    append(this.#extraInto, edge.to, this.#extra.length)
    append(this.#extraOutOf, edge.from, this.#extra.length)
    this.#extra.push(edge)
  }

  #addCorrections(): void {
    const { topology, policies } = this.#snapshot
    for (const correction of this.#question.corrections) {
      const edge = this.#edgeFrom(correction.nodeId, correction.shortChannelId)
      if (edge < 0 || !this.#isOpen(edge)) continue
      this.#open[edge] = 0
      const capacity = topology.channels.capacityMsat[edge >> 1] as number
      const htlcMaximumMsat = policies.htlcMaximumMsat[edge] as number
      const name = { shortChannelId: correction.shortChannelId, direction: (edge & 1) as Direction }
      this.#addEdge({
        ...correction,
        ...NEITHER,
        from: topology.ends[edge] as number,
        to: topology.ends[edge ^ 1] as number,
        htlcMinimumMsat: policies.htlcMinimumMsat[edge] as number,
        htlcMaximumMsat,
        ...this.#bounds(name, capacity || htlcMaximumMsat),
        inboundFeeBaseMsat: policies.inboundFeeBaseMsat[edge ^ 1] as number,
        inboundFeeProportionalMillionths: policies.inboundFeeProportionalMillionths[edge ^ 1] as number,
        factor: this.#factorOf(edge),
      })
    }
  }

  #addHint(hint: readonly HintedHop[], destination: NodeId, end: number): void {
    const { corrections, source, ownChannels } = this.#question
    for (const [i, hop] of hint.entries()) {
      const { nodeId, shortChannelId } = hop
      const next = hint[i + 1]?.nodeId ?? destination
      const to = this.#node(next)
      if (to === end && !this.#mayBeLast(shortChannelId)) continue
      if (ownChannels !== undefined && toHex(nodeId) === toHex(source)) continue
      if (this.#isExcluded(nodeId, shortChannelId)) continue
      // What the node itself has told everybody is newer than what the payee says of it.
      const edge = this.#edgeFrom(nodeId, shortChannelId)
      if (edge >= 0 && ((this.#snapshot.policies.flags[edge] as number) & USABLE) !== 0) continue
      const correction = corrections.find(
        (one) => one.shortChannelId === shortChannelId && toHex(one.nodeId) === toHex(nodeId),
      )
      const direction = directionOf(nodeId, next)
      this.#addEdge({
        ...(correction ?? hop),
        ...NEITHER,
        ...NO_INBOUND_FEE,
        from: this.#node(nodeId),
        to,
        htlcMinimumMsat: 0,
        htlcMaximumMsat: MAX_AMOUNT_MSAT,
        ...this.#bounds({ shortChannelId, direction }, this.#assumedCapacity()),
        factor: factorFor(this.#question.weights ?? [], { from: nodeId, to: next, shortChannelId }),
      })
    }
  }

  #addBlinded(way: BlindedWay, blinded: number, end: number): void {
    this.#addEdge({
      ...way,
      ...NO_INBOUND_FEE,
      from: this.#node(way.introductionNodeId),
      to: end,
      shortChannelId: undefined,
      htlcMinimumMsat: numeric(way.htlcMinimumMsat),
      htlcMaximumMsat: numeric(way.htlcMaximumMsat),
      lower: 0,
      upper: this.#assumedCapacity(),
      factor: 1,
      own: undefined,
      blinded,
    })
  }

  #addOwn(
    { remoteNodeId, shortChannelId, spendableMsat, htlcMinimumMsat }: OwnChannelEnd,
    own: number,
    start: number,
  ): void {
    const { source } = this.#question
    if (shortChannelId !== undefined && this.#isExcluded(source, shortChannelId)) return
    const spendable = numeric(spendableMsat)
    const edge = shortChannelId === undefined ? -1 : this.#edgeFrom(source, shortChannelId)
    const { policies } = this.#snapshot
    const unannounced = { from: source, to: remoteNodeId, ...(shortChannelId === undefined ? {} : { shortChannelId }) }
    this.#addEdge({
      from: start,
      to: this.#node(remoteNodeId),
      shortChannelId,
      feeBaseMsat: 0,
      feeProportionalMillionths: 0,
      cltvExpiryDelta: 0,
      htlcMinimumMsat: numeric(htlcMinimumMsat),
      htlcMaximumMsat: spendable,
      lower: spendable,
      upper: spendable,
      inboundFeeBaseMsat: edge < 0 ? 0 : (policies.inboundFeeBaseMsat[edge ^ 1] as number),
      inboundFeeProportionalMillionths: edge < 0 ? 0 : (policies.inboundFeeProportionalMillionths[edge ^ 1] as number),
      factor: edge < 0 ? factorFor(this.#question.weights ?? [], unannounced) : this.#factorOf(edge),
      own,
      blinded: undefined,
    })
  }

  #bounds(name: LearntDirection, capacity: number): Bounds {
    const { now, learntSince } = this.#question
    return this.#book.bounds(name, capacity, now, learntSince)
  }

  #assumedCapacity(): number {
    return Number(this.#question.amountMsat) * HINTED_CAPACITIES
  }

  /** A correction, or a hint, takes the place of what the graph has. */
  #edgeOver(from: NodeId, shortChannelId: ShortChannelId): number {
    const node = this.#node(from)
    const place = this.#extra.findIndex(
      (edge) => edge.own === undefined && edge.from === node && edge.shortChannelId === shortChannelId,
    )
    return place < 0 ? this.#edgeFrom(from, shortChannelId) : this.#open.length + place
  }

  #inFlight(): ReadonlyMap<number, number> {
    const used = new Map<number, number>()
    for (const { from, shortChannelId, amountMsat } of this.#question.inFlight) {
      const edge = this.#edgeOver(from, shortChannelId)
      if (edge >= 0) used.set(edge, (used.get(edge) ?? 0) + numeric(amountMsat))
    }
    return used
  }
}

const numeric = (amount: Msat): number => (amount > MAX_AMOUNT_MSAT ? MAX_AMOUNT_MSAT : Number(amount))

const append = (lists: Map<number, number[]>, node: number, place: number): void => {
  const list = lists.get(node)
  if (list === undefined) lists.set(node, [place])
  else list.push(place)
}

/** BOLT 7: by the order of the node ids. */
const directionOf = (from: NodeId, to: NodeId): Direction => (toHex(from) < toHex(to) ? 0 : 1)

/** An edge of the graph or an extra one, in one form. */
export const edgeOf = ({ snapshot, liquidity, factors, edgeCount, extra }: Terrain, edge: number): ExtraEdge => {
  if (edge >= edgeCount) return extra[edge - edgeCount] as ExtraEdge
  const { topology, policies } = snapshot
  const slot = liquidity.slots[edge] as number
  const most = policies.htlcMaximumMsat[edge] as number
  return {
    ...NEITHER,
    from: topology.ends[edge] as number,
    to: topology.ends[edge ^ 1] as number,
    shortChannelId: topology.channels.shortChannelId[edge >> 1] as bigint,
    feeBaseMsat: policies.feeBaseMsat[edge] as number,
    feeProportionalMillionths: policies.feeProportionalMillionths[edge] as number,
    cltvExpiryDelta: policies.cltvExpiryDelta[edge] as number,
    htlcMinimumMsat: policies.htlcMinimumMsat[edge] as number,
    htlcMaximumMsat: most,
    lower: slot === 0 ? 0 : (liquidity.lower[slot] as number),
    upper: slot === 0 ? topology.channels.capacityMsat[edge >> 1] || most : (liquidity.upper[slot] as number),
    inboundFeeBaseMsat: policies.inboundFeeBaseMsat[edge ^ 1] as number,
    inboundFeeProportionalMillionths: policies.inboundFeeProportionalMillionths[edge ^ 1] as number,
    factor: factors?.[edge] ?? 1,
  }
}

export const nodeIdOf = ({ snapshot, strangers }: Terrain, node: number): NodeId =>
  strangers.get(node) ?? nodeAt(snapshot.topology.nodeIds, node)

/** The same with one edge closed. */
export const withoutEdge = (terrain: Terrain, edge: number): Terrain => {
  const place = edge - terrain.edgeCount
  if (place < 0) return { ...terrain, open: terrain.open.with(edge, 0) }
  return {
    ...terrain,
    extra: terrain.extra.with(place, { ...(terrain.extra[place] as ExtraEdge), htlcMaximumMsat: 0 }),
  }
}
