import { DISCOUNTED, type GraphSnapshot, SURCHARGED, USABLE } from '../snapshot.ts'
import { inboundFee, type Prices, proportionalFee, surpriseBeside } from './cost.ts'
import { NodeHeap } from './node-heap.ts'
import type { ExtraEdge, Terrain } from './terrain.ts'

export interface SearchLimits {
  readonly maxFeeMsat: number
  readonly maxHops: number
  /** Of all that is asked for between the first HTLC and the last. */
  readonly maxCltvExpiryDelta: number
}

/** Relative: sums in another order differ by less. */
const ROUNDING = 1e-12

/**
 * Dijkstra's search from the destination backwards, since what an edge has to carry depends on the fees after it. It keeps for each node the
 * cheapest way on that it has seen: with fees alone that is the best path, with the other costs nearly, for a dearer way may send less.
 *
 * A discount for what comes in over a channel (bLIP 18) is known only when a channel into the node is looked at. A node can turn out to be
 * cheaper after it was thought to be done; it is then done once more, unless the path would come to it twice.
 *
 * The arrays are made once and used for every search.
 */
export class PathSearch {
  #cost = new Float64Array(0)
  /** What a node sends on, and what it asks for that: the two together have to reach it, discounts aside. */
  #sends = new Float64Array(0)
  #fee = new Float64Array(0)
  #cltv = new Float64Array(0)
  #hops = new Uint8Array(0)
  #next = new Int32Array(0)
  #done = new Uint8Array(0)
  /** By what the nodes are taken: the cost, without the fee of a node that may get a discount on it. So no node costs less than one taken before. */
  #key = new Float64Array(0)
  #heap = new NodeHeap(this.#key)
  #discounting: { readonly snapshot: GraphSnapshot; readonly nodes: Uint8Array } | undefined

  #terrain: Terrain | undefined
  #amount = 0
  /** Nodes fewer hops than this from the end ask no inbound fee: the destination, and where blinded ways begin (bLIP 18). */
  #asksNothingMore = 1
  #limits: SearchLimits = { maxFeeMsat: 0, maxHops: 0, maxCltvExpiryDelta: 0 }
  #prices: Prices = { perMsatAndBlock: 0, perHop: 0, perNat: 0 }

  /** The edges of the cheapest path from source to destination that carries the amount, if there is one within the limits. */
  run(terrain: Terrain, amount: number, limits: SearchLimits, prices: Prices): readonly number[] | undefined {
    const { source, target, nodeCount, closedNodes } = terrain
    this.#prepare(nodeCount)
    this.#terrain = terrain
    if (this.#discounting?.snapshot !== terrain.snapshot) this.#discounting = discountingIn(terrain.snapshot)
    this.#amount = amount
    this.#asksNothingMore = terrain.blinded ? 2 : 1
    this.#limits = limits
    this.#prices = prices
    for (const node of closedNodes) this.#cost[node] = Number.NEGATIVE_INFINITY
    this.#cost[target] = 0
    this.#key[target] = 0
    this.#sends[target] = amount
    this.#fee[target] = 0
    this.#cltv[target] = 0
    this.#hops[target] = 0
    this.#heap.cheaper(target)
    for (;;) {
      const node = this.#heap.take()
      if (node < 0) return undefined
      if (node === source) return this.#edgesFrom(source)
      this.#done[node] = 1
      if ((this.#hops[node] as number) < limits.maxHops) this.#expand(terrain, node)
    }
  }

  #prepare(nodeCount: number): void {
    if (nodeCount > this.#cost.length) {
      const length = nodeCount + 1_024
      this.#cost = new Float64Array(length)
      this.#sends = new Float64Array(length)
      this.#fee = new Float64Array(length)
      this.#cltv = new Float64Array(length)
      this.#hops = new Uint8Array(length)
      this.#next = new Int32Array(length)
      this.#done = new Uint8Array(length)
      this.#key = new Float64Array(length)
      this.#heap = new NodeHeap(this.#key)
    }
    this.#heap.clear()
    this.#cost.fill(Number.POSITIVE_INFINITY, 0, nodeCount)
    this.#key.fill(Number.POSITIVE_INFINITY, 0, nodeCount)
    this.#done.fill(0, 0, nodeCount)
  }

  #expand(terrain: Terrain, to: number): void {
    const { snapshot, open, liquidity, factors, extraInto, extra, used, source, repeats } = terrain
    const { topology, policies } = snapshot
    const into = extraInto.get(to)
    if (into !== undefined) for (const place of into) this.#tryExtra(terrain, to, extra[place] as ExtraEdge, place)
    if (to >= topology.nodeRows) return
    const { ends, incoming } = topology
    const { perHop } = this.#prices
    const costs = this.#cost
    const cost = costs[to] as number
    const plain = this.#carriedTo(to, 0, 0)
    const end = topology.incomingStart[to + 1] as number
    for (let i = topology.incomingStart[to] as number; i < end; i++) {
      const edge = incoming[i] as number
      const flags = open[edge] as number
      if ((flags & USABLE) === 0) continue
      const from = ends[edge] as number
      const known = costs[from] as number
      // Without a discount no edge makes a node cheaper than the one that it leads to.
      if (known <= cost && (flags & DISCOUNTED) === 0) continue
      let carried = plain
      if ((flags & (DISCOUNTED | SURCHARGED)) !== 0) {
        const inboundMillionths = policies.inboundFeeProportionalMillionths[edge ^ 1] as number
        carried = this.#carriedTo(to, policies.inboundFeeBaseMsat[edge ^ 1] as number, inboundMillionths)
      }
      const relays = from !== source
      const millionths = policies.feeProportionalMillionths[edge] as number
      const fee = relays ? (policies.feeBaseMsat[edge] as number) + proportionalFee(carried, millionths) : 0
      const factor = factors === undefined ? 1 : (factors[edge] as number)
      // Most edges fail here, by what is quickly known.
      const feeCost = carried - plain + fee
      if (cost + (feeCost < 0 ? feeCost : feeCost * factor) + perHop * factor >= known) continue
      const most = policies.htlcMaximumMsat[edge] as number
      const before = used.size === 0 ? 0 : (used.get(edge) ?? 0)
      if (carried + (repeats ? 0 : before) > most || carried < (policies.htlcMinimumMsat[edge] as number)) continue
      const slot = liquidity.slots[edge] as number
      const lower = slot === 0 ? 0 : (liquidity.lower[slot] as number)
      const upper = slot === 0 ? topology.channels.capacityMsat[edge >> 1] || most : (liquidity.upper[slot] as number)
      const cltv = relays ? (policies.cltvExpiryDelta[edge] as number) : 0
      this.#reach(from, to, edge, carried, fee, cltv, before, lower, upper, factor)
    }
  }

  #tryExtra({ edgeCount, source, used, repeats }: Terrain, to: number, edge: ExtraEdge, place: number): void {
    const { from, feeBaseMsat, feeProportionalMillionths } = edge
    const carried = this.#carriedTo(to, edge.inboundFeeBaseMsat, edge.inboundFeeProportionalMillionths)
    const before = used.get(edgeCount + place) ?? 0
    if (carried + (repeats ? 0 : before) > edge.htlcMaximumMsat || carried < edge.htlcMinimumMsat) return
    const { lower, upper } = edge
    const relays = from !== source
    const fee = relays ? feeBaseMsat + proportionalFee(carried, feeProportionalMillionths) : 0
    const cltv = relays ? edge.cltvExpiryDelta : 0
    this.#reach(from, to, edgeCount + place, carried, fee, cltv, before, lower, upper, edge.factor)
  }

