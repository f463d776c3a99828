import { secp256k1 } from '../../../crypto/secp256k1.ts'
import { equalBytes } from '../../../lib/bytes.ts'
import { MSAT_PER_SAT, msatToSatCeil } from '../../../lib/units.ts'
import { type ChannelType, decodeChannelType } from '../../../wire/channel-type.ts'
import type { FeatureVector } from '../../../wire/feature-vector.ts'
import { type FeatureName, hasFeature, isNegotiated } from '../../../wire/features.ts'
import type { AcceptChannel, OpenChannel } from '../../../wire/messages/channel-open.ts'
import { evenTypes } from '../../../wire/tlv-record.ts'
import type { CommitmentFormat } from '../../commitment/commitment-format.ts'
import { openerCost } from '../../commitment/commitment-spec.ts'
import { formatOfType } from '../../commitment/formats.ts'
import { isShutdownScriptOfPeer, scriptForms } from '../../commitment/shutdown-script.ts'
import { largest, smallest } from '../../commitments/amounts.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { OpenError } from '../../state/errors.ts'
import type { OpenCommand } from '../../state/inputs.ts'
import { checkFeerate } from '../common/fee-bounds.ts'
import { isAnnounced, OPENED_TYPE, typeOf } from './opening.ts'

/** BOLT 3, dust limits: the least amount that is not dust for any standard segwit output. */
const MIN_DUST_LIMIT = 354n
/** BOLT 2: from here on both sides must offer `option_support_large_channel`. */
const LARGE_CHANNEL = 1n << 24n

/** What our own `open` asks for, before anything is sent. */
export const checkOpenCommand = (
  command: OpenCommand,
  remoteFeatures: FeatureVector,
  env: ChannelEnv,
): OpenError | undefined => {
  const { settings } = env
  const { funding, channelType = OPENED_TYPE } = command
  const format = formatOfType(channelType)
  const unsupported = checkTypeFeatures(channelType, format, remoteFeatures, env)
  if (unsupported !== undefined) return unsupported
  // BOLT 2, open_channel: a channel that is announced cannot hide its real id.
  if (command.announce && channelType.scidAlias) return { code: 'announcement-not-supported' }
  if (funding < settings.minFunding) {
    return { code: 'funding-too-small', funding, bound: settings.minFunding }
  }
  const large = isNegotiated(settings.features, remoteFeatures, 'option_support_large_channel')
  const bound = large ? settings.maxFunding : smallest(settings.maxFunding, LARGE_CHANNEL - 1n)
  if (funding > bound) return { code: 'funding-too-large', funding, bound }
  if (command.pushMsat > funding * MSAT_PER_SAT) {
    return { code: 'push-exceeds-funding', pushMsat: command.pushMsat, funding }
  }
  return checkFunderPays(format, funding, command.pushMsat, env.feerates.commitment)
}

