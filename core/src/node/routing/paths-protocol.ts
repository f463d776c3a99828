import type { LiquidityEntry } from '../../graph/paths/liquidity.ts'
import type { PathAnswer, PathQuestion } from '../../graph/paths/path-question.ts'
import type { EdgeWeight } from '../../graph/paths/weights.ts'
import type { GraphSnapshot } from '../../graph/snapshot.ts'

/** Who finds paths. Messages are handled in their order: a question is answered by the graph that was shown before it. */
export type PathsProtocol = {
  graph: { readonly request: GraphSnapshot; readonly reply: void }
  /** Replaces what was known of these directions of channels. */
  learnt: { readonly request: readonly LiquidityEntry[]; readonly reply: void }
  weights: { readonly request: readonly EdgeWeight[]; readonly reply: void }
  find: { readonly request: PathQuestion; readonly reply: PathAnswer }
}

/** Where it lives in its thread. */
export const PATHS = '/paths'
