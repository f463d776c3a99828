import { DEFAULTS, type ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { isFunded } from '../../channel/index.ts'
import type { PathFailure } from '../../graph/paths/path-question.ts'
import { equalBytes, fromHex, toHex } from '../../lib/bytes.ts'
import { stackOf } from '../../lib/errors.ts'
import { formatShortChannelId, type ShortChannelId } from '../../lib/ids.ts'
import { err, ok } from '../../lib/result.ts'
import { defaultMaxFee } from '../../payment/send/invoice-request.ts'
import type { AskedPaths, LookedUpPaths } from '../payment/graph-routes.ts'
import { readWishes } from './asked-wishes.ts'
import type { MappingContext } from './context.ts'
import { type ActorHandlers, refusal } from './handlers.ts'

type FoundRoute = ReplyOf<'router', 'findRoutes'>['routes'][number]
type LookedUpPath = LookedUpPaths['paths'][number]

/** Of each who asks: payments search in the same thread, and do not wait long behind whoever is only curious. */
const MAX_SEARCHES = 4

export const routerHandlers = (context: MappingContext): Pick<ActorHandlers<'router'>, 'findRoutes'> => {
  const { flow, signer, options } = context
  const searches = new Map<string, number>()
  return {
    async findRoutes(request, { caller }) {
      const { amountMsat, maxFeeMsat = defaultMaxFee(amountMsat) } = request
      const nodeId = fromHex(request.nodeId)
      if (equalBytes(nodeId, signer.nodeId)) {
        return err(refusal('invalid-request', 'this is the node itself', { field: 'nodeId' }))
      }
      const asker = caller.kind === 'plugin' ? `plugin ${caller.name}` : caller.kind
      const underWay = searches.get(asker) ?? 0
      if (underWay >= MAX_SEARCHES) return err(refusal('mailbox-full', 'too many searches at once; try again later'))
      const { route } = DEFAULTS
      const wishes = readWishes({ ...request, maxParts: request.maxParts ?? route.parts }, [nodeId], context)
      if (!wishes.ok) return wishes
      const asked: AskedPaths = {
        ...wishes.value,
        target: { type: 'node', nodeId, hints: [] },
        amountMsat,
        maxFeeMsat,
        finalCltvExpiryDelta: request.finalCltvExpiryDelta ?? route.finalCltvExpiryDelta,
        excludedChannels: wishes.value.excludedChannels.map((shortChannelId) => ({ shortChannelId })),
        explained: true,
      }
      searches.set(asker, underWay + 1)
      try {
        const found = await flow.routes.look(asked)
        return found.ok ? ok(describeFound(found.value, context)) : err(refusalOf(found.error))
      } catch (thrown) {
        options.log.error('router.search-failed', { error: stackOf(thrown) })
        return err(refusal('route-search-failed', 'the search for routes has failed: the log says why'))
      } finally {
        const left = (searches.get(asker) ?? 1) - 1
        if (left > 0) searches.set(asker, left)
        else searches.delete(asker)
      }
    },
  }
}

const describeFound = ({ paths, feesMsat, probability, excluded }: LookedUpPaths, context: MappingContext) => ({
  routes: paths.map((path) => describePath(path, context)),
  feesMsat,
  probability: inMillionths(probability),
  excluded: { ...NOTHING_EXCLUDED, ...excluded },
})

/** A search that was asked to explain itself does. */
const NOTHING_EXCLUDED = {
  nodes: 0,
  directions: 0,
  beside: 0,
  closed: 0,
  amount: 0,
  probability: 0,
  fee: 0,
  delay: 0,
} as const

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

const refusalOf = (failure: PathFailure) => {
  switch (failure.code) {
    case 'invalid-limit':
      return refusal('invalid-request', 'no route can be like this', { field: failure.field })
    case 'insufficient-balance':
      return refusal('insufficient-balance', 'our channels cannot carry this amount now')
    case 'fee-limit-exceeded':
      return refusal('fee-limit-exceeded', `the cheapest way charges ${failure.feesMsat} msat`, {
        field: 'maxFeeMsat',
        details: { feesMsat: String(failure.feesMsat) },
      })
    case 'expiry-too-far':
      return refusal('expiry-too-far', `the shortest way takes up to ${failure.cltvExpiryDelta} blocks`, {
        field: 'maxCltvExpiryDelta',
        details: { cltvExpiryDelta: failure.cltvExpiryDelta },
      })
    case 'no-route':
      return refusal('no-route', 'no way to this node is known that can carry this amount', { field: 'nodeId' })
  }
}