/** BOLT 2, open_channel: the faults for which its receiver must or may fail the channel. */
export const checkOpenChannel = (
  open: OpenChannel,
  remoteFeatures: FeatureVector,
  env: ChannelEnv,
): OpenError | undefined => {
  const { settings } = env
  const funding = open.fundingSatoshis
  if (!equalBytes(open.chainHash, settings.chainHash)) return { code: 'unknown-chain', chainHash: open.chainHash }
  if (open.channelType === undefined) return { code: 'channel-type-missing' }
  const type = decodeChannelType(open.channelType)
  const announce = isAnnounced(open)
  // BOLT 2, open_channel: one of the types that are defined, with anchors, which suits; an announced channel cannot hide its real id. Whether
  // the peer is trusted to fund it later is decided with the opening (`acceptChannel`).
  if (type === undefined || (type.scidAlias && announce)) {
    return { code: 'channel-type-not-supported', channelType: open.channelType }
  }
  const unknown = unknownRecords(open)
  if (unknown !== undefined) return unknown
  // BOLT 7, announcement_signatures: both must take part. We refuse what we do not do, instead of accepting it and leaving it undone.
  if (announce && settings.announcedOpenings === 'refuse') return { code: 'announcement-not-supported' }
  const format = formatOfType(type)
  const unsupported = checkTypeFeatures(type, format, remoteFeatures, env)
  if (unsupported !== undefined) return unsupported
  if (funding < settings.minFunding) {
    return { code: 'funding-too-small', funding, bound: settings.minFunding }
  }
  // In `accept_channel`, each of these two is compared with the other one of `open_channel`.
  const reserve = open.channelReserveSatoshis
  const dustLimit = open.dustLimitSatoshis
  if (reserve < dustLimit) return { code: 'reserve-below-dust-limit', reserve, dustLimit }
  const large = hasFeature(settings.features, 'option_support_large_channel')
  const bound = large ? settings.maxFunding : smallest(settings.maxFunding, LARGE_CHANNEL - 1n)
  if (funding > bound) return { code: 'funding-too-large', funding, bound }
  if (open.pushMsat > funding * MSAT_PER_SAT) {
    return { code: 'push-exceeds-funding', pushMsat: open.pushMsat, funding }
  }
  return (
    checkFeerate(open.feeratePerKw, env) ??
    checkCommon(format, open, funding, remoteFeatures, env) ??
    checkFunderPays(format, funding, open.pushMsat, open.feeratePerKw) ??
    checkInitialReserve(format, open, reserve)
  )
}

/** BOLT 2, accept_channel: the faults for which its receiver must or may fail the channel. */
export const checkAcceptChannel = (
  open: OpenChannel,
  accept: AcceptChannel,
  remoteFeatures: FeatureVector,
  env: ChannelEnv,
): OpenError | undefined => {
  const { settings } = env
  if (accept.channelType === undefined) return { code: 'channel-type-missing' }
  if (open.channelType === undefined || !equalBytes(accept.channelType, open.channelType)) {
    return { code: 'channel-type-mismatch', channelType: accept.channelType }
  }
  const unknown = unknownRecords(accept)
  if (unknown !== undefined) return unknown
  const reserve = accept.channelReserveSatoshis
  if (reserve < open.dustLimitSatoshis) {
    return { code: 'reserve-below-dust-limit', reserve, dustLimit: open.dustLimitSatoshis }
  }
  if (open.channelReserveSatoshis < accept.dustLimitSatoshis) {
    return {
      code: 'reserve-below-dust-limit',
      reserve: open.channelReserveSatoshis,
      dustLimit: accept.dustLimitSatoshis,
    }
  }
  const type = typeOf(open)
  // BOLT 2, accept_channel: zero if the type has `option_zeroconf`.
  const maxDepth = type.zeroConf ? 0 : settings.maxMinimumDepth
  if (accept.minimumDepth > maxDepth) {
    return { code: 'minimum-depth-too-high', minimumDepth: accept.minimumDepth, bound: maxDepth }
  }
  const format = formatOfType(type)
  return (
    checkCommon(format, accept, open.fundingSatoshis, remoteFeatures, env) ??
    checkInitialReserve(format, open, accept.channelReserveSatoshis)
  )
}

// BOLT 2, open_channel: its type should contain no feature that was not negotiated.
const checkTypeFeatures = (
  { scidAlias, zeroConf }: ChannelType,
  { feature }: CommitmentFormat,
  remoteFeatures: FeatureVector,
  { settings }: ChannelEnv,
): OpenError | undefined => {
  const isOffered = (name: FeatureName): boolean => isNegotiated(settings.features, remoteFeatures, name)
  if (!hasFeature(remoteFeatures, feature)) return { code: 'anchors-not-supported-by-peer' }
  if (scidAlias && !isOffered('option_scid_alias')) return { code: 'scid-alias-not-supported-by-peer' }
  if (zeroConf && !isOffered('option_zeroconf')) return { code: 'zero-conf-not-supported-by-peer' }
  return undefined
}

