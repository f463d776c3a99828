import type { InboundDiscount, RelayPolicies, RelayPolicy } from '../../channel/index.ts'
import { receivedToRelay, relayFee } from '../../graph/relay-fee.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { ChannelId, ShortChannelId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Msat } from '../../lib/units.ts'
import type { NextNode } from '../../onion/encrypted-data.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import type { RelayChannel, RelayEnv, RelayedHtlc, RelayRecord, RelayRequest } from './relay-protocol.ts'

/** BOLT 7, `channel_update`: senders may not have heard of a new policy yet. */
export const PREVIOUS_POLICY_HONOURED_MS = 10 * 60_000

/** How many blocks before its expiry an HTLC that only costs its channel is given back: enough for the removal to be committed. */
const GIVE_BACK_MARGIN = 3

/**
 * BOLT 5, HTLC output handling: an incoming HTLC is failed before its own timeout, whatever has become of the outgoing one. Its peer goes
 * to the chain at the expiry, and by then takes the HTLC back: a preimage that comes later is worth nothing, and the channel is lost as
 * well. So where the outgoing HTLC can only be answered by the chain, and has not been, the incoming one is given back just before. An HTLC
 * whose channel the chain decides, or whose peer is away, is kept: giving it back would save nothing.
 */
export const isToBeGivenBack = (record: RelayRecord, env: RelayEnv): boolean =>
  record.incoming.some((htlc) => isNearlyOver(htlc, env)) && env.isLeftToChain(record)

/** Whether an incoming HTLC is about to expire, and its peer would take it back before that. */
export const isNearlyOver = (
  htlc: RelayedHtlc,
  { height, takesBack }: Pick<RelayEnv, 'height' | 'takesBack'>,
): boolean => height >= htlc.cltvExpiry - GIVE_BACK_MARGIN && takesBack(htlc)

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
  const named = namedChannel(request.payload.next, env)
  if (named === undefined) return err({ type: 'unknown_next_peer' })
  const reason = refusalOf(request, named, env)
  const isTried = ({ channelId }: RelayChannel): boolean => tried.some((id) => equalBytes(id, channelId))
  if (reason === undefined && !isTried(named)) return ok(named)
  for (const other of env.byRoom(named.remoteNodeId)) {
    if (request.payload.amtToForward > other.spendableMsat) break
    if (equalBytes(other.channelId, named.channelId) || isTried(other)) continue
    if (refusalOf(request, other, env) === undefined) return ok(other)
  }
  return err(reason === undefined ? { type: 'temporary_channel_failure' } : failureFor(reason, request, named, env))
}

/** A path that names a node means any channel with it: first the one with the most room, and one that is offline if there is no other. */
export const namedChannel = (next: NextNode, env: RelayEnv): RelayChannel | undefined => {
  if (next.type === 'node') {
    for (const channel of env.byRoom(next.nodeId)) return channel
    return env.offlineWith(next.nodeId)
  }
  const named = env.named(next.shortChannelId)
  return named !== undefined && isNamed(named, next.shortChannelId) ? named : undefined
}

type Reason = Violation | 'expiry_too_soon' | 'expiry_too_far' | 'channel_disabled' | 'temporary_channel_failure'

/** Why the HTLC cannot go out of the channel. BOLT 4, failure messages: forwarding node. */
const refusalOf = (request: RelayRequest, channel: RelayChannel, env: RelayEnv): Reason | undefined => {
  const { amtToForward, outgoingCltvValue } = request.payload
  const violation = policyViolation(request, channel.policies, env)
  if (violation !== undefined) return violation
  const height = env.height
  // BOLT 4: too close to now to be safe, or so far that funds would be locked up for longer than is customary.
  if (outgoingCltvValue < height + env.minCltvExpiryDelta) return 'expiry_too_soon'
  if (outgoingCltvValue > height + env.maxCltvExpiryDelta) return 'expiry_too_far'
  if (channel.status === 'closing') return 'channel_disabled'
  // What `htlc_maximum_msat` says is coarse, and may be behind.
  return channel.status === 'usable' && amtToForward <= channel.spendableMsat ? undefined : 'temporary_channel_failure'
}

