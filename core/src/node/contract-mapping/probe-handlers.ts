import type { RequestOf } from '@fulgurite/plugin-sdk/contract'
import { fromHex } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlockHeight } from '../../lib/units.ts'
import { probeRequest } from '../../payment/probe/probe.ts'
import type { Route } from '../../payment/send/payment.ts'
import type { Caller, Refusal } from '../contract-gateway.ts'
import type { LookedUpPaths } from '../payment/graph-routes.ts'
import { OUTCOME_MS } from '../payment/payment-end.ts'
import { describeProbe, describeUnderWay } from '../payment/report-probe.ts'
import type { MappingContext } from './context.ts'
import { destinationOf, type GivenRoutes, givenRoutes } from './given-routes.ts'
import {
  type ActorHandlers,
  type ActorRecalls,
  blindRefusal,
  pluginOf,
  type ResolvedRequest,
  refusal,
} from './handlers.ts'
import { pageOf } from './paging.ts'
import type { RouteSearch } from './route-search.ts'

/** The routes of a probe, given or found. */
type Routed = Result<GivenRoutes, Refusal<ProbeRefusal>>
type ProbeRefusal =
  | 'channel-not-found'
  | 'invalid-route'
  | (Awaited<ReturnType<RouteSearch>> & { ok: false })['error']['code']

export const probeHandlers = (
  context: MappingContext,
  search: RouteSearch,
): Pick<ActorHandlers<'router'>, 'probe' | 'probes'> => {
  const { flow, options, channelDirectory } = context
  const routed = async (request: ResolvedRequest<'router', 'probe'>, caller: Caller): Promise<Routed> => {
    const { route, moreRoutes, nodeId } = request
    const height = context.height()
    if (route !== undefined) return givenRoutes({ route, ...(moreRoutes && { moreRoutes }) }, channelDirectory, height)
    if (nodeId === undefined) return err(missing('nodeId'))
    const found = await search({ ...request, nodeId: fromHex(nodeId) }, caller)
    return found.ok ? ok(routesOf(found.value, request.amountMsat, height)) : found
  }

  return {
    async probe(request, { caller, key = '' }) {
      const blind = blindRefusal(context.chainHealth)
      if (blind !== undefined) return err(blind)
      const found = await routed(request, caller)
      if (!found.ok) return found
      const asked = probeRequest({
        ...found.value,
        destination: destinationOf(found.value.routes[0]),
        paymentHash: options.rng.bytes(32),
        paymentSecret: options.rng.bytes(32),
        key,
      })
      const answer = await flow.probes.ask(
        'probe',
        { request: asked, owner: pluginOf(caller) },
        { timeoutMs: OUTCOME_MS },
      )
      if (!answer.ok) {
        return err(
          answer.error.code === 'mailbox-full'
            ? refusal('mailbox-full', 'too many probes at once; try again later')
            : refusal('outcome-unknown', 'the probe was sent, and what came back is not known'),
        )
      }
      return answer.value.ok
        ? ok({ probe: describeProbe(answer.value.value) })
        : err(refusal('too-many-probes', 'wait until some of the probes that are under way have come back'))
    },

    async probes({ page }) {
      const answer = await flow.probes.ask('underWay', {})
      return answer.ok
        ? pageOf(answer.value.map(describeUnderWay), page)
        : err(refusal('mailbox-full', 'too many probes at once; try again later'))
    },
  }
}

/** A probe goes on after a restart. Of one that is not under way nothing is held. */
export const probeRecalls = ({ flow }: Pick<MappingContext, 'flow'>): ActorRecalls<'router'> => ({
  async probe(_request: RequestOf<'router', 'probe'>, key: string) {
    const live = await flow.probes.ask('underWay', {})
    if (!live.ok || !live.value.some(({ payment }) => payment.key === key)) return undefined
    const unknown = err(refusal('outcome-unknown', 'the probe was sent, and what came back is not known'))
    const answer = flow.probes
      .ask('ended', { key }, { timeoutMs: OUTCOME_MS })
      .then((ended) => (ended.ok && ended.value !== undefined ? ok({ probe: describeProbe(ended.value) }) : unknown))
    return { answer, isKnown: false }
  },
})

export const missing = (field: 'nodeId' | 'amountMsat') =>
  refusal('invalid-request', `${field}: expected a destination and an amount, or a route`, { field })

const routesOf = ({ paths, feesMsat }: LookedUpPaths, amountMsat: bigint, height: BlockHeight): GivenRoutes => {
  const [first, ...others] = paths.map(
    ({ channelId, hops }): Route => ({
      channelId,
      hops: hops.map(({ cltvExpiryDelta, probability: _, ...hop }) => ({
        ...hop,
        cltvExpiry: height + cltvExpiryDelta,
      })),
    }),
  )
  return { routes: [first as Route, ...others], amountMsat, feesMsat }
}
