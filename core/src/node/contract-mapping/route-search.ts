import { DEFAULTS, type RequestOf } from '@fulgurite/plugin-sdk/contract'
import type { PathFailure } from '../../graph/paths/path-question.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { stackOf } from '../../lib/errors.ts'
import type { NodeId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { defaultMaxFee } from '../../payment/send/invoice-request.ts'
import type { Caller, Refusal } from '../contract-gateway.ts'
import type { LookedUpPaths } from '../payment/graph-routes.ts'
import { type AskedWishes, readWishes } from './asked-wishes.ts'
import type { MappingContext } from './context.ts'
import { askerOf, refusal } from './handlers.ts'

type SearchRefusal = Refusal<
  | 'invalid-request'
  | 'mailbox-full'
  | 'insufficient-balance'
  | 'no-route'
  | 'fee-limit-exceeded'
  | 'expiry-too-far'
  | 'route-search-failed'
>

interface AskedRoutes
  extends AskedWishes,
    Pick<RequestOf<'router', 'findRoutes'>, 'amountMsat' | 'maxFeeMsat' | 'finalCltvExpiryDelta'> {
  readonly nodeId: NodeId
  /** Whether to tell what was left out, and why. */
  readonly explained?: true
}

export type RouteSearch = (asked: AskedRoutes, caller: Caller) => Promise<Result<LookedUpPaths, SearchRefusal>>

/** Of each who asks: payments search in the same thread, and do not wait long behind whoever is only curious. */
const MAX_SEARCHES = 4

/** Looks for the routes that a payment would take, for whoever asks. */
export const routeSearch = (
  context: Pick<MappingContext, 'flow' | 'signer' | 'channelDirectory' | 'options'>,
): RouteSearch => {
  const { flow, signer, options } = context
  const searches = new Map<string, number>()
  return async (request, caller) => {
    const { nodeId, amountMsat, maxFeeMsat = defaultMaxFee(amountMsat), explained } = request
    if (equalBytes(nodeId, signer.nodeId)) {
      return err(refusal('invalid-request', 'this is the node itself', { field: 'nodeId' }))
    }
    const { route } = DEFAULTS
    const wishes = readWishes({ ...request, maxParts: request.maxParts ?? route.parts }, [nodeId], context)
    if (!wishes.ok) return wishes
    const asker = askerOf({ caller })
    const underWay = searches.get(asker) ?? 0
    if (underWay >= MAX_SEARCHES) return err(refusal('mailbox-full', 'too many searches at once; try again later'))
    searches.set(asker, underWay + 1)
    try {
      const found = await flow.routes.look({
        ...wishes.value,
        target: { type: 'node', nodeId, hints: [] },
        amountMsat,
        maxFeeMsat,
        finalCltvExpiryDelta: request.finalCltvExpiryDelta ?? route.finalCltvExpiryDelta,
        excludedChannels: wishes.value.excludedChannels.map((shortChannelId) => ({ shortChannelId })),
        ...(explained && { explained }),
      })
      return found.ok ? ok(found.value) : err(refusalOf(found.error))
    } catch (thrown) {
      options.log.error('router.search-failed', { error: stackOf(thrown) })
      return err(refusal('route-search-failed', 'the search for routes has failed: the log says why'))
    } finally {
      const left = (searches.get(asker) ?? 1) - 1
      if (left > 0) searches.set(asker, left)
      else searches.delete(asker)
    }
  }
}

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