/**
 * The failure for the sender. Our update is made and signed only for refused HTLCs, and is included if it corrects the payer. A lack of
 * room passes, and the update says nothing about it: BOLT 4 moves away from sending one, and payers take it for news about the channel and
 * try the same again.
 */
const failureFor = (reason: Reason, request: RelayRequest, channel: RelayChannel, env: RelayEnv): FailureMessage => {
  const { payload } = request
  const { amtToForward, outgoingCltvValue } = payload
  // BOLT 4: the update uses the sender's name for the channel, so that it reveals no other name. Within a blinded path none is told.
  const update = () =>
    payload.type === 'relay' ? env.channelUpdate(channel.channelId, payload.next.shortChannelId) : undefined
  switch (reason) {
    case 'amount_below_minimum':
      return { type: reason, htlcMsat: amtToForward, channelUpdate: update() }
    case 'fee_insufficient':
      return { type: reason, htlcMsat: request.amountMsat, channelUpdate: update() }
    case 'incorrect_cltv_expiry':
      return { type: reason, cltvExpiry: outgoingCltvValue, channelUpdate: update() }
    case 'expiry_too_soon':
      return { type: reason, channelUpdate: update() }
    case 'channel_disabled':
      return { type: reason, disabledFlags: 0, channelUpdate: update() }
    case 'expiry_too_far':
    case 'temporary_channel_failure':
      return { type: reason }
  }
}

/** What the HTLC lacks by the policy in force, unless it satisfies the one before and that is still honoured. */
const policyViolation = (request: RelayRequest, policies: RelayPolicies, env: RelayEnv): Violation | undefined => {
  const { current, previous, since } = policies
  const { now } = env
  const discounts = discountsOf(request, env)
  const violation = violationOf(request, current, discounts)
  if (violation === undefined || previous === undefined) return violation
  if (now - since >= PREVIOUS_POLICY_HONOURED_MS) return violation
  return violationOf(request, previous, discounts) === undefined ? undefined : violation
}

/** What may be taken off for where the HTLC comes from: the discount in force, or the one before it while that is honoured. */
const discountsOf = ({ incoming }: RelayRequest, { inboundDiscounts, now }: RelayEnv): readonly InboundDiscount[] => {
  const discounts = inboundDiscounts(incoming.channelId)
  if (discounts === undefined) return []
  const { current, previous, since } = discounts
  return now - since < PREVIOUS_POLICY_HONOURED_MS ? [current, previous] : [current]
}

/** bLIP 18: what satisfies us: the fee for sending on, and it less what is taken off for where the HTLC comes from, never below nothing. */
const feesTaken = (policy: RelayPolicy, discounts: readonly InboundDiscount[], amountMsat: Msat): readonly Msat[] => [
  relayFee(policy, amountMsat),
  ...discounts.map(({ feeBaseMsat, feeProportionalMillionths }) => {
    const inbound = {
      inboundFeeBaseMsat: -Number(feeBaseMsat),
      inboundFeeProportionalMillionths: -feeProportionalMillionths,
    }
    return receivedToRelay(policy, inbound, amountMsat) - amountMsat
  }),
]

type Violation = 'amount_below_minimum' | 'fee_insufficient' | 'incorrect_cltv_expiry'

const violationOf = (
  { amountMsat, cltvExpiry, payload: { type, amtToForward, outgoingCltvValue } }: RelayRequest,
  policy: RelayPolicy,
  discounts: readonly InboundDiscount[],
): Violation | undefined => {
  if (amtToForward < policy.htlcMinimumMsat) return 'amount_below_minimum'
  // BOLT 4, `payment_relay`: what goes on is rounded up, which leaves us up to one millisatoshi less.
  const fee = amountMsat - amtToForward + (type === 'blinded-relay' ? 1n : 0n)
  if (feesTaken(policy, discounts, amtToForward).every((least) => fee < least)) return 'fee_insufficient'
  if (cltvExpiry - outgoingCltvValue < policy.cltvExpiryDelta) {
    return 'incorrect_cltv_expiry'
  }
  return undefined
}
