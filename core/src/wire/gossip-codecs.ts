import { ok, type Result } from '../lib/result.ts'
import { type Codec, decodeWith, encodeWith } from './codec/codec.ts'
import {
  type ChannelAnnouncement,
  type ChannelUpdate,
  channelAnnouncementCodec,
  channelUpdateCodec,
  type NodeAnnouncement,
  nodeAnnouncementCodec,
} from './messages/gossip.ts'
import {
  type GossipTimestampFilter,
  gossipTimestampFilterCodec,
  type QueryChannelRange,
  type QueryShortChannelIds,
  queryChannelRangeCodec,
  queryShortChannelIdsCodec,
  type ReplyChannelRange,
  type ReplyShortChannelIdsEnd,
  replyChannelRangeCodec,
  replyShortChannelIdsEndCodec,
} from './messages/gossip-queries.ts'
import type { MessageCodec } from './messages/message-codec.ts'
import type { WireError } from './wire-error.ts'

/** What nodes sign and pass on. */
export type Announcement = ChannelAnnouncement | NodeAnnouncement | ChannelUpdate

/** What two peers ask of each other about it. */
export type GossipQuery =
  | QueryShortChannelIds
  | ReplyShortChannelIdsEnd
  | QueryChannelRange
  | ReplyChannelRange
  | GossipTimestampFilter

/** Every message of BOLT 7 that is about other nodes' channels. It travels as bytes until somebody who is interested reads it. */
export type GossipMessage = Announcement | GossipQuery

// The key keeps the table complete.
const codecs: { readonly [M in GossipMessage as M['type']]: MessageCodec<M> } = {
  channel_announcement: channelAnnouncementCodec,
  node_announcement: nodeAnnouncementCodec,
  channel_update: channelUpdateCodec,
  query_short_channel_ids: queryShortChannelIdsCodec,
  reply_short_channel_ids_end: replyShortChannelIdsEndCodec,
  query_channel_range: queryChannelRangeCodec,
  reply_channel_range: replyChannelRangeCodec,
  gossip_timestamp_filter: gossipTimestampFilterCodec,
}

const byNumber = new Map((Object.values(codecs) as MessageCodec<GossipMessage>[]).map((codec) => [codec.number, codec]))

/** The message types of `GossipMessage`. */
export const GOSSIP_TYPES: ReadonlySet<number> = new Set(byNumber.keys())

const anyGossip: Codec<GossipMessage | undefined> = {
  encode(writer, message) {
    if (message === undefined) return
    const codec = codecs[message.type] as MessageCodec<GossipMessage>
    writer.u16(codec.number)
    codec.body.encode(writer, message)
  },
  decode(reader) {
    const codec = byNumber.get(reader.u16())
    if (codec === undefined) {
      reader.fail('invalid-value')
      return undefined
    }
    const message = codec.body.decode(reader)
    if (reader.failed) reader.within(codec.name)
    return message
  },
}

/** The message type of any bytes. */
export const typeOf = (raw: Uint8Array): number => ((raw[0] ?? 0) << 8) | (raw[1] ?? 0)

/** The bytes that the transport carries. */
export const encodeGossip = (message: GossipMessage): Uint8Array => encodeWith(anyGossip, message)

/** Reads any bytes and never throws. Encoding what was read yields the same bytes. */
export const decodeGossip = (bytes: Uint8Array): Result<GossipMessage, WireError> => {
  const decoded = decodeWith(anyGossip, bytes)
  return decoded.ok ? ok(decoded.value as GossipMessage) : decoded
}
