import { USABLE } from '../snapshot.ts'
import type { Prices } from './cost.ts'
import { NodeHeap } from './node-heap.ts'
import type { ExtraEdge, Terrain } from './terrain.ts'

/**
 * −ln of an edge's probability is convex in what is sent over it. It is cut into straight pieces, from one of these parts of what is
 * uncertain to the next, each with its slope: a step along a piece costs the same everywhere on it.
 */
const PIECE_ENDS = [0.25, 0.5, 0.7, 0.85, 0.95, 1] as const
/** −ln(1 − x) at the ends; at the last it is that of a few parts in 10^9, not infinite. */
const SURPRISES = [...PIECE_ENDS.slice(0, -1).map((end) => -Math.log1p(-end)), 20] as const
const SLOPES = PIECE_ENDS.map(
  (end, i) => ((SURPRISES[i] as number) - (SURPRISES[i - 1] ?? 0)) / (end - (PIECE_ENDS[i - 1] ?? 0)),
)
const NONE: readonly number[] = []

/** What a search may still cost: edges to look at. It is counted, and not timed, so that the same question has the same answer. */
export interface Effort {
  looks: number
}

/** What a flow sends over each edge, in msat. */
export type Flow = ReadonlyMap<number, number>

/** What is known of an edge, without an object for each. `rate` is what a msat costs, surprises aside. */
interface EdgeRead {
  lower: number
  upper: number
  most: number
  rate: number
  factor: number
}

/** What a msat costs, and for how many. */
interface Piece {
  cost: number
  room: number
}

/**
 * The cheapest flow from the source to the destination, by the cheapest path again and again in what the flow so far leaves (successive
 * shortest paths; Pickhardt and Richter, arXiv 2107.05322). A step may take back what an earlier one has sent.
 *
 * A first search finds how far each node is from the destination. These potentials lead the other searches, which begin at the source, nearly
 * straight to the destination, and keep the costs that they see from being negative.
 *
 * The flow knows no fees on fees, no inbound fees, no least amounts of HTLCs and no number of hops: who splits it into paths reckons
 * those. What a base fee and a hop cost is spread over `partMsat`.
 *
 * The arrays are made once and used for every search.
 */
export class FlowSearch {
  #distance = new Float64Array(0)
  /** How far it is from a node to the destination, or a part of it. */
  #potential = new Float64Array(0)
  /** What leads to a node: an edge, or ~edge to take back from. */
  #before = new Int32Array(0)
  #done = new Uint8Array(0)
  #heap = new NodeHeap(this.#distance)
  #carried = new Float64Array(0)
  /** The edges that carry something of the flow, by the node that they lead to. */
  readonly #flowing = new Map<number, number[]>()
  readonly #touched: number[] = []
  readonly #edge: EdgeRead = { lower: 0, upper: 0, most: 0, rate: 0, factor: 1 }
  readonly #piece: Piece = { cost: 0, room: 0 }

  #prices: Prices = { perMsatAndBlock: 0, perHop: 0, perNat: 0 }
  #partMsat = 1
  #used: ReadonlyMap<number, number> = new Map()
  #effort: Effort = { looks: 0 }

