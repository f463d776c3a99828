import { logNormal, type SeededGraph, seededGraph } from '../../core/src/graph/fixtures/seeded-graph.ts'
import { PathFinder } from '../../core/src/graph/paths/find-paths.ts'
import { LiquidityBook } from '../../core/src/graph/paths/liquidity.ts'
import { EdgeWeights } from '../../core/src/graph/paths/weights.ts'
import type { NodeId } from '../../core/src/lib/ids.ts'
import { seededRng } from '../../core/src/lib/rng.ts'
import type { Benchmark } from './benchmark.ts'

const NODES = 20_000
const CHANNELS = 50_000
/** Of the nodes that came first, which have the most channels, so many are peers of ours. */
const HUBS = 200
const OWN_CHANNELS = 5
const OWN_SPENDABLE_MSAT = 3_000_000_000n
const WARM_UP = 50

/** A payer's usual payment, and one that few channels of the graph carry in one part. */
const SINGLE = { questions: 400, medianMsat: 50_000_000, spread: 1.5, maxParts: 1 }
const PARTS = { questions: 150, medianMsat: 4_000_000_000, spread: 0.5, maxParts: 16 }

/** How long each question takes, in milliseconds, the shortest first. */
const times = ({ builder, nodeIds }: SeededGraph, { questions, medianMsat, spread, maxParts }: typeof SINGLE) => {
  const rng = seededRng(maxParts)
  const finder = new PathFinder()
  const world = { snapshot: builder.snapshot(), liquidity: new LiquidityBook(), weights: new EdgeWeights([]) }
  const node = (bound: number): NodeId => nodeIds[rng.below(bound)] as NodeId
  const ownChannels = Array.from({ length: OWN_CHANNELS }, () => ({
    remoteNodeId: node(HUBS),
    spendableMsat: OWN_SPENDABLE_MSAT,
    htlcMinimumMsat: 1n,
  }))
  const taken: number[] = []
  for (let i = 0; i < WARM_UP + questions; i++) {
    const amountMsat = BigInt(Math.round(Math.min(logNormal(rng, medianMsat, spread), 10_000_000_000)))
    const target = { type: 'node', nodeId: node(NODES), hints: [] } as const
    const startedAt = performance.now()
    finder.find(
      {
        source: node(NODES),
        ownChannels,
        target,
        amountMsat,
        maxFeeMsat: amountMsat / 50n + 5_000n,
        maxHops: 20,
        maxCltvExpiryDelta: 2_016,
        finalCltvExpiryDelta: 40,
        maxParts,
        excludedNodes: [],
        excludedChannels: [],
        corrections: [],
        inFlight: [],
        now: 0,
      },
      world,
    )
    if (i >= WARM_UP) taken.push(performance.now() - startedAt)
  }
  return taken.toSorted((a, b) => a - b)
}

const quantile = (sorted: readonly number[], part: number): number => sorted[Math.floor(sorted.length * part)] ?? 0

/** How long a search takes in a graph of the public network's size. */
export const routesBenchmark: Benchmark = {
  figures: ['route.single.p50', 'route.single.p99', 'route.mpp.p50'],
  run: async () => {
    const graph = seededGraph(NODES, CHANNELS, 1)
    const single = times(graph, SINGLE)
    const parts = times(graph, PARTS)
    return [
      { name: 'route.single.p50', value: quantile(single, 0.5), unit: 'ms' },
      { name: 'route.single.p99', value: quantile(single, 0.99), unit: 'ms' },
      { name: 'route.mpp.p50', value: quantile(parts, 0.5), unit: 'ms' },
    ]
  },
}
