import { EMPTY_SHACHAIN_STORE } from '../../../crypto/shachain.ts'
import { EMPTY } from '../../../lib/bytes.ts'
import type { ChannelId, OutPoint, PublicKey } from '../../../lib/ids.ts'
import { MSAT_PER_SAT, satToMsat } from '../../../lib/units.ts'
import { type ChannelType, decodeChannelType } from '../../../wire/channel-type.ts'
import { type FundingSignature, NO_FUNDING_SIGNATURE } from '../../../wire/funding-signature.ts'
import type { AcceptChannel, OpenChannel } from '../../../wire/messages/channel-open.ts'
import type { CommitmentParams } from '../../commitment/commitment-params.ts'
import type { CommitmentSpec } from '../../commitment/commitment-spec.ts'
import type { CommitmentTransaction } from '../../commitment/commitment-transaction.ts'
import { formatOfType } from '../../commitment/formats.ts'
import { largest } from '../../commitments/amounts.ts'
import { buildLocal, buildRemote, fundingOutputScript, mirrored } from '../../commitments/build-commitment.ts'
import { all, fundingDeadSince, isFundingConfirmed, latest, replaceCommitment } from '../../commitments/commitments.ts'
import { NO_CHANGES } from '../../state/changes.ts'
import type { Commitment } from '../../state/commitment.ts'
import type { FundedCommon } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import { NO_HTLCS } from '../../state/htlc.ts'
import type { OpeningKeys } from '../../state/opening.ts'
import type { ChannelKeys, ChannelParams, Limits } from '../../state/params.ts'
import { initialRelayPolicies } from '../common/relay-policy.ts'

/** BOLT 2: the funding txid with the output's number, big-endian, XORed into its last two bytes. */
export const channelIdOf = ({ txid, index }: OutPoint): ChannelId => {
  const id = Uint8Array.from(txid)
  id[30] = (id[30] as number) ^ (index >>> 8)
  id[31] = (id[31] as number) ^ (index & 0xff)
  return id
}

/** The demands of one side, in the form of its message. */
const limitsOf = (message: OpenChannel | AcceptChannel): Limits => ({
  dustLimit: message.dustLimitSatoshis,
  channelReserve: message.channelReserveSatoshis,
  htlcMinimumMsat: message.htlcMinimumMsat,
  maxHtlcValueInFlightMsat: message.maxHtlcValueInFlightMsat,
  maxAcceptedHtlcs: message.maxAcceptedHtlcs,
  toSelfDelay: message.toSelfDelay,
})

const keysOfMessage = (message: OpenChannel | AcceptChannel): ChannelKeys => ({
  fundingKey: message.fundingPubkey,
  basepoints: {
    revocation: message.revocationBasepoint,
    payment: message.paymentBasepoint,
    delayedPayment: message.delayedPaymentBasepoint,
    htlc: message.htlcBasepoint,
  },
})

/** The fields of `open_channel` and `accept_channel` with our demands and our keys. */
export const ownFields = (
  keys: OpeningKeys,
  funding: bigint,
  upfrontShutdown: boolean,
  leastReserve: bigint,
  env: ChannelEnv,
) => {
  const { settings } = env
  const reserve = (funding * BigInt(settings.reserve)) / 1_000_000n
  const { fundingKey, basepoints } = keys.localKeys
  return {
    dustLimitSatoshis: settings.dustLimit,
    maxHtlcValueInFlightMsat: settings.maxHtlcValueInFlightMsat ?? funding * MSAT_PER_SAT,
    // BOLT 2: never below either side's dust limit, or a commitment could end up without outputs.
    channelReserveSatoshis: largest(reserve, settings.minReserve, settings.dustLimit, leastReserve),
    htlcMinimumMsat: settings.htlcMinimumMsat,
    toSelfDelay: settings.toSelfDelay,
    maxAcceptedHtlcs: settings.maxAcceptedHtlcs,
    fundingPubkey: fundingKey,
    revocationBasepoint: basepoints.revocation,
    paymentBasepoint: basepoints.payment,
    delayedPaymentBasepoint: basepoints.delayedPayment,
    htlcBasepoint: basepoints.htlc,
    firstPerCommitmentPoint: env.commitmentPoint(0),
    // BOLT 2: a message with TLVs must contain this one; an empty script commits to nothing.
    upfrontShutdownScript: upfrontShutdown ? keys.localShutdownScript : EMPTY,
  }
}

/** The type of the channels that we open unless another is asked for. */
export const OPENED_TYPE: ChannelType = { scidAlias: false, zeroConf: false }

/** The type of a channel that is being opened: one that the checks have let pass. */
export const typeOf = (open: OpenChannel): ChannelType => decodeChannelType(open.channelType ?? EMPTY) ?? OPENED_TYPE

/** BOLT 2, open_channel: the least significant bit of `channel_flags`. */
export const isAnnounced = (open: OpenChannel): boolean => (open.channelFlags & 1) !== 0

export interface FirstCommitments {
  /** Our commitment still lacks the peer's signature. */
  readonly funded: FundedCommon
  readonly local: CommitmentTransaction
  readonly remote: CommitmentTransaction
}

