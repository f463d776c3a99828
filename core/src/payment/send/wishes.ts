import type { EdgeWeight } from '../../graph/paths/weights.ts'
import type { NodeId, ShortChannelId } from '../../lib/ids.ts'
import type { BlockDelta } from '../../lib/units.ts'

/** What the payer wants of the routes. What is excluded is never gone over; a weight is counted as a cost. */
export interface RouteWishes {
  /** At once, those under way among them. */
  readonly maxParts: number
  /** Channels in a route, blinded ones aside. */
  readonly maxHops: number
  /** Blocks until the first HTLC expires. */
  readonly maxCltvExpiryDelta: BlockDelta
  readonly excludedNodes: readonly NodeId[]
  /** Each by the id that routes have it by. */
  readonly excludedChannels: readonly ShortChannelId[]
  readonly weights: readonly EdgeWeight[]
}
