import type { ChannelId, PublicKey, ShortChannelId, Signature, TxId } from '../../lib/ids.ts'
import type { FeeratePerKw, Msat, Sat } from '../../lib/units.ts'
import type { FeatureVector } from '../feature-vector.ts'
import type { WithUnknownTlvs } from '../tlv-record.ts'

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
  readonly signature: Signature
}

/** BOLT 2: the fundee's signature of the funder's first commitment. */
export interface FundingSigned extends WithUnknownTlvs {
  readonly type: 'funding_signed'
  readonly channelId: ChannelId
  readonly signature: Signature
}

/** BOLT 2: the funding transaction is deep enough for the sender. */
export interface ChannelReady extends WithUnknownTlvs {
  readonly type: 'channel_ready'
  readonly channelId: ChannelId
  readonly secondPerCommitmentPoint: PublicKey
  /** TLV `short_channel_id`: an alias under which the receiver may refer to the channel. */
  readonly alias?: ShortChannelId
}
