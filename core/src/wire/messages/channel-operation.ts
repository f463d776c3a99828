import type { ChannelId, HtlcId, PaymentHash, Preimage, PrivateKey, PublicKey, Signature } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw, Msat } from '../../lib/units.ts'
import type { WithUnknownTlvs } from '../tlv-record.ts'

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
}

/** BOLT 2: the receiver of an HTLC gives it back. */
export interface UpdateFailHtlc extends WithUnknownTlvs {
  readonly type: 'update_fail_htlc'
  readonly channelId: ChannelId
  readonly id: HtlcId
  /** Encrypted for the origin (BOLT 4). */
  readonly reason: Uint8Array
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
  readonly signature: Signature
  readonly htlcSignatures: readonly Signature[]
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

/** BOLT 2: what the sender has of the channel, after a reconnection. */
export interface ChannelReestablish extends WithUnknownTlvs {
  readonly type: 'channel_reestablish'
  readonly channelId: ChannelId
  readonly nextCommitmentNumber: bigint
  readonly nextRevocationNumber: bigint
  /** All zero when the sender has revoked nothing yet. */
  readonly yourLastPerCommitmentSecret: Uint8Array
  readonly myCurrentPerCommitmentPoint: PublicKey
}
