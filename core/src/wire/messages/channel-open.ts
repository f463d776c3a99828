import type { ChannelId, PublicKey, ShortChannelId, TxId } from '../../lib/ids.ts'
import type { FeeratePerKw, Msat, Sat } from '../../lib/units.ts'
import { bytes32, point, restBytes, u8, u16, u32, u64 } from '../codec/primitives.ts'
import { tlv } from '../codec/tlv-stream.ts'
import type { FeatureVector } from '../feature-vector.ts'
import { type FundingSignature, fundingSignature } from '../funding-signature.ts'
import type { WithUnknownTlvs } from '../tlv-record.ts'
import { messageCodec } from './message-codec.ts'

/** BOLT 2, channel establishment v1: the funder proposes a channel. */
export interface OpenChannel extends WithUnknownTlvs {
  readonly type: 'open_channel'
  /** Hash of the chain's genesis block, internal byte order. */
  readonly chainHash: Uint8Array
  readonly temporaryChannelId: ChannelId
  readonly fundingSatoshis: Sat
  readonly pushMsat: Msat
  readonly dustLimitSatoshis: Sat
  readonly maxHtlcValueInFlightMsat: Msat
  readonly channelReserveSatoshis: Sat
  readonly htlcMinimumMsat: Msat
  readonly feeratePerKw: FeeratePerKw
  readonly toSelfDelay: number
  readonly maxAcceptedHtlcs: number
  readonly fundingPubkey: PublicKey
  readonly revocationBasepoint: PublicKey
  readonly paymentBasepoint: PublicKey
  readonly delayedPaymentBasepoint: PublicKey
  readonly htlcBasepoint: PublicKey
  readonly firstPerCommitmentPoint: PublicKey
  /** Bit 0: announce the channel. */
  readonly channelFlags: number
  /** Empty: the sender supports the feature but commits to no script. */
  readonly upfrontShutdownScript?: Uint8Array
  readonly channelType?: FeatureVector
}

/** BOLT 2, channel establishment v1: the fundee agrees. */
export interface AcceptChannel extends WithUnknownTlvs {
  readonly type: 'accept_channel'
  readonly temporaryChannelId: ChannelId
  readonly dustLimitSatoshis: Sat
  readonly maxHtlcValueInFlightMsat: Msat
  readonly channelReserveSatoshis: Sat
  readonly htlcMinimumMsat: Msat
  readonly minimumDepth: number
  readonly toSelfDelay: number
  readonly maxAcceptedHtlcs: number
  readonly fundingPubkey: PublicKey
  readonly revocationBasepoint: PublicKey
  readonly paymentBasepoint: PublicKey
  readonly delayedPaymentBasepoint: PublicKey
  readonly htlcBasepoint: PublicKey
  readonly firstPerCommitmentPoint: PublicKey
  /** Empty: the sender supports the feature but commits to no script. */
  readonly upfrontShutdownScript?: Uint8Array
  readonly channelType?: FeatureVector
}

/** BOLT 2: the funding outpoint, and the funder's signature of the fundee's first commitment. */
export interface FundingCreated extends WithUnknownTlvs {
  readonly type: 'funding_created'
  readonly temporaryChannelId: ChannelId
  readonly fundingTxid: TxId
  readonly fundingOutputIndex: number
  readonly signature: FundingSignature
}

/** BOLT 2: the fundee's signature of the funder's first commitment. */
export interface FundingSigned extends WithUnknownTlvs {
  readonly type: 'funding_signed'
  readonly channelId: ChannelId
  readonly signature: FundingSignature
}

/** BOLT 2: the funding transaction is deep enough for the sender. */
export interface ChannelReady extends WithUnknownTlvs {
  readonly type: 'channel_ready'
  readonly channelId: ChannelId
  readonly secondPerCommitmentPoint: PublicKey
  /** TLV `short_channel_id`: an alias under which the receiver may refer to the channel. */
  readonly alias?: ShortChannelId
}

export const openChannelCodec = messageCodec<OpenChannel>(
  32,
  'open_channel',
  {
    chainHash: bytes32,
    temporaryChannelId: bytes32,
    fundingSatoshis: u64,
    pushMsat: u64,
    dustLimitSatoshis: u64,
    maxHtlcValueInFlightMsat: u64,
    channelReserveSatoshis: u64,
    htlcMinimumMsat: u64,
    feeratePerKw: u32,
    toSelfDelay: u16,
    maxAcceptedHtlcs: u16,
    fundingPubkey: point,
    revocationBasepoint: point,
    paymentBasepoint: point,
    delayedPaymentBasepoint: point,
    htlcBasepoint: point,
    firstPerCommitmentPoint: point,
    channelFlags: u8,
  },
  { upfrontShutdownScript: tlv(0, restBytes), channelType: tlv(1, restBytes) },
  // BOLT 2: the receiver may fail the channel, and does.
  () => true,
)

export const acceptChannelCodec = messageCodec<AcceptChannel>(
  33,
  'accept_channel',
  {
    temporaryChannelId: bytes32,
    dustLimitSatoshis: u64,
    maxHtlcValueInFlightMsat: u64,
    channelReserveSatoshis: u64,
    htlcMinimumMsat: u64,
    minimumDepth: u32,
    toSelfDelay: u16,
    maxAcceptedHtlcs: u16,
    fundingPubkey: point,
    revocationBasepoint: point,
    paymentBasepoint: point,
    delayedPaymentBasepoint: point,
    htlcBasepoint: point,
    firstPerCommitmentPoint: point,
  },
  { upfrontShutdownScript: tlv(0, restBytes), channelType: tlv(1, restBytes) },
  // BOLT 2: the receiver may fail the channel, and does.
  () => true,
)

export const fundingCreatedCodec = messageCodec<FundingCreated>(
  34,
  'funding_created',
  { temporaryChannelId: bytes32, fundingTxid: bytes32, fundingOutputIndex: u16, signature: fundingSignature },
  {},
)

export const fundingSignedCodec = messageCodec<FundingSigned>(
  35,
  'funding_signed',
  { channelId: bytes32, signature: fundingSignature },
  {},
)

export const channelReadyCodec = messageCodec<ChannelReady>(
  36,
  'channel_ready',
  { channelId: bytes32, secondPerCommitmentPoint: point },
  { alias: tlv(1, u64) },
)
