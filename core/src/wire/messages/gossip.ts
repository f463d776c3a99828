import type { ChannelId, NodeId, PublicKey, ShortChannelId, Signature } from '../../lib/ids.ts'
import type { BlockDelta, Msat, Ppm } from '../../lib/units.ts'
import { bytes32, fixedBytes, point, signature, u8, u16, u16Bytes, u32, u64 } from '../codec/primitives.ts'
import type { FeatureVector } from '../feature-vector.ts'
import type { WithUnknownTlvs } from '../tlv-record.ts'
import { messageCodec, relayedCodec, type WithExtension } from './message-codec.ts'

/** BOLT 7: two nodes show that a channel between them exists. */
export interface ChannelAnnouncement extends WithExtension {
  readonly type: 'channel_announcement'
  readonly nodeSignature1: Signature
  readonly nodeSignature2: Signature
  readonly bitcoinSignature1: Signature
  readonly bitcoinSignature2: Signature
  readonly features: FeatureVector
  /** Hash of the chain's genesis block, internal byte order. */
  readonly chainHash: Uint8Array
  readonly shortChannelId: ShortChannelId
  /** The lesser of the two ids. */
  readonly nodeId1: NodeId
  readonly nodeId2: NodeId
  readonly bitcoinKey1: PublicKey
  readonly bitcoinKey2: PublicKey
}

/** BOLT 7: what a node says about itself. */
export interface NodeAnnouncement extends WithExtension {
  readonly type: 'node_announcement'
  readonly signature: Signature
  readonly features: FeatureVector
  /** Seconds since the Unix epoch. */
  readonly timestamp: number
  readonly nodeId: NodeId
  /** Red, green, blue: a byte each. */
  readonly rgbColor: Uint8Array
  /** 32 bytes: UTF-8 if its origin keeps to the BOLT, and zeroes behind it. */
  readonly alias: Uint8Array
  /** Address descriptors one after another: see `readAddresses`. */
  readonly addresses: Uint8Array
}

/** BOLT 7: what its origin asks to relay out of one end of a channel. */
export interface ChannelUpdate extends WithExtension {
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

export const channelAnnouncementCodec = relayedCodec<ChannelAnnouncement>(256, 'channel_announcement', {
  nodeSignature1: signature,
  nodeSignature2: signature,
  bitcoinSignature1: signature,
  bitcoinSignature2: signature,
  features: u16Bytes,
  chainHash: bytes32,
  shortChannelId: u64,
  nodeId1: point,
  nodeId2: point,
  bitcoinKey1: point,
  bitcoinKey2: point,
})

export const nodeAnnouncementCodec = relayedCodec<NodeAnnouncement>(257, 'node_announcement', {
  signature,
  features: u16Bytes,
  timestamp: u32,
  nodeId: point,
  rgbColor: fixedBytes(3),
  alias: bytes32,
  addresses: u16Bytes,
})

export const channelUpdateCodec = relayedCodec<ChannelUpdate>(258, 'channel_update', {
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
})

export const announcementSignaturesCodec = messageCodec<AnnouncementSignatures>(
  259,
  'announcement_signatures',
  { channelId: bytes32, shortChannelId: u64, nodeSignature: signature, bitcoinSignature: signature },
  {},
)
