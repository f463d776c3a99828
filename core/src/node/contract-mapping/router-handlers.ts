import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { isFunded } from '../../channel/index.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { invariant } from '../../lib/errors.ts'
import { formatShortChannelId, type ShortChannelId } from '../../lib/ids.ts'
import { ok } from '../../lib/result.ts'
import type { LookedUpPaths } from '../payment/graph-routes.ts'
import type { MappingContext } from './context.ts'
import type { ActorHandlers } from './handlers.ts'
import type { RouteSearch } from './route-search.ts'

type FoundRoute = ReplyOf<'router', 'findRoutes'>['routes'][number]
type LookedUpPath = LookedUpPaths['paths'][number]

export const routerHandlers = (
  context: MappingContext,
  search: RouteSearch,
): Pick<ActorHandlers<'router'>, 'findRoutes'> => ({
  async findRoutes(request, { caller }) {
    const found = await search({ ...request, nodeId: fromHex(request.nodeId), explained: true }, caller)
    return found.ok ? ok(describeFound(found.value, context)) : found
  },
})

const describeFound = ({ paths, feesMsat, probability, excluded }: LookedUpPaths, context: MappingContext) => {
  invariant(excluded !== undefined, 'a search that was asked to explain itself does')
  return {
    routes: paths.map((path) => describePath(path, context)),
    feesMsat,
    probability: inMillionths(probability),
    excluded,
  }
}

const describePath = (path: LookedUpPath, context: MappingContext): FoundRoute => ({
  hops: path.hops.map(({ nodeId, shortChannelId, amountMsat, cltvExpiryDelta }, at) => ({
    nodeId: toHex(nodeId),
    shortChannelId: formatShortChannelId((at === 0 ? ownId(path, context) : shortChannelId) as ShortChannelId),
    amountMsat,
    cltvExpiryDelta,
  })),
  amountMsat: path.amountMsat,
  feesMsat: path.feesMsat,
  cltvExpiryDelta: path.cltvExpiryDelta,
  probability: inMillionths(path.probability),
  hopProbabilities: path.hops.map(({ probability }) => inMillionths(probability)),
})

/** By which we know the channel that a path begins with: the graph, and hints, may have it by another. */
const ownId = ({ channelId }: LookedUpPath, { channelDirectory }: MappingContext): ShortChannelId | undefined => {
  const durable = channelDirectory.get(channelId)?.state.durable
  if (durable === undefined || !isFunded(durable)) return undefined
  const { real, localAliases } = durable.shortIds
  return real ?? localAliases[0]
}

const inMillionths = (probability: number): number => Math.round(probability * 1_000_000)
