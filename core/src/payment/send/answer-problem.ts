import { equalBytes, toHex } from '../../lib/bytes.ts'
import { pathProblem } from './blinded-recipient.ts'
import { expiryBounds } from './expiry-bounds.ts'
import { partAmounts, type Route, type RouteHop, type SendEnv } from './payment.ts'
import type { RouteQuestion } from './route-question.ts'
import { wishProblem } from './route-wishes.ts'

/**
 * What makes an answer none to the question, in words for the log. Money goes where these routes say: what is delivered, what it costs and
 * to whom is held against the question, whoever has answered. That a channel has lost its room meanwhile is no fault of the answer: the
 * channel refuses the HTLC itself.
 */
export const answerProblem = (
  { target, remainingMsat, feeBudgetMsat, maxParts, height }: RouteQuestion,
  routes: readonly Route[],
  { peerOf }: Pick<SendEnv, 'peerOf'>,
): string | undefined => {
  if (routes.length > maxParts) return `${routes.length} routes where there may be ${maxParts}`
  const bounds = expiryBounds(target, height)
  let deliveredMsat = 0n
  let feesMsat = 0n
  for (const route of routes) {
    const { channelId, hops } = route
    const first = hops[0]
    const last = hops.at(-1)
    if (first === undefined || last === undefined) return 'a route without hops'
    const peer = peerOf(channelId)
    if (peer === undefined) return `${toHex(channelId)} is no channel of ours`
    if (!equalBytes(peer, first.nodeId)) return `${toHex(channelId)} does not lead to the first hop`
    if (!equalBytes(last.nodeId, target.recipient.nodeId)) return 'a route to another node'
    if (last.cltvExpiry < height + bounds.leastFinal) return 'a final expiry before the one asked for'
    if (first.cltvExpiry > height + bounds.most) return 'a first expiry that is too far'
    const unsound = hops.findIndex((hop, i) => !isSound(hop, hops[i - 1]))
    if (unsound !== -1)
      return `hop ${unsound} of a route is paid more, or later, than the one before it, or has no channel`
    const unwanted = wishProblem(target, route)
    if (unwanted !== undefined) return unwanted
    const problem = target.recipient.type === 'blinded' && pathProblem(target.recipient, last, hops.at(-2))
    if (problem) return problem
    const amounts = partAmounts(route)
    deliveredMsat += amounts.amountMsat
    feesMsat += amounts.feesMsat
  }
  // BOLT 4: no further HTLC once those under way and settled make up the total.
  if (deliveredMsat !== remainingMsat) return `routes for ${deliveredMsat} msat where ${remainingMsat} are missing`
  return feesMsat > feeBudgetMsat ? `fees of ${feesMsat} msat where there may be ${feeBudgetMsat}` : undefined
}

/** Of the first hop our own channel is known, with or without a short id. */
const isSound = ({ amountMsat, cltvExpiry, shortChannelId }: RouteHop, before: RouteHop | undefined): boolean =>
  amountMsat > 0n &&
  (before === undefined ||
    (shortChannelId !== undefined && amountMsat <= before.amountMsat && cltvExpiry <= before.cltvExpiry))