// BOLT 1, extensions: a record of an even type must be understood. It is part of the peer's proposal.
const unknownRecords = (message: OpenChannel | AcceptChannel): OpenError | undefined => {
  const types = evenTypes(message)
  return types.length === 0 ? undefined : { code: 'unknown-records', types }
}

/** The fields that both messages have. */
const checkCommon = (
  format: CommitmentFormat,
  message: OpenChannel | AcceptChannel,
  funding: bigint,
  remoteFeatures: FeatureVector,
  { settings }: ChannelEnv,
): OpenError | undefined => {
  const dustLimit = message.dustLimitSatoshis
  const reserve = message.channelReserveSatoshis
  if (dustLimit < MIN_DUST_LIMIT) return { code: 'dust-limit-too-small', dustLimit, bound: MIN_DUST_LIMIT }
  if (dustLimit > settings.maxRemoteDustLimit) {
    return { code: 'dust-limit-too-large', dustLimit, bound: settings.maxRemoteDustLimit }
  }
  const maxReserve = largest((funding * BigInt(settings.maxReserve)) / 1_000_000n, MIN_DUST_LIMIT * 3n)
  if (reserve > maxReserve) return { code: 'reserve-too-high', reserve, bound: maxReserve }
  const { maxAcceptedHtlcs, maxHtlcValueInFlightMsat } = message
  if (maxAcceptedHtlcs > format.maxAcceptedHtlcs) return { code: 'too-many-accepted-htlcs', maxAcceptedHtlcs }
  if (maxAcceptedHtlcs < 1) return { code: 'too-few-accepted-htlcs', maxAcceptedHtlcs }
  if (maxHtlcValueInFlightMsat < largest(message.htlcMinimumMsat, 1n)) {
    return { code: 'max-htlc-value-in-flight-too-low', maxHtlcValueInFlightMsat }
  }
  if (message.toSelfDelay > settings.maxToSelfDelay) {
    return { code: 'to-self-delay-too-long', toSelfDelay: message.toSelfDelay, bound: settings.maxToSelfDelay }
  }
  if (message.htlcMinimumMsat > settings.maxHtlcMinimumMsat) {
    return {
      code: 'htlc-minimum-too-high',
      htlcMinimumMsat: message.htlcMinimumMsat,
      bound: settings.maxHtlcMinimumMsat,
    }
  }
  for (const field of POINTS) if (!secp256k1.isPublicKey(message[field])) return { code: 'invalid-public-key', field }
  const script = message.upfrontShutdownScript
  const forms = scriptForms(settings.features, remoteFeatures)
  if (script !== undefined && script.length > 0 && !isShutdownScriptOfPeer(script, forms)) {
    return { code: 'invalid-upfront-shutdown-script' }
  }
  return undefined
}

const POINTS = [
  'fundingPubkey',
  'revocationBasepoint',
  'paymentBasepoint',
  'delayedPaymentBasepoint',
  'htlcBasepoint',
  'firstPerCommitmentPoint',
] as const

// BOLT 2: the funder's amount must cover the full fee of the first commitment (and its anchors).
const checkFunderPays = (
  format: CommitmentFormat,
  funding: bigint,
  pushMsat: bigint,
  feeratePerKw: number,
): OpenError | undefined => {
  const left = funding - msatToSatCeil(pushMsat)
  const cost = openerCost(format, feeratePerKw, 0)
  return left < cost ? { code: 'funder-cannot-pay-fee', missing: cost - left } : undefined
}

// BOLT 2: after the fee, at least one side must have more than the reserve in the first commitment.
const checkInitialReserve = (format: CommitmentFormat, open: OpenChannel, reserve: bigint): OpenError | undefined => {
  const cost = openerCost(format, open.feeratePerKw, 0)
  // BOLT 3: both outputs are rounded down.
  const fundee = open.pushMsat / MSAT_PER_SAT
  const funder = (open.fundingSatoshis * MSAT_PER_SAT - open.pushMsat) / MSAT_PER_SAT - cost
  return funder <= reserve && fundee <= reserve ? { code: 'both-sides-below-reserve' } : undefined
}
