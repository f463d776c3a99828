import type { RequestOf } from '@fulgurite/plugin-sdk/contract'
import { isFunded } from '../../channel/index.ts'
import { equalBytes, fromHex } from '../../lib/bytes.ts'
import { parseShortChannelId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlockHeight } from '../../lib/units.ts'
import { partAmounts, type Route } from '../../payment/send/payment.ts'
import { routeFromGiven } from '../../payment/send/route.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import type { Refusal } from '../contract-gateway.ts'
import { refusal } from './handlers.ts'

type SendToRoute = RequestOf<'payments', 'sendToRoute'>

/** The routes of a request: one for each part of the payment, all of them to the same destination. */
export interface GivenRoutes {
  readonly routes: readonly [Route, ...Route[]]
  /** What the destination gets over all of them, and what the relays on the way. */
  readonly amountMsat: bigint
  readonly feesMsat: bigint
}

export const givenRoutes = (
  { route, moreRoutes = [], totalAmountMsat }: Pick<SendToRoute, 'route' | 'moreRoutes' | 'totalAmountMsat'>,
  directory: ChannelDirectory,
  height: BlockHeight,
): Result<GivenRoutes, Refusal<'channel-not-found' | 'invalid-route'>> => {
  const first = givenRoute(route, 'route', directory, height)
  if (!first.ok) return first
  const routes: [Route, ...Route[]] = [first.value]
  for (const [i, more] of moreRoutes.entries()) {
    const next = givenRoute(more, `moreRoutes.${i}`, directory, height)
    if (!next.ok) return next
    if (!equalBytes(destinationOf(next.value), destinationOf(first.value))) {
      return err(
        refusal('invalid-route', 'expected a route to the same destination as the others', {
          field: `moreRoutes.${i}`,
        }),
      )
    }
    routes.push(next.value)
  }
  const amounts = routes.map(partAmounts)
  const amountMsat = amounts.reduce((sum, part) => sum + part.amountMsat, 0n)
  const feesMsat = amounts.reduce((sum, part) => sum + part.feesMsat, 0n)
  if (totalAmountMsat !== undefined && totalAmountMsat < amountMsat) {
    return err(refusal('invalid-route', 'the parts add up to more than this total', { field: 'totalAmountMsat' }))
  }
  return ok({ routes, amountMsat, feesMsat })
}

export const destinationOf = ({ hops }: Route): Uint8Array => hops.at(-1)?.nodeId as Uint8Array

const givenRoute = (
  given: SendToRoute['route'],
  field: string,
  directory: ChannelDirectory,
  height: BlockHeight,
): Result<Route, Refusal<'channel-not-found' | 'invalid-route'>> => {
  const hops = given.map(({ nodeId, shortChannelId, amountMsat, cltvExpiryDelta }) => ({
    nodeId: fromHex(nodeId),
    shortChannelId: parseShortChannelId(shortChannelId as string) as bigint,
    amountMsat,
    cltvExpiryDelta,
  }))
  const entry = hops[0] === undefined ? undefined : directory.byShortChannelId(hops[0].shortChannelId)
  const durable = entry?.state.durable
  const channel =
    entry === undefined || durable === undefined || !isFunded(durable)
      ? undefined
      : { channelId: durable.params.channelId, remoteNodeId: entry.remoteNodeId }
  const route = routeFromGiven(hops, channel, height)
  if (route.ok) return route
  return route.error.code === 'channel-not-found'
    ? err(
        refusal('channel-not-found', 'the first hop is not over a channel of ours', {
          field: `${field}.0.shortChannelId`,
        }),
      )
    : err(
        refusal('invalid-route', 'a hop leads elsewhere, or gets more, later, or nothing', {
          field: `${field}.${route.error.hop}`,
        }),
      )
}
