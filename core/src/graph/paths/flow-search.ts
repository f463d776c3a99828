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
/** No payment that can be made needs so many steps; each is a search. */
const MAX_STEPS = 400
const NONE: readonly number[] = []

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
 * shortest paths; Pickhardt and Richter, arXiv 2107.05322). A step may take back what an earlier one has sent. Potentials keep the costs
 * that a search sees from being negative, and lead every search but the first straight to its end.
 *
 * The flow knows no fees on fees, no least amounts of HTLCs and no number of hops: who splits it into paths reckons those. What a
 * base fee and a hop cost is spread over `partMsat`.
 *
 * The arrays are made once and used for every search.
 */
export class FlowSearch {
  #distance = new Float64Array(0)
  #potential = new Float64Array(0)
  /** An edge to go over, or ~edge to take back from. */
  #next = new Int32Array(0)
  #done = new Uint8Array(0)
  #heap = new NodeHeap(this.#distance)
  #carried = new Float64Array(0)
  /** The edges that carry something of the flow, by the node that they lead from. */
  readonly #flowing = new Map<number, number[]>()
  readonly #touched: number[] = []
  readonly #edge: EdgeRead = { lower: 0, upper: 0, most: 0, rate: 0, factor: 1 }
  readonly #piece: Piece = { cost: 0, room: 0 }

  #prices: Prices = { perMsatAndBlock: 0, perHop: 0, perNat: 0 }
  #partMsat = 1
  #used: ReadonlyMap<number, number> = new Map()

  /** As much of the amount as can be sent, besides what is in `used`. */
  run(terrain: Terrain, amount: number, used: ReadonlyMap<number, number>, partMsat: number, prices: Prices): Flow {
    this.#prepare(terrain, used)
    this.#prices = prices
    this.#partMsat = partMsat
    this.#used = used
    let missing = amount
    for (let step = 0; step < MAX_STEPS && missing > 0 && this.#search(terrain); step++)
      missing -= this.#send(terrain, missing)
    const flow = new Map<number, number>()
    for (const edges of this.#flowing.values()) {
      for (const edge of edges) {
        const sent = (this.#carried[edge] as number) - (used.get(edge) ?? 0)
        if (sent > 0) flow.set(edge, sent)
      }
    }
    for (const edge of this.#touched) this.#carried[edge] = 0
    return flow
  }

  #prepare({ nodeCount, edgeCount, extra }: Terrain, used: ReadonlyMap<number, number>): void {
    if (nodeCount > this.#distance.length) {
      const length = nodeCount + 1_024
      this.#distance = new Float64Array(length)
      this.#potential = new Float64Array(length)
      this.#next = new Int32Array(length)
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

  /** Finds the cheapest way to send more, and brings the potentials up to date. */
  #search(terrain: Terrain): boolean {
    const { source, target, nodeCount, closedNodes } = terrain
    const distance = this.#distance
    const potential = this.#potential
    this.#heap.clear()
    distance.fill(Number.POSITIVE_INFINITY, 0, nodeCount)
    this.#done.fill(0, 0, nodeCount)
    for (const node of closedNodes) distance[node] = Number.NEGATIVE_INFINITY
    distance[target] = 0
    this.#heap.cheaper(target)
    for (;;) {
      const node = this.#heap.take()
      if (node < 0) return false
      this.#done[node] = 1
      if (node === source) break
      this.#expand(terrain, node)
    }
    const farthest = distance[source] as number
    for (let node = 0; node < nodeCount; node++) {
      const near = this.#done[node] === 1 ? (distance[node] as number) : farthest
      potential[node] = (potential[node] as number) + near
    }
    return true
  }

  #expand(terrain: Terrain, to: number): void {
    const { snapshot, open, extraInto, extra, edgeCount } = terrain
    const { nodeRows, ends, incoming, incomingStart } = snapshot.topology
    const distance = this.#distance
    const here = distance[to] as number
    for (const place of extraInto.get(to) ?? NONE) {
      const edge = extra[place] as ExtraEdge
      if ((distance[edge.from] as number) <= here) continue
      this.#pieceAhead(terrain, edgeCount + place)
      this.#reach(edge.from, to, edgeCount + place)
    }
    if (to < nodeRows) {
      const end = incomingStart[to + 1] as number
      for (let i = incomingStart[to] as number; i < end; i++) {
        const edge = incoming[i] as number
        if (((open[edge] as number) & USABLE) === 0) continue
        const from = ends[edge] as number
        if ((distance[from] as number) <= here) continue
        this.#pieceAhead(terrain, edge)
        this.#reach(from, to, edge)
      }
    }
    for (const edge of this.#flowing.get(to) ?? NONE) {
      this.#pieceBehind(terrain, edge)
      this.#reach(this.#endOf(terrain, edge), to, ~edge)
    }
  }

  #reach(from: number, to: number, edge: number): void {
    const { cost, room } = this.#piece
    if (room <= 0) return
    const potential = this.#potential
    // Less than nothing only by rounding.
    const reduced = Math.max(cost - (potential[from] as number) + (potential[to] as number), 0)
    const distance = (this.#distance[to] as number) + reduced
    if (!(distance < (this.#distance[from] as number)) || this.#done[from] === 1) return
    this.#distance[from] = distance
    this.#next[from] = edge
    this.#heap.cheaper(from)
  }

  /** Sends along the way that was found until a piece on it ends. */
  #send(terrain: Terrain, missing: number): number {
    const { source, target } = terrain
    let amount = missing
    for (let at = source; at !== target; ) {
      const edge = this.#next[at] as number
      if (edge >= 0) this.#pieceAhead(terrain, edge)
      else this.#pieceBehind(terrain, ~edge)
      amount = Math.min(amount, this.#piece.room)
      at = edge >= 0 ? this.#endOf(terrain, edge) : this.#startOf(terrain, ~edge)
    }
    for (let at = source; at !== target; ) {
      const edge = this.#next[at] as number
      if (edge >= 0) {
        this.#carry(edge, at, amount)
        at = this.#endOf(terrain, edge)
      } else {
        this.#carried[~edge] = (this.#carried[~edge] as number) - amount
        at = this.#startOf(terrain, ~edge)
      }
    }
    return amount
  }

  #carry(edge: number, from: number, amount: number): void {
    const edges = this.#flowing.get(from) ?? []
    if (edges.length === 0) this.#flowing.set(from, edges)
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

  #read({ snapshot, liquidity, factors, source, edgeCount, extra }: Terrain, edge: number): void {
    const read = this.#edge
    if (edge >= edgeCount) {
      const asked = extra[edge - edgeCount] as ExtraEdge
      read.lower = asked.lower
      read.upper = asked.upper
      read.most = asked.htlcMinimumMsat > this.#partMsat ? 0 : asked.htlcMaximumMsat
      read.rate = this.#rate(asked.feeBaseMsat, asked.feeProportionalMillionths, asked.cltvExpiryDelta)
      read.factor = 1
      return
    }
    const { topology, policies } = snapshot
    const most = policies.htlcMaximumMsat[edge] as number
    const slot = liquidity.slots[edge] as number
    read.lower = slot === 0 ? 0 : (liquidity.lower[slot] as number)
    read.upper = slot === 0 ? topology.channels.capacityMsat[edge >> 1] || most : (liquidity.upper[slot] as number)
    read.most = (policies.htlcMinimumMsat[edge] as number) > this.#partMsat ? 0 : most
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
