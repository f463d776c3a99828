import { PathFinder, type PathWorld } from '../../../core/src/graph/paths/find-paths.ts'
import { LiquidityBook } from '../../../core/src/graph/paths/liquidity.ts'
import type { PathAnswer, PathQuestion } from '../../../core/src/graph/paths/path-question.ts'
import { EdgeWeights } from '../../../core/src/graph/paths/weights.ts'
import { ok } from '../../../core/src/lib/result.ts'
import type { StartPathSearch } from '../../../core/src/node/routing/network-graph.ts'
import { byHalving } from '../../routing/halving.ts'

/** Answers a question as whoever searches the graph for a node does. */
type Search = (finder: PathFinder, question: PathQuestion, world: PathWorld) => PathAnswer

/** What the product does. */
const flow: Search = (finder, question, world) => finder.find(question, world)

/** What cannot go by one path is cut in two. */
const halving: Search = (finder, question, world) => {
  const paths = byHalving(finder, question, world)
  if (paths === undefined) return finder.find({ ...question, maxParts: 1 }, world)
  return ok({
    paths,
    feesMsat: paths.reduce((sum, { feesMsat }) => sum + feesMsat, 0n),
    probability: paths.reduce((product, { probability }) => product * probability, 1),
  })
}

const SEARCHES = { flow, halving } as const

export type SearchName = keyof typeof SEARCHES

/** The work of a node's path-finding thread, in this one: what is random in a network of many nodes comes from its seed alone. */
export const searchHere =
  (name: SearchName): StartPathSearch =>
  (sources) => {
    const finder = new PathFinder()
    const liquidity = new LiquidityBook()
    for (const entry of sources.liquidity()) liquidity.put(entry)
    return {
      find: async (question) => {
        const weights = new EdgeWeights(sources.weights())
        return SEARCHES[name](finder, question, { snapshot: sources.snapshot(), liquidity, weights })
      },
      learnt: (entries) => {
        for (const entry of entries) liquidity.put(entry)
      },
      close: async () => {},
    }
  }