  /** As much of the amount as can be sent, besides what is in `used`; less if the effort runs out. */
  run(
    terrain: Terrain,
    amount: number,
    used: ReadonlyMap<number, number>,
    partMsat: number,
    prices: Prices,
    effort: Effort,
  ): Flow {
    this.#prepare(terrain, used)
    this.#effort = effort
    this.#prices = prices
    this.#partMsat = partMsat
    this.#used = used
    let missing = amount
    if (this.#findPotentials(terrain)) {
      while (missing > 0 && effort.looks > 0 && this.#findWay(terrain)) missing -= this.#send(terrain, missing)
    }
    const flow = new Map<number, number>()
    for (const edge of [...this.#flowing.values()].flat()) {
      const sent = (this.#carried[edge] as number) - (used.get(edge) ?? 0)
      if (sent > 0) flow.set(edge, sent)
    }
    for (const edge of this.#touched) this.#carried[edge] = 0
    return flow
  }

  #prepare({ nodeCount, edgeCount, extra }: Terrain, used: ReadonlyMap<number, number>): void {
    if (nodeCount > this.#distance.length) {
      const length = nodeCount + 1_024
      this.#distance = new Float64Array(length)
      this.#potential = new Float64Array(length)
      this.#before = new Int32Array(length)
      this.#done = new Uint8Array(length)
      this.#heap = new NodeHeap(this.#distance)
    }
    const edges = edgeCount + extra.length
    if (edges > this.#carried.length) this.#carried = new Float64Array(edges + 1_024)
    this.#potential.fill(0, 0, nodeCount)
    this.#flowing.clear()
    this.#touched.length = 0
    for (const [edge, amount] of used) {
      this.#carried[edge] = amount
      this.#touched.push(edge)
    }
  }

  #begin({ nodeCount, closedNodes }: Terrain, at: number): void {
    this.#heap.clear()
    this.#distance.fill(Number.POSITIVE_INFINITY, 0, nodeCount)
    this.#done.fill(0, 0, nodeCount)
    for (const node of closedNodes) this.#distance[node] = Number.NEGATIVE_INFINITY
    this.#distance[at] = 0
    this.#heap.cheaper(at)
  }

  /** From the destination back to the source; whether there is a way. Nodes that are farther away count as being as far as the source. */
  #findPotentials(terrain: Terrain): boolean {
    const { source, target, nodeCount } = terrain
    this.#begin(terrain, target)
    for (let node = this.#heap.take(); node !== source; node = this.#heap.take()) {
      if (node < 0) return false
      this.#done[node] = 1
      this.#lookBack(terrain, node)
    }
    const farthest = this.#distance[source] as number
    for (let node = 0; node < nodeCount; node++) {
      this.#potential[node] = this.#done[node] === 1 ? (this.#distance[node] as number) : farthest
    }
    return true
  }

  #lookBack(terrain: Terrain, to: number): void {
    const { snapshot, open, extraInto, extra, edgeCount } = terrain
    const { nodeRows, ends, incoming, incomingStart } = snapshot.topology
    const distance = this.#distance
    const here = distance[to] as number
    for (const place of extraInto.get(to) ?? NONE) {
      const { from } = extra[place] as ExtraEdge
      if ((distance[from] as number) <= here) continue
      this.#pieceAhead(terrain, edgeCount + place)
      this.#reach(to, from, edgeCount + place)
    }
    if (to >= nodeRows) return
    const end = incomingStart[to + 1] as number
    this.#effort.looks -= end - (incomingStart[to] as number)
    for (let i = incomingStart[to] as number; i < end; i++) {
      const edge = incoming[i] as number
      const from = ends[edge] as number
      if ((distance[from] as number) <= here || ((open[edge] as number) & USABLE) === 0) continue
      this.#pieceAhead(terrain, edge)
      this.#reach(to, from, edge)
    }
  }

  /** The cheapest way for more, from the source on. */
  #findWay(terrain: Terrain): boolean {
    const { source, target, nodeCount } = terrain
    this.#begin(terrain, source)
    for (let node = this.#heap.take(); node !== target; node = this.#heap.take()) {
      if (node < 0) return false
      this.#done[node] = 1
      this.#lookOn(terrain, node)
    }
    const farthest = this.#distance[target] as number
    for (let node = 0; node < nodeCount; node++) {
      if (this.#done[node] === 0) continue
      this.#potential[node] = (this.#potential[node] as number) + farthest - (this.#distance[node] as number)
    }
    return true
  }

  #lookOn(terrain: Terrain, from: number): void {
    const { snapshot, open, extraOutOf, extra, edgeCount } = terrain
    const { nodeRows, ends, incoming, incomingStart } = snapshot.topology
    const distance = this.#distance
    const here = distance[from] as number
    for (const place of extraOutOf.get(from) ?? NONE) {
      const { to } = extra[place] as ExtraEdge
      if ((distance[to] as number) <= here) continue
      this.#pieceAhead(terrain, edgeCount + place)
      this.#reach(from, to, edgeCount + place)
    }
    if (from < nodeRows) {
      const end = incomingStart[from + 1] as number
      this.#effort.looks -= end - (incomingStart[from] as number)
      for (let i = incomingStart[from] as number; i < end; i++) {
        // What leads out of a node are the opposites of what leads to it.
        const edge = (incoming[i] as number) ^ 1
        const to = ends[edge ^ 1] as number
        if ((distance[to] as number) <= here || ((open[edge] as number) & USABLE) === 0) continue
        this.#pieceAhead(terrain, edge)
        this.#reach(from, to, edge)
      }
    }
    for (const edge of this.#flowing.get(from) ?? NONE) {
      this.#pieceBehind(terrain, edge)
      this.#reach(from, this.#startOf(terrain, edge), ~edge)
    }
  }

