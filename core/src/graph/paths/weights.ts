import { equalBytes } from '../../lib/bytes.ts'
import type { NodeId, ShortChannelId } from '../../lib/ids.ts'
import { findChannel, findNode, NO_NODE, type Topology } from '../snapshot.ts'

/** How much a channel, one direction of it, or all that leads to a node is to be avoided. */
export type EdgeWeight = {
  /** What the cost is multiplied by: less than 1 to prefer, more to avoid. */
  readonly factor: number
} & (
  | { readonly nodeId: NodeId }
  | {
      readonly shortChannelId: ShortChannelId
      /** The node that sends over it. */
      readonly from?: NodeId
    }
)

/** Nothing is preferred so much that it costs nothing: then it would be gone over in circles. */
const LEAST_FACTOR = 0.001
/** Nothing is avoided so much that no payment gets through where nothing else leads. */
const MOST_FACTOR = 1_000

/** The weights that plugins have pushed, by edge: those that concern an edge are multiplied, and what they come to is kept within bounds. */
export class EdgeWeights {
  readonly #weights: readonly EdgeWeight[]
  #factors: { readonly topology: Topology; readonly factors: Float32Array } | undefined

  constructor(weights: readonly EdgeWeight[]) {
    this.#weights = weights
  }

  factorsFor(topology: Topology): Float32Array | undefined {
    if (this.#weights.length === 0) return undefined
    if (this.#factors?.topology === topology) return this.#factors.factors
    const factors = weighed(undefined, topology, this.#weights)
    this.#factors = { topology, factors }
    return factors
  }
}

/** The same with those of one question: an edge that these do not concern stays as it is. */
export const withWeights = (
  factors: Float32Array | undefined,
  topology: Topology,
  weights: readonly EdgeWeight[],
): Float32Array | undefined => (weights.length === 0 ? factors : weighed(factors, topology, weights))

/** A copy for a search, which reads one number an edge; only the edges that the weights concern are reckoned. */
const weighed = (
  factors: Float32Array | undefined,
  topology: Topology,
  weights: readonly EdgeWeight[],
): Float32Array => {
  // Sums of logarithms: products on the way would leave the range of numbers, and the order of weights would matter.
  const logarithms = new Map<number, number>()
  for (const weight of weights) {
    const logarithm = Math.log(bounded(weight.factor))
    for (const edge of edgesOf(topology, weight)) logarithms.set(edge, (logarithms.get(edge) ?? 0) + logarithm)
  }
  const changed = factors?.slice() ?? new Float32Array(topology.channelRows * 2).fill(1)
  for (const [edge, logarithm] of logarithms)
    changed[edge] = bounded((changed[edge] as number) * bounded(Math.exp(logarithm)))
  return changed
}

/** What the weights come to for a channel that the graph has not. */
export const factorFor = (
  weights: readonly EdgeWeight[],
  {
    from,
    to,
    shortChannelId,
  }: { readonly from: NodeId; readonly to: NodeId; readonly shortChannelId?: ShortChannelId },
): number => {
  let logarithm = 0
  for (const weight of weights) {
    const concerns =
      'nodeId' in weight
        ? equalBytes(weight.nodeId, to)
        : weight.shortChannelId === shortChannelId && (weight.from === undefined || equalBytes(weight.from, from))
    if (concerns) logarithm += Math.log(bounded(weight.factor))
  }
  return bounded(Math.exp(logarithm))
}

const bounded = (factor: number): number => Math.min(Math.max(factor, LEAST_FACTOR), MOST_FACTOR)

const edgesOf = (topology: Topology, weight: EdgeWeight): Iterable<number> => {
  if ('nodeId' in weight) {
    const node = findNode(topology, weight.nodeId)
    return node < 0 ? [] : topology.incoming.subarray(topology.incomingStart[node], topology.incomingStart[node + 1])
  }
  const channel = findChannel(topology, weight.shortChannelId)
  if (channel < 0) return []
  const from = weight.from === undefined ? NO_NODE : findNode(topology, weight.from)
  return [channel * 2, channel * 2 + 1].filter((edge) => weight.from === undefined || topology.ends[edge] === from)
}