  /** What an edge has to carry to the node: what the node sends on and its fee, with the inbound part of the edge; never less than the former. */
  #carriedTo(to: number, inboundBase: number, inboundMillionths: number): number {
    const sends = this.#sends[to] as number
    const carried = sends + (this.#fee[to] as number)
    if ((inboundBase === 0 && inboundMillionths === 0) || (this.#hops[to] as number) < this.#asksNothingMore)
      return carried
    return Math.max(sends, carried + inboundFee(inboundBase, inboundMillionths, carried))
  }

  #reach(
    from: number,
    to: number,
    edge: number,
    carried: number,
    fee: number,
    cltv: number,
    before: number,
    lower: number,
    upper: number,
    factor: number,
  ): void {
    if (carried - this.#amount > this.#limits.maxFeeMsat) return
    const cltvSum = (this.#cltv[to] as number) + cltv
    if (cltvSum > this.#limits.maxCltvExpiryDelta) return
    const { perHop, perMsatAndBlock, perNat } = this.#prices
    const feeCost = carried + fee - (this.#sends[to] as number) - (this.#fee[to] as number)
    // A discount is no reason to prefer a channel that is to be avoided.
    let cost = (this.#cost[to] as number) + (feeCost < 0 ? feeCost : feeCost * factor)
    cost += (perHop + perMsatAndBlock * carried * cltv) * factor
    const known = this.#cost[from] as number
    // Before a logarithm is taken.
    if (!(cost < known)) return
    cost += perNat * surpriseBeside(before, carried, lower, upper) * factor
    if (!(cost < known)) return
    if (this.#done[from] === 1 && (known - cost <= ROUNDING * known || this.#passes(to, from))) return
    this.#cost[from] = cost
    this.#sends[from] = carried
    this.#fee[from] = fee
    this.#cltv[from] = cltvSum
    this.#hops[from] = (this.#hops[to] as number) + 1
    this.#next[from] = edge
    const key = this.#discounting?.nodes[from] === 1 ? cost - fee : cost
    // A cheaper way with a smaller fee may come later in the order: then the node just stays where it is.
    this.#key[from] = Math.min(key, this.#key[from] as number)
    this.#heap.cheaper(from)
  }

  #passes(start: number, node: number): boolean {
    const { target } = this.#terrain as Terrain
    for (let at = start; at !== target; at = this.#endOf(this.#next[at] as number)) if (at === node) return true
    return node === target
  }

  #endOf(edge: number): number {
    const { snapshot, edgeCount, extra } = this.#terrain as Terrain
    return edge < edgeCount ? (snapshot.topology.ends[edge ^ 1] as number) : (extra[edge - edgeCount] as ExtraEdge).to
  }

  #edgesFrom(source: number): readonly number[] {
    const edges: number[] = []
    const { target } = this.#terrain as Terrain
    for (let at = source; at !== target; at = this.#endOf(edges.at(-1) as number)) edges.push(this.#next[at] as number)
    return edges
  }
}

/** The nodes that give a discount for what comes in over any of their channels. */
const discountingIn = (snapshot: GraphSnapshot) => {
  const { topology, policies } = snapshot
  const nodes = new Uint8Array(topology.nodeRows)
  for (const [edge, flags] of policies.flags.entries()) {
    if ((flags & DISCOUNTED) !== 0) nodes[topology.ends[edge ^ 1] as number] = 1
  }
  return { snapshot, nodes }
}
