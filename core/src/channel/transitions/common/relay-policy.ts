import { secp256k1 } from '../../../crypto/secp256k1.ts'
import { compareBytes, equalBytes } from '../../../lib/bytes.ts'
import type { ShortChannelId } from '../../../lib/ids.ts'
import { MSAT_PER_SAT, type TimestampMs } from '../../../lib/units.ts'
import { channelUpdateDigest } from '../../../wire/channel-update-digest.ts'
import { inboundFeeExtension } from '../../../wire/inbound-fee.ts'
import type { ChannelUpdate } from '../../../wire/messages/gossip.ts'
import { isUnderstood } from '../../../wire/update-extension.ts'
import { largest, smallest } from '../../commitments/amounts.ts'
import { update } from '../../state/channel-state.ts'
import type { Funded } from '../../state/durable.ts'
import type { Effect, IgnoredEffect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { SetHtlcMaximumCommand, SetInboundDiscountCommand, SetRelayFeesCommand } from '../../state/inputs.ts'
import type { InboundDiscount, Limits, RelayPolicies, RemoteRelayPolicy } from '../../state/params.ts'
import type { Session } from '../../state/session.ts'
import { isBeingAnnounced } from './announcing.ts'
import { done, emit, type Live, type Step, stay, to } from './step.ts'

const MUST_BE_ONE = 1
const DONT_FORWARD = 2
const DISABLED = 2

/** What a new channel charges: the node's default, within the limits of the channel and the peer. */
export const initialRelayPolicies = (capacity: bigint, remoteLimits: Limits, env: ChannelEnv): RelayPolicies => {
  const { relay } = env.settings
  const htlcMinimumMsat = largest(relay.htlcMinimumMsat, remoteLimits.htlcMinimumMsat, 1n)
  const most = smallest(relay.htlcMaximumMsat, capacity * MSAT_PER_SAT, remoteLimits.maxHtlcValueInFlightMsat)
  return {
    // BOLT 7, channel_update: the maximum is never below the minimum, though the operator may have chosen it so.
    current: { ...relay, htlcMinimumMsat, htlcMaximumMsat: largest(most, htlcMinimumMsat) },
    since: env.now,
    updateTimestamp: seconds(env.now),
  }
}

/**
 * Our `channel_update` for the peer, without the node's signature. It names the channel by the alias that the peer gave it, else by its
 * real id (BOLT 7), which a channel with `option_scid_alias` keeps to itself, unless the caller has a name; `undefined` without any.
 */
export const channelUpdateOf = (
  durable: Funded,
  env: ChannelEnv,
  shortChannelId: ShortChannelId | undefined = outsideNameOf(durable),
): ChannelUpdate | undefined => {
  if (shortChannelId === undefined) return undefined
  const { current, updateTimestamp } = durable.relay
  // BOLT 7, channel_update: a channel that is closing is disabled. This is a new update, so it has a timestamp of its own.
  const isDisabled = durable.phase === 'shutdown' || durable.phase === 'negotiating' || durable.phase === 'closing'
  return {
    type: 'channel_update',
    signature: new Uint8Array(64),
    chainHash: env.settings.chainHash,
    shortChannelId,
    timestamp: isDisabled ? updateTimestamp + 1 : updateTimestamp,
    messageFlags: MUST_BE_ONE | DONT_FORWARD,
    channelFlags: localDirection(durable) | (isDisabled ? DISABLED : 0),
    cltvExpiryDelta: current.cltvExpiryDelta,
    htlcMinimumMsat: current.htlcMinimumMsat,
    feeBaseMsat: Number(current.feeBaseMsat),
    feeProportionalMillionths: current.feeProportionalMillionths,
    htlcMaximumMsat: current.htlcMaximumMsat,
    ...inboundExtension(durable),
  }
}

const NO_DISCOUNT: InboundDiscount = { feeBaseMsat: 0n, feeProportionalMillionths: 0 }

/** bLIP 18: what an update says of our discount for what comes in, which is a negative fee. Without one it says nothing. */
export const inboundExtension = ({ inbound }: Pick<Funded, 'inbound'>): Pick<ChannelUpdate, 'extension'> => {
  const { feeBaseMsat, feeProportionalMillionths } = inbound?.current ?? NO_DISCOUNT
  if (feeBaseMsat === 0n && feeProportionalMillionths === 0) return {}
  const fee = { baseMsat: -Number(feeBaseMsat), proportionalMillionths: -feeProportionalMillionths }
  return { extension: inboundFeeExtension(fee) }
}

/**
 * The name of the channel that may be told: the peer's alias for it, else its real id. BOLT 2, channel_ready: with `option_scid_alias` in the
 * channel's type, the real id is used in no hint of an invoice; BOLT 7: nor in a `channel_update`.
 */
export const outsideNameOf = ({ params, shortIds }: Funded): ShortChannelId | undefined =>
  shortIds.remoteAlias ?? (params.channelType.scidAlias ? undefined : shortIds.real)

/** Tells a connected peer our policy; not while it may be announcing the channel, after which everybody is told of it. */
export const sendChannelUpdate = (durable: Funded, session: Session, env: ChannelEnv): readonly Effect[] => {
  if (isBeingAnnounced(durable, env)) return []
  const message = channelUpdateOf(durable, env)
  if (message === undefined) return []
  return [
    {
      type: 'send',
      epoch: session.epoch,
      message,
      needs: { type: 'node-signature', digest: channelUpdateDigest(message) },
    },
  ]
}

export const setRelayFees = ({ durable, session }: Live, command: SetRelayFeesCommand, env: ChannelEnv): Step => {
  const previous = durable.relay.current
  const current = { ...previous, ...command.policy }
  const relay: RelayPolicies = { current, previous, since: env.now, updateTimestamp: laterTimestamp(durable, env) }
  const next = update(durable, { relay })
  const usable = session?.reestablished === true && next.phase === 'normal'
  return to(next, session, [
    ...(usable ? sendChannelUpdate(next, session, env) : []),
    emit(next, { type: 'relay-fees-changed', policy: current, previous }),
    ...done(command),
  ])
}

export const setInboundDiscount = (
  { durable, session }: Live,
  command: SetInboundDiscountCommand,
  env: ChannelEnv,
): Step => {
  const { discount } = command
  const previous = durable.inbound?.current ?? NO_DISCOUNT
  const next = update(durable, {
    inbound: { current: discount, previous, since: env.now },
    relay: { ...durable.relay, updateTimestamp: laterTimestamp(durable, env) },
  })
  const usable = session?.reestablished === true && next.phase === 'normal'
  return to(next, session, [
    ...(usable ? sendChannelUpdate(next, session, env) : []),
    emit(next, { type: 'inbound-discount-changed', discount, previous }),
    ...done(command),
  ])
}

export const setHtlcMaximum = ({ durable, session }: Live, command: SetHtlcMaximumCommand, env: ChannelEnv): Step => {
  const { htlcMaximumMsat } = command
  const current = { ...durable.relay.current, htlcMaximumMsat }
  const next = update(durable, {
    relay: { ...durable.relay, current, updateTimestamp: laterTimestamp(durable, env) },
  })
  const usable = session?.reestablished === true && next.phase === 'normal'
  return to(next, session, [...(usable ? sendChannelUpdate(next, session, env) : []), ...done(command)])
}

// BOLT 7: a later update has a greater timestamp.
const laterTimestamp = ({ relay }: Funded, { now }: ChannelEnv): number =>
  Math.max(seconds(now), relay.updateTimestamp + 1)

/** BOLT 7, channel_update: why one of the peer is ignored. */
const unfit = (durable: Funded, message: ChannelUpdate, env: ChannelEnv): IgnoredEffect['why'] | undefined => {
  const { shortIds, params, remoteRelay } = durable
  const ours = message.shortChannelId === shortIds.real || shortIds.localAliases.includes(message.shortChannelId)
  const theirDirection = localDirection(durable) === 0 ? 1 : 0
  const fits =
    ours && (message.channelFlags & 1) === theirDirection && equalBytes(message.chainHash, env.settings.chainHash)
  if (!fits) return 'other-channel'
  // BOLT 1, type-length-value format: a record of an even type must be understood, and what is none says nothing.
  if (!isUnderstood(message)) return 'not-understood'
  if (remoteRelay !== undefined && message.timestamp <= remoteRelay.timestamp) return 'not-newer'
  const isSigned = secp256k1.verify(message.signature, channelUpdateDigest(message), params.remoteNodeId)
  return isSigned ? undefined : 'bad-signature'
}

/** The peer's policy for its end, which hints in our invoices repeat. */
export const recvChannelUpdate = ({ durable, session }: Live, message: ChannelUpdate, env: ChannelEnv): Step => {
  const { remoteRelay } = durable
  const why = unfit(durable, message, env)
  if (why !== undefined) {
    const state = session === undefined ? { durable } : { durable, session }
    return stay(state, { type: 'ignored', message: message.type, why })
  }
  const policy: RemoteRelayPolicy = {
    feeBaseMsat: BigInt(message.feeBaseMsat),
    feeProportionalMillionths: message.feeProportionalMillionths,
    cltvExpiryDelta: message.cltvExpiryDelta,
    htlcMinimumMsat: message.htlcMinimumMsat,
    htlcMaximumMsat: message.htlcMaximumMsat,
    shortChannelId: message.shortChannelId,
    timestamp: message.timestamp,
    disabled: (message.channelFlags & DISABLED) !== 0,
  }
  const next = update(durable, { remoteRelay: policy })
  // Ours was sent when the channel became usable. LND loses it for good if its own graph has the channel only a moment later; by the time
  // that LND sends its own update, its graph has the channel.
  const again = remoteRelay === undefined && next.phase === 'normal' && session?.reestablished === true
  return to(next, session, again ? sendChannelUpdate(next, session, env) : [])
}

// BOLT 7: the direction is 0 for the node with the lesser id.
const localDirection = ({ params }: Funded): 0 | 1 =>
  compareBytes(params.localNodeId, params.remoteNodeId) < 0 ? 0 : 1

const seconds = (now: TimestampMs): number => Math.floor(now / 1000)
