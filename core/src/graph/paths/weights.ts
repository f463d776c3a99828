import type { NodeId, ShortChannelId } from '../../lib/ids.ts'
import { findChannel, findNode, NO_NODE, type Topology } from '../snapshot.ts'

/** How much a channel, one direction of it, or all that leads to a node is to be avoided. */
export type EdgeWeight = {
  /** What the cost is multiplied by: less than 1 to prefer, more to avoid, Infinity for never. */
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

/** The weights that plugins have pushed, by edge. Several for one edge are multiplied. */
export class EdgeWeights {
  readonly #weights: readonly EdgeWeight[]
  #factors: { readonly topology: Topology; readonly factors: Float32Array } | undefined

  constructor(weights: readonly EdgeWeight[]) {
    this.#weights = weights.filter(({ factor }) => factor >= 0)
  }

  factorsFor(topology: Topology): Float32Array | undefined {
    if (this.#weights.length === 0) return undefined
    if (this.#factors?.topology === topology) return this.#factors.factors
    const factors = new Float32Array(topology.channelRows * 2).fill(1)
    for (const weight of this.#weights) {
      for (const edge of edgesOf(topology, weight)) {
        factors[edge] = Math.max((factors[edge] as number) * weight.factor, LEAST_FACTOR)
      }
    }
    this.#factors = { topology, factors }
    return factors
  }
}

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
