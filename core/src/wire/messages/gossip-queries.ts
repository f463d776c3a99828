import type { BlockHeight } from '../../lib/units.ts'
import { restList } from '../codec/combinators.ts'
import { bigSize, bytes32, restBytes, u8, u16Bytes, u32 } from '../codec/primitives.ts'
import { tlv } from '../codec/tlv-stream.ts'
import { type EncodedArray, type PerDirection, perDirection } from '../encoded-array.ts'
import type { WithUnknownTlvs } from '../tlv-record.ts'
import { messageCodec } from './message-codec.ts'

/** BOLT 7: asks for what is known of some channels. */
export interface QueryShortChannelIds extends WithUnknownTlvs {
  readonly type: 'query_short_channel_ids'
  readonly chainHash: Uint8Array
  readonly encodedShortIds: EncodedArray
  /** For each id what is wanted of it: see `readQueryFlags`. */
  readonly queryFlags?: EncodedArray
}

/** BOLT 7: all answers to `query_short_channel_ids` have been sent. */
export interface ReplyShortChannelIdsEnd extends WithUnknownTlvs {
  readonly type: 'reply_short_channel_ids_end'
  readonly chainHash: Uint8Array
  /** 0: the sender does not follow this chain's channels. */
  readonly fullInformation: number
}

/** BOLT 7: asks which channels there are whose funding is in some blocks. */
export interface QueryChannelRange extends WithUnknownTlvs {
  readonly type: 'query_channel_range'
  readonly chainHash: Uint8Array
  readonly firstBlocknum: BlockHeight
  readonly numberOfBlocks: number
  /** Bit 0: with timestamps. Bit 1: with checksums. */
  readonly queryOptionFlags?: bigint
}

/** BOLT 7: the channels of some blocks. */
export interface ReplyChannelRange extends WithUnknownTlvs {
  readonly type: 'reply_channel_range'
  readonly chainHash: Uint8Array
  readonly firstBlocknum: BlockHeight
  readonly numberOfBlocks: number
  /** 1: the last of the replies. */
  readonly syncComplete: number
  readonly encodedShortIds: EncodedArray
  /** For each channel the times of its updates: see `readTimestamps`. */
  readonly timestamps?: EncodedArray
  /** For each channel the checksums of its updates: CRC32C without signature and timestamp. */
  readonly checksums?: readonly PerDirection[]
}

/** BOLT 7: which gossip the sender wants from now on. */
export interface GossipTimestampFilter extends WithUnknownTlvs {
  readonly type: 'gossip_timestamp_filter'
  readonly chainHash: Uint8Array
  readonly firstTimestamp: number
  readonly timestampRange: number
}

export const queryShortChannelIdsCodec = messageCodec<QueryShortChannelIds>(
  261,
  'query_short_channel_ids',
  { chainHash: bytes32, encodedShortIds: u16Bytes },
  { queryFlags: tlv(1, restBytes) },
)

export const replyShortChannelIdsEndCodec = messageCodec<ReplyShortChannelIdsEnd>(
  262,
  'reply_short_channel_ids_end',
  { chainHash: bytes32, fullInformation: u8 },
  {},
)

export const queryChannelRangeCodec = messageCodec<QueryChannelRange>(
  263,
  'query_channel_range',
  { chainHash: bytes32, firstBlocknum: u32, numberOfBlocks: u32 },
  { queryOptionFlags: tlv(1, bigSize) },
)

export const replyChannelRangeCodec = messageCodec<ReplyChannelRange>(
  264,
  'reply_channel_range',
  { chainHash: bytes32, firstBlocknum: u32, numberOfBlocks: u32, syncComplete: u8, encodedShortIds: u16Bytes },
  { timestamps: tlv(1, restBytes), checksums: tlv(3, restList(perDirection)) },
)

export const gossipTimestampFilterCodec = messageCodec<GossipTimestampFilter>(
  265,
  'gossip_timestamp_filter',
  { chainHash: bytes32, firstTimestamp: u32, timestampRange: u32 },
  {},
)
