import type { RelayPolicies, RelayPolicy } from '../../channel/state/params.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { ChannelId, ShortChannelId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import { relayFee } from '../relay-fee.ts'
import type { RelayChannel, RelayEnv, RelayRequest } from './relay-protocol.ts'

/** BOLT 7, `channel_update`: senders may not have heard of a new policy yet. */
const PREVIOUS_POLICY_HONOURED_MS = 10 * 60_000

/** Whether a sender may call the channel by this id: by every alias that we gave out, and by the real id unless aliases only. */
export const isNamed = ({ shortIds, aliasOnly }: RelayChannel, shortChannelId: ShortChannelId): boolean =>
  // BOLT 2, `option_scid_alias`: such a channel is not to be found by its real id.
  shortIds.localAliases.includes(shortChannelId) || (!aliasOnly && shortIds.real === shortChannelId)

/**
 * The channel to relay out of: the one that the sender named if it can carry the HTLC, else another with the same peer that
 * can (BOLT 4, non-strict forwarding). A refusal is the failure of the named channel.
 */
export const chooseRelayChannel = (
  request: RelayRequest,
  tried: readonly ChannelId[],
  env: RelayEnv,
): Result<RelayChannel, FailureMessage> => {
  const { shortChannelId } = request.payload
  const named = env.channels.find((channel) => isNamed(channel, shortChannelId))
  if (named === undefined) return err({ type: 'unknown_next_peer' })
  const refusal = refusalOf(request, named, env)
  const isTried = ({ channelId }: RelayChannel): boolean => tried.some((id) => equalBytes(id, channelId))
  if (refusal === undefined && !isTried(named)) return ok(named)
  const others = env.channels
    .filter((channel) => channel !== named && !isTried(channel) && refusalOf(request, channel, env) === undefined)
    .toSorted((a, b) => (a.spendableMsat > b.spendableMsat ? -1 : 1))
  const [best] = others
  if (best !== undefined) return ok(best)
  return err(refusal ?? { type: 'temporary_channel_failure' })
}

const updateOf = ({ payload }: RelayRequest, { channelId }: RelayChannel, env: RelayEnv) =>
  // BOLT 4: the update calls the channel what the sender called it, to tell nothing of its other names.
  env.channelUpdate(channelId, payload.shortChannelId)

/**
 * Why the HTLC cannot go out of the channel. BOLT 4, failure messages: forwarding node. Our update goes along where it
 * corrects the payer. A want of room is passing and the update knows nothing of it: BOLT 4 moves away from sending one, and
 * payers take it for news of the channel and try the same again.
 */
const refusalOf = (request: RelayRequest, channel: RelayChannel, env: RelayEnv): FailureMessage | undefined => {
  const { amtToForward, outgoingCltvValue } = request.payload
  // Made, and signed, only for those who are refused.
  const update = () => updateOf(request, channel, env)
  const violation = policyViolation(request, channel.policies, env.now)
  switch (violation) {
    case 'amount_below_minimum':
      return { type: 'amount_below_minimum', htlcMsat: amtToForward, channelUpdate: update() }
    case 'fee_insufficient':
      return { type: 'fee_insufficient', htlcMsat: request.amountMsat, channelUpdate: update() }
    case 'incorrect_cltv_expiry':
      return { type: 'incorrect_cltv_expiry', cltvExpiry: outgoingCltvValue, channelUpdate: update() }
  }
  const height = env.height as number
  // BOLT 4: too close to now to be safe, or so far that funds would be locked up for longer than is customary.
  if ((outgoingCltvValue as number) < height + (env.minCltvExpiryDelta as number)) {
    return { type: 'expiry_too_soon', channelUpdate: update() }
  }
  if ((outgoingCltvValue as number) > height + (env.maxCltvExpiryDelta as number)) return { type: 'expiry_too_far' }
  if (channel.status === 'closing') return { type: 'channel_disabled', disabledFlags: 0, channelUpdate: update() }
  // What `htlc_maximum_msat` says is coarse, and may be behind.
  return channel.status === 'usable' && amtToForward <= channel.spendableMsat
    ? undefined
    : { type: 'temporary_channel_failure' }
}

type Violation = 'amount_below_minimum' | 'fee_insufficient' | 'incorrect_cltv_expiry'

/** What the HTLC lacks by the policy in force, unless it satisfies the one before and that is still honoured. */
const policyViolation = (request: RelayRequest, policies: RelayPolicies, now: TimestampMs): Violation | undefined => {
  const { current, previous, since } = policies
  const violation = violationOf(request, current)
  if (violation === undefined || previous === undefined) return violation
  if ((now as number) - (since as number) >= PREVIOUS_POLICY_HONOURED_MS) return violation
  return violationOf(request, previous) === undefined ? undefined : violation
}

const violationOf = (
  { amountMsat, cltvExpiry, payload: { amtToForward, outgoingCltvValue } }: RelayRequest,
  policy: RelayPolicy,
): Violation | undefined => {
  if (amtToForward < policy.htlcMinimumMsat) return 'amount_below_minimum'
  const fee = (amountMsat as bigint) - (amtToForward as bigint)
  if (fee < (relayFee(policy, amtToForward) as bigint)) return 'fee_insufficient'
  if ((cltvExpiry as number) - (outgoingCltvValue as number) < (policy.cltvExpiryDelta as number)) {
    return 'incorrect_cltv_expiry'
  }
  return undefined
}
