import type { ChannelId, ShortChannelId, Signature } from '../../lib/ids.ts'
import type { BlockDelta, Msat, Ppm } from '../../lib/units.ts'
import { bytes32, signature, u8, u16, u32, u64 } from '../codec/primitives.ts'
import type { WithUnknownTlvs } from '../tlv-record.ts'
import { messageCodec } from './message-codec.ts'

/** BOLT 7: what its origin asks to relay out of one end of a channel. */
export interface ChannelUpdate extends WithUnknownTlvs {
  readonly type: 'channel_update'
  readonly signature: Signature
  /** Hash of the chain's genesis block, internal byte order. */
  readonly chainHash: Uint8Array
  readonly shortChannelId: ShortChannelId
  /** Seconds since the Unix epoch. */
  readonly timestamp: number
  /** Bit 0: always one. Bit 1: not to be forwarded. */
  readonly messageFlags: number
  /** Bit 0: direction. Bit 1: disabled. */
  readonly channelFlags: number
  readonly cltvExpiryDelta: BlockDelta
  readonly htlcMinimumMsat: Msat
  readonly feeBaseMsat: number
  readonly feeProportionalMillionths: Ppm
  readonly htlcMaximumMsat: Msat
}

/** BOLT 7: the sender's halves of the signatures that announce a channel. */
export interface AnnouncementSignatures extends WithUnknownTlvs {
  readonly type: 'announcement_signatures'
  readonly channelId: ChannelId
  readonly shortChannelId: ShortChannelId
  readonly nodeSignature: Signature
  readonly bitcoinSignature: Signature
}

export const channelUpdateCodec = messageCodec<ChannelUpdate>(
  258,
  'channel_update',
  {
    signature,
    chainHash: bytes32,
    shortChannelId: u64,
    timestamp: u32,
    messageFlags: u8,
    channelFlags: u8,
    cltvExpiryDelta: u16,
    htlcMinimumMsat: u64,
    feeBaseMsat: u32,
    feeProportionalMillionths: u32,
    htlcMaximumMsat: u64,
  },
  {},
)

export const announcementSignaturesCodec = messageCodec<AnnouncementSignatures>(
  259,
  'announcement_signatures',
  { channelId: bytes32, shortChannelId: u64, nodeSignature: signature, bitcoinSignature: signature },
  {},
)
