import { MAX_CLTV_EXPIRY_DELTA, MAX_HOPS } from '../../graph/paths/path-question.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import type { PaymentTarget, Route } from './payment.ts'
import { MAX_PARTS } from './route.ts'
import type { RouteWishes } from './wishes.ts'

/** Of whoever wants nothing. */
export const NO_WISHES: RouteWishes = {
  maxParts: MAX_PARTS,
  maxHops: MAX_HOPS,
  maxCltvExpiryDelta: MAX_CLTV_EXPIRY_DELTA,
  excludedNodes: [],
  excludedChannels: [],
  weights: [],
}

type Wishing = Pick<PaymentTarget, 'wishes' | 'multiPart' | 'recipient'>

export const wishesOf = ({ wishes }: Pick<Wishing, 'wishes'>): RouteWishes => wishes ?? NO_WISHES

/** How many parts more there may be beside those that are under way: at no time are more out than the payer allows, or 16. */
export const mostParts = (target: Wishing, underWay: number): number =>
  target.multiPart ? Math.max(1, wishesOf(target).maxParts - underWay) : 1

/** What in a route is against the payer's wishes, in words for the log. */
export const wishProblem = (target: Wishing, { hops }: Route): string | undefined => {
  const { maxHops, excludedNodes, excludedChannels } = wishesOf(target)
  const channels = hops.slice(0, target.recipient.type === 'blinded' ? -1 : undefined)
  if (channels.length > maxHops) return `${channels.length} channels where there may be ${maxHops}`
  for (const { nodeId, shortChannelId } of channels) {
    if (excludedNodes.some((excluded) => equalBytes(excluded, nodeId))) return `a route by way of ${toHex(nodeId)}`
    if (shortChannelId !== undefined && excludedChannels.includes(shortChannelId))
      return `a route over ${shortChannelId}, which was to be left out`
  }
  return undefined
}

/** The target with what the payer wants of its routes. A payment of somebody who wants nothing says nothing of it. */
export const wishing = <Target extends PaymentTarget>(target: Target, wishes: RouteWishes): Target => {
  const { maxParts, excludedNodes, excludedChannels, weights } = wishes
  const wantsNothing =
    maxParts >= MAX_PARTS &&
    wishes.maxHops >= MAX_HOPS &&
    wishes.maxCltvExpiryDelta >= MAX_CLTV_EXPIRY_DELTA &&
    excludedNodes.length + excludedChannels.length + weights.length === 0
  return { ...target, multiPart: target.multiPart && maxParts > 1, ...(wantsNothing ? {} : { wishes }) }
}
