import { DEFAULTS, type RequestOf } from '@fulgurite/plugin-sdk/contract'
import { isFunded } from '../../channel/index.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { type NodeId, parseShortChannelId, type ShortChannelId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { RouteWishes } from '../../payment/send/wishes.ts'
import type { Refusal } from '../contract-gateway.ts'
import type { MappingContext } from './context.ts'
import { refusal } from './handlers.ts'
import { readWeights } from './weight-handlers.ts'

/** What whoever asks for routes, a payment or a probe may say of them: one shape wherever it is asked. */
export type AskedWishes = Pick<
  RequestOf<'payments', 'payInvoice'>,
  'maxParts' | 'maxHops' | 'maxCltvExpiryDelta' | 'excludedNodes' | 'excludedChannels' | 'weights'
>

export type WishContext = Pick<MappingContext, 'signer' | 'channelDirectory'>

/** The limits that are not said, as the contract says they are then. */
export const withRouteDefaults = <Asked extends AskedWishes>(asked: Asked, maxParts: number) => ({
  ...asked,
  maxParts: asked.maxParts ?? maxParts,
  maxHops: asked.maxHops ?? DEFAULTS.route.hops,
  maxCltvExpiryDelta: asked.maxCltvExpiryDelta ?? DEFAULTS.route.cltvExpiryDelta,
})

/** Refuses what no route can heed. `ends` are the nodes that every route leads to. */
export const readWishes = (
  asked: AskedWishes,
  ends: readonly NodeId[],
  { signer, channelDirectory }: WishContext,
): Result<RouteWishes, Refusal<'invalid-request'>> => {
  const { maxParts, maxHops, maxCltvExpiryDelta } = withRouteDefaults(asked, DEFAULTS.parts)
  const { excludedNodes = [], excludedChannels = [] } = asked
  const destinations = ends.map(toHex)
  for (const [at, nodeId] of excludedNodes.entries()) {
    const field = `excludedNodes.${at}`
    if (destinations.includes(nodeId))
      return err(refusal('invalid-request', `${field}: this is the destination`, { field }))
    if (nodeId === toHex(signer.nodeId))
      return err(refusal('invalid-request', `${field}: this is the node itself`, { field }))
  }
  const weights = readWeights(asked.weights ?? [])
  if (!weights.ok) return weights
  const idOf = (id: ShortChannelId): ShortChannelId => routedId(id, channelDirectory)
  return ok({
    maxParts,
    maxHops,
    maxCltvExpiryDelta,
    excludedNodes: excludedNodes.map(fromHex),
    excludedChannels: excludedChannels.map((id) => idOf(parseShortChannelId(id) as ShortChannelId)),
    weights: weights.value.map((weight) =>
      'nodeId' in weight ? weight : { ...weight, shortChannelId: idOf(weight.shortChannelId) },
    ),
  })
}

/** By which routes have a channel of ours that we, or whoever asks, know by another id. */
const routedId = (
  shortChannelId: ShortChannelId,
  channelDirectory: WishContext['channelDirectory'],
): ShortChannelId => {
  const durable = channelDirectory.byShortChannelId(shortChannelId)?.state.durable
  if (durable === undefined || !isFunded(durable)) return shortChannelId
  const { real, remoteAlias } = durable.shortIds
  return real ?? remoteAlias ?? shortChannelId
}
