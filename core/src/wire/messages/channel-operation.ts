import type { ChannelId, HtlcId, PaymentHash, Preimage, PrivateKey, PublicKey, Signature, TxId } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw, Msat } from '../../lib/units.ts'
import { u16List } from '../codec/combinators.ts'
import { bytes32, fixedBytes, point, restBytes, signature, u16, u16Bytes, u32, u64 } from '../codec/primitives.ts'
import { tlv } from '../codec/tlv-stream.ts'
import { type FundingSignature, fundingSignature } from '../funding-signature.ts'
import type { WithUnknownTlvs } from '../tlv-record.ts'
import { messageCodec } from './message-codec.ts'

/** BOLT 2: the sender offers an HTLC. */
export interface UpdateAddHtlc extends WithUnknownTlvs {
  readonly type: 'update_add_htlc'
  readonly channelId: ChannelId
  readonly id: HtlcId
  readonly amountMsat: Msat
  readonly paymentHash: PaymentHash
  readonly cltvExpiry: BlockHeight
  /** 1366 bytes (BOLT 4), not parsed. */
  readonly onionRoutingPacket: Uint8Array
  /** TLV `blinded_path`: the path key of a blinded route. */
  readonly pathKey?: PublicKey
}

/** BOLT 2: the receiver of an HTLC claims it. */
export interface UpdateFulfillHtlc extends WithUnknownTlvs {
  readonly type: 'update_fulfill_htlc'
  readonly channelId: ChannelId
  readonly id: HtlcId
  readonly paymentPreimage: Preimage
  /** TLV `attribution_data`, of any length: see `attributionOf`. */
  readonly attributionData?: Uint8Array
}

/** BOLT 2: the receiver of an HTLC gives it back. */
export interface UpdateFailHtlc extends WithUnknownTlvs {
  readonly type: 'update_fail_htlc'
  readonly channelId: ChannelId
  readonly id: HtlcId
  /** Encrypted for the origin (BOLT 4). */
  readonly reason: Uint8Array
  /** TLV `attribution_data`, of any length: see `attributionOf`. */
  readonly attributionData?: Uint8Array
}

/** BOLT 2: the receiver of an HTLC gives it back because it could not read the onion. */
export interface UpdateFailMalformedHtlc extends WithUnknownTlvs {
  readonly type: 'update_fail_malformed_htlc'
  readonly channelId: ChannelId
  readonly id: HtlcId
  readonly sha256OfOnion: Uint8Array
  /** One of BOLT 4 with the BADONION bit. */
  readonly failureCode: number
}

/** BOLT 2: signatures of the receiver's next commitment. */
export interface CommitmentSigned extends WithUnknownTlvs {
  readonly type: 'commitment_signed'
  readonly channelId: ChannelId
  readonly signature: FundingSignature
  readonly htlcSignatures: readonly Signature[]
  /** The funding transaction that the commitment spends. */
  readonly fundingTxid?: TxId
}

/** BOLT 2: gives up the sender's current commitment. */
export interface RevokeAndAck extends WithUnknownTlvs {
  readonly type: 'revoke_and_ack'
  readonly channelId: ChannelId
  readonly perCommitmentSecret: PrivateKey
  readonly nextPerCommitmentPoint: PublicKey
}

/** BOLT 2: the funder changes the fee rate of the commitments. */
export interface UpdateFee extends WithUnknownTlvs {
  readonly type: 'update_fee'
  readonly channelId: ChannelId
  readonly feeratePerKw: FeeratePerKw
}

/** BOLT 2: what the sender has received of the channel, after a reconnection. */
export interface ChannelReestablish extends WithUnknownTlvs {
  readonly type: 'channel_reestablish'
  readonly channelId: ChannelId
  readonly nextCommitmentNumber: bigint
  readonly nextRevocationNumber: bigint
  /** All zero when the sender has revoked nothing yet. */
  readonly yourLastPerCommitmentSecret: Uint8Array
  readonly myCurrentPerCommitmentPoint: PublicKey
}

/** BOLT 2: 20 hold times and 210 truncated HMACs, of 4 bytes each. */
export const ATTRIBUTION_DATA_LENGTH = (20 + 210) * 4

/** Of whatever length it is: it must not keep us from the preimage, which the peer would send again and again. */
const attributionData = restBytes

/** The record as BOLT 4 has it. One of another length counts as none: no HMAC in it could hold. */
export const attributionOf = ({
  attributionData,
}: Pick<UpdateFulfillHtlc, 'attributionData'>): { readonly attribution?: Uint8Array } =>
  attributionData?.length === ATTRIBUTION_DATA_LENGTH ? { attribution: attributionData } : {}

/** BOLT 1: from here on types are for records of one's own. */
const FIRST_CUSTOM_TLV = 65_536n

export const updateAddHtlcCodec = messageCodec<UpdateAddHtlc>(
  128,
  'update_add_htlc',
  {
    channelId: bytes32,
    id: u64,
    amountMsat: u64,
    paymentHash: bytes32,
    cltvExpiry: u32,
    onionRoutingPacket: fixedBytes(1366),
  },
  { pathKey: tlv(0, point) },
  // BOLT 1 lets a receiver ignore an extension. Anyone may use types from 2^16 on: their sender repeats them on every connection, so
  // hanging up would part us from the peer for good. The HTLC is given back instead.
  (type) => type >= FIRST_CUSTOM_TLV,
)

export const updateFulfillHtlcCodec = messageCodec<UpdateFulfillHtlc>(
  130,
  'update_fulfill_htlc',
  { channelId: bytes32, id: u64, paymentPreimage: bytes32 },
  { attributionData: tlv(1, attributionData) },
)

export const updateFailHtlcCodec = messageCodec<UpdateFailHtlc>(
  131,
  'update_fail_htlc',
  { channelId: bytes32, id: u64, reason: u16Bytes },
  { attributionData: tlv(1, attributionData) },
)

export const updateFailMalformedHtlcCodec = messageCodec<UpdateFailMalformedHtlc>(
  135,
  'update_fail_malformed_htlc',
  { channelId: bytes32, id: u64, sha256OfOnion: bytes32, failureCode: u16 },
  {},
)

export const commitmentSignedCodec = messageCodec<CommitmentSigned>(
  132,
  'commitment_signed',
  { channelId: bytes32, signature: fundingSignature, htlcSignatures: u16List(signature) },
  { fundingTxid: tlv(1, bytes32) },
)

export const revokeAndAckCodec = messageCodec<RevokeAndAck>(
  133,
  'revoke_and_ack',
  { channelId: bytes32, perCommitmentSecret: bytes32, nextPerCommitmentPoint: point },
  {},
)

export const updateFeeCodec = messageCodec<UpdateFee>(134, 'update_fee', { channelId: bytes32, feeratePerKw: u32 }, {})

export const channelReestablishCodec = messageCodec<ChannelReestablish>(
  136,
  'channel_reestablish',
  {
    channelId: bytes32,
    nextCommitmentNumber: u64,
    nextRevocationNumber: u64,
    yourLastPerCommitmentSecret: bytes32,
    myCurrentPerCommitmentPoint: point,
  },
  {},
)