/** Both first commitments, once the funding outpoint is known. */
export const firstCommitments = (
  keys: OpeningKeys,
  open: OpenChannel,
  accept: AcceptChannel,
  localIsOpener: boolean,
  fundingOutpoint: OutPoint,
  env: ChannelEnv,
): FirstCommitments => {
  const [ours, theirs] = localIsOpener ? [open, accept] : [accept, open]
  const remoteKeys = keysOfMessage(theirs)
  const localLimits = limitsOf(ours)
  const remoteLimits = limitsOf(theirs)
  const channelType = typeOf(open)
  const format = formatOfType(channelType)
  const localParams: CommitmentParams = {
    format,
    fundingOutpoint,
    fundingAmount: open.fundingSatoshis,
    localFundingKey: keys.localKeys.fundingKey,
    remoteFundingKey: remoteKeys.fundingKey,
    localBasepoints: keys.localKeys.basepoints,
    remoteBasepoints: remoteKeys.basepoints,
    localIsOpener,
    dustLimit: localLimits.dustLimit,
    toSelfDelay: remoteLimits.toSelfDelay,
  }
  const remoteParams = mirrored(localParams, remoteLimits.dustLimit, localLimits.toSelfDelay)
  const funderMsat = satToMsat(open.fundingSatoshis) - open.pushMsat
  const [toLocalMsat, toRemoteMsat] = localIsOpener ? [funderMsat, open.pushMsat] : [open.pushMsat, funderMsat]
  const spec: CommitmentSpec = { htlcs: [], feeratePerKw: open.feeratePerKw, toLocalMsat, toRemoteMsat }
  const remoteSpec: CommitmentSpec = { ...spec, toLocalMsat: toRemoteMsat, toRemoteMsat: toLocalMsat }
  const point: PublicKey = theirs.firstPerCommitmentPoint
  const local = buildLocal(localParams, 0, spec, env).transaction
  const remote = buildRemote(remoteParams, 0, remoteSpec, point)
  const commitment: Commitment = {
    fundingIndex: 0,
    fundingStatus: { type: 'unconfirmed' },
    localParams,
    remoteParams,
    localLimits,
    remoteLimits,
    local: {
      index: 0,
      spec,
      txid: local.txid,
      remoteSignature: NO_FUNDING_SIGNATURE,
      htlcSignatures: [],
    },
    remote: { index: 0, spec: remoteSpec, txid: remote.txid, point },
  }
  const upfront = theirs.upfrontShutdownScript
  const params: ChannelParams = {
    channelId: channelIdOf(fundingOutpoint),
    temporaryChannelId: open.temporaryChannelId,
    localNodeId: keys.localNodeId,
    remoteNodeId: keys.remoteNodeId,
    keyIndex: keys.keyIndex,
    localIsOpener,
    channelType,
    announce: isAnnounced(open) && (localIsOpener || env.settings.announcedOpenings === 'announce'),
    localKeys: keys.localKeys,
    remoteKeys,
    localShutdownScript: keys.localShutdownScript,
    localShutdownIsUpfront: (ours.upfrontShutdownScript?.length ?? 0) > 0,
    ...(upfront !== undefined && upfront.length > 0 ? { remoteUpfrontShutdown: upfront } : {}),
    // BOLT 2, channel_ready: the opener may send it whenever it likes. We use a funding of our own unconfirmed only where that was agreed on.
    minimumDepth: localIsOpener && !channelType.zeroConf ? Math.max(1, accept.minimumDepth) : accept.minimumDepth,
    openedAt: env.height,
  }
  return {
    local,
    remote,
    funded: {
      params,
      shortIds: { localAliases: [keys.alias] },
      relay: initialRelayPolicies(open.fundingSatoshis, remoteLimits, env),
      changes: NO_CHANGES,
      htlcs: NO_HTLCS,
      active: [commitment],
      inactive: [],
      remoteNextPoint: { type: 'unknown' },
      remoteReady: false,
      remoteSecrets: EMPTY_SHACHAIN_STORE,
    },
  }
}

/** With the peer's signature of our first commitment. */
export const withFirstSignature = (funded: FundedCommon, remoteSignature: FundingSignature): FundedCommon => {
  const commitment = latest(funded)
  const local = { ...commitment.local, remoteSignature }
  return replaceCommitment(funded, commitment, { ...commitment, local })
}

/** How deep the funding of a channel that was used before must be to count as confirmed: as deep as the field asks for otherwise. */
const ZERO_CONF_DEPTH = 6

/** How deep the funding must be for us, however early the channel is used. */
export const fundingDepth = ({ params }: FundedCommon): number =>
  params.minimumDepth === 0 ? ZERO_CONF_DEPTH : params.minimumDepth

/** What must be watched from the moment when a funding transaction may be published. */
export const watchFunding = (funded: FundedCommon): readonly Effect[] => {
  const depth = fundingDepth(funded)
  return all(funded).flatMap((commitment): readonly Effect[] => {
    const { fundingOutpoint: outpoint } = commitment.localParams
    const script = fundingOutputScript(commitment)
    const spent: Effect = { type: 'watch-spent', outpoint, script }
    if (commitment.fundingStatus.type === 'confirmed') return [spent]
    return [{ type: 'watch-confirmed', txid: outpoint.txid, depth, script }, spent]
  })
}

export const publishFunding = (funded: FundedCommon): readonly Effect[] =>
  funded.fundingTx === undefined || isFundingConfirmed(funded) || fundingDeadSince(funded) !== undefined
    ? []
    : [
        {
          type: 'publish',
          purpose: 'funding',
          publication: { type: 'signed', tx: funded.fundingTx },
        },
      ]