  #reach(at: number, next: number, edge: number): void {
    const { cost, room } = this.#piece
    if (room <= 0 || this.#done[next] === 1) return
    // Less than nothing only by rounding.
    const reduced = Math.max(cost - (this.#potential[at] as number) + (this.#potential[next] as number), 0)
    const distance = (this.#distance[at] as number) + reduced
    if (!(distance < (this.#distance[next] as number))) return
    this.#distance[next] = distance
    this.#before[next] = edge
    this.#heap.cheaper(next)
  }

  /** Sends along the way that was found until a piece on it ends. */
  #send(terrain: Terrain, missing: number): number {
    let amount = missing
    for (const edge of this.#way(terrain)) {
      if (edge >= 0) this.#pieceAhead(terrain, edge)
      else this.#pieceBehind(terrain, ~edge)
      amount = Math.min(amount, this.#piece.room)
    }
    for (const edge of this.#way(terrain)) {
      if (edge >= 0) this.#carry(terrain, edge, amount)
      else this.#carried[~edge] = (this.#carried[~edge] as number) - amount
    }
    return amount
  }

  *#way(terrain: Terrain): Generator<number> {
    for (let at = terrain.target; at !== terrain.source; ) {
      const edge = this.#before[at] as number
      yield edge
      at = edge >= 0 ? this.#startOf(terrain, edge) : this.#endOf(terrain, ~edge)
    }
  }

  #carry(terrain: Terrain, edge: number, amount: number): void {
    const to = this.#endOf(terrain, edge)
    const edges = this.#flowing.get(to) ?? []
    if (edges.length === 0) this.#flowing.set(to, edges)
    if (!edges.includes(edge)) {
      edges.push(edge)
      this.#touched.push(edge)
    }
    this.#carried[edge] = (this.#carried[edge] as number) + amount
  }

  /** What one more msat costs, and how many it costs that for. */
  #pieceAhead(terrain: Terrain, edge: number): void {
    this.#read(terrain, edge)
    const { lower, upper, most } = this.#edge
    const carried = this.#carried[edge] as number
    const range = upper - lower
    let piece = -1
    let end = lower
    while (end <= carried && piece < PIECE_ENDS.length - 1)
      end = lower + Math.floor((PIECE_ENDS[++piece] as number) * range)
    this.#setPiece(Math.min(end, most) - carried, piece)
  }

  /** What it saves to take one msat back, and how many it saves that for: what was sent last goes first. */
  #pieceBehind(terrain: Terrain, edge: number): void {
    this.#read(terrain, edge)
    const { lower, upper } = this.#edge
    const carried = this.#carried[edge] as number
    const sent = carried - (this.#used.get(edge) ?? 0)
    const range = upper - lower
    let piece = -1
    let start = 0
    for (let end = lower; end < carried && piece < PIECE_ENDS.length - 1; ) {
      start = end
      end = lower + Math.floor((PIECE_ENDS[++piece] as number) * range)
    }
    this.#setPiece(Math.min(carried - start, sent), piece)
    this.#piece.cost = -this.#piece.cost
  }

  #setPiece(room: number, piece: number): void {
    const { lower, upper, rate, factor } = this.#edge
    const surprise = piece < 0 ? 0 : (this.#prices.perNat * (SLOPES[piece] as number)) / (upper - lower)
    const cost = (rate + surprise) * factor
    this.#piece.cost = cost
    this.#piece.room = Number.isFinite(cost) ? room : 0
  }

  #read({ snapshot, liquidity, factors, source, edgeCount, extra, repeats }: Terrain, edge: number): void {
    const read = this.#edge
    if (edge >= edgeCount) {
      const asked = extra[edge - edgeCount] as ExtraEdge
      read.lower = asked.lower
      read.upper = asked.upper
      read.most = this.#most(asked.htlcMinimumMsat, asked.htlcMaximumMsat, repeats)
      read.rate = this.#rate(asked.feeBaseMsat, asked.feeProportionalMillionths, asked.cltvExpiryDelta)
      read.factor = asked.factor
      return
    }
    const { topology, policies } = snapshot
    const most = policies.htlcMaximumMsat[edge] as number
    const slot = liquidity.slots[edge] as number
    read.lower = slot === 0 ? 0 : (liquidity.lower[slot] as number)
    read.upper = slot === 0 ? topology.channels.capacityMsat[edge >> 1] || most : (liquidity.upper[slot] as number)
    read.most = this.#most(policies.htlcMinimumMsat[edge] as number, most, repeats)
    read.factor = factors === undefined ? 1 : (factors[edge] as number)
    read.rate =
      topology.ends[edge] === source
        ? this.#rate(0, 0, 0)
        : this.#rate(
            policies.feeBaseMsat[edge] as number,
            policies.feeProportionalMillionths[edge] as number,
            policies.cltvExpiryDelta[edge] as number,
          )
  }

  /** What an edge may carry in all, as far as its node limits it. */
  #most(htlcMinimum: number, htlcMaximum: number, repeats: boolean): number {
    if (htlcMinimum > this.#partMsat || htlcMaximum < Math.max(htlcMinimum, 1)) return 0
    return repeats ? Number.POSITIVE_INFINITY : htlcMaximum
  }

  #rate(feeBase: number, feeMillionths: number, cltv: number): number {
    const { perMsatAndBlock, perHop } = this.#prices
    return feeMillionths / 1e6 + perMsatAndBlock * cltv + (feeBase + perHop) / this.#partMsat
  }

  #startOf({ snapshot, edgeCount, extra }: Terrain, edge: number): number {
    return edge < edgeCount ? (snapshot.topology.ends[edge] as number) : (extra[edge - edgeCount] as ExtraEdge).from
  }

  #endOf({ snapshot, edgeCount, extra }: Terrain, edge: number): number {
    return edge < edgeCount ? (snapshot.topology.ends[edge ^ 1] as number) : (extra[edge - edgeCount] as ExtraEdge).to
  }
}
