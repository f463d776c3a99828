import type { EdgeWeight } from '../../graph/paths/weights.ts'
import type { NodeId, ShortChannelId } from '../../lib/ids.ts'
import type { Codec } from '../../wire/codec/codec.ts'
import { mapped, optional, struct, u16List } from '../../wire/codec/combinators.ts'
import { point, u16, u32, u64 } from '../../wire/codec/primitives.ts'
import type { RouteWishes } from './wishes.ts'

interface WeightRow {
  readonly nodeId?: NodeId
  readonly shortChannelId?: ShortChannelId
  readonly from?: NodeId
  readonly costPpm: number
}

const ONE_MILLION = 1_000_000

const weightOf = ({ nodeId, shortChannelId, from, costPpm }: WeightRow): EdgeWeight | undefined => {
  const factor = costPpm / ONE_MILLION
  if (nodeId !== undefined) return { nodeId, factor }
  return shortChannelId === undefined ? undefined : { shortChannelId, ...(from && { from }), factor }
}

const weight: Codec<EdgeWeight> = mapped(
  struct<WeightRow>({ nodeId: optional(point), shortChannelId: optional(u64), from: optional(point), costPpm: u32 }),
  weightOf,
  ({ factor, ...edge }): WeightRow => ({ ...edge, costPpm: Math.round(factor * ONE_MILLION) }),
)

export const routeWishes = struct<RouteWishes>({
  maxParts: u16,
  maxHops: u16,
  maxCltvExpiryDelta: u16,
  excludedNodes: u16List(point),
  excludedChannels: u16List(u64),
  weights: u16List(weight),
})
