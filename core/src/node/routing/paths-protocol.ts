import type { Observation } from '../../graph/paths/liquidity.ts'
import type { PathAnswer, PathQuestion } from '../../graph/paths/path-question.ts'
import type { GraphSnapshot } from '../../graph/snapshot.ts'
import type { TimestampMs } from '../../lib/units.ts'

/** Who finds paths. Messages are handled in their order: a question is answered by the graph that was shown before it. */
export type PathsProtocol = {
  graph: { readonly request: GraphSnapshot; readonly reply: void }
  learn: {
    readonly request: { readonly observations: readonly Observation[]; readonly now: TimestampMs }
    readonly reply: void
  }
  find: { readonly request: PathQuestion; readonly reply: PathAnswer }
}

/** Where it lives in its thread. */
export const PATHS = '/paths'
