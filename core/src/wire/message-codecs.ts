import { EMPTY } from '../lib/bytes.ts'
import { invariant } from '../lib/errors.ts'
import type { ChannelId } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { type Codec, decodeWith, encodeWith } from './codec/codec.ts'
import { closingCompleteCodec, closingSigCodec, closingSignedCodec, shutdownCodec } from './messages/channel-close.ts'
import {
  acceptChannelCodec,
  channelReadyCodec,
  fundingCreatedCodec,
  fundingSignedCodec,
  openChannelCodec,
} from './messages/channel-open.ts'
import {
  channelReestablishCodec,
  commitmentSignedCodec,
  revokeAndAckCodec,
  updateAddHtlcCodec,
  updateFailHtlcCodec,
  updateFailMalformedHtlcCodec,
  updateFeeCodec,
  updateFulfillHtlcCodec,
} from './messages/channel-operation.ts'
import { announcementSignaturesCodec, channelUpdateCodec } from './messages/gossip.ts'
import type { Message, UnknownMessage } from './messages/message.ts'
import type { MessageCodec } from './messages/message-codec.ts'
import {
  errorCodec,
  initCodec,
  peerStorageCodec,
  peerStorageRetrievalCodec,
  pingCodec,
  pongCodec,
  warningCodec,
} from './messages/setup.ts'
import type { WireError } from './wire-error.ts'

// The key keeps the table complete: a member added to `Message` without a codec does not compile.
const codecs: { readonly [M in Message as M['type']]: MessageCodec<M> } = {
  init: initCodec,
  error: errorCodec,
  warning: warningCodec,
  ping: pingCodec,
  pong: pongCodec,
  peer_storage: peerStorageCodec,
  peer_storage_retrieval: peerStorageRetrievalCodec,
  open_channel: openChannelCodec,
  accept_channel: acceptChannelCodec,
  funding_created: fundingCreatedCodec,
  funding_signed: fundingSignedCodec,
  channel_ready: channelReadyCodec,
  shutdown: shutdownCodec,
  closing_signed: closingSignedCodec,
  closing_complete: closingCompleteCodec,
  closing_sig: closingSigCodec,
  update_add_htlc: updateAddHtlcCodec,
  update_fulfill_htlc: updateFulfillHtlcCodec,
  update_fail_htlc: updateFailHtlcCodec,
  update_fail_malformed_htlc: updateFailMalformedHtlcCodec,
  commitment_signed: commitmentSignedCodec,
  revoke_and_ack: revokeAndAckCodec,
  update_fee: updateFeeCodec,
  channel_reestablish: channelReestablishCodec,
  channel_update: channelUpdateCodec,
  announcement_signatures: announcementSignaturesCodec,
}

const byNumber = new Map((Object.values(codecs) as MessageCodec<Message>[]).map((codec) => [codec.number, codec]))

/** BOLT 1: the transport carries no more than this. */
const MAX_MESSAGE_LENGTH = 65535

const anyMessage: Codec<Message | UnknownMessage> = {
  encode(writer, message) {
    if (message.type === 'unknown') {
      writer.u16(message.messageType)
      writer.bytes(message.payload)
      return
    }
    const codec = codecs[message.type] as MessageCodec<Message>
    writer.u16(codec.number)
    codec.body.encode(writer, message)
  },
  decode(reader) {
    const messageType = reader.u16()
    if (reader.failed) return { type: 'unknown', messageType, payload: EMPTY }
    const codec = byNumber.get(messageType)
    if (codec !== undefined) {
      const message = codec.body.decode(reader)
      if (reader.failed) reader.within(codec.name)
      return message
    }
    return { type: 'unknown', messageType, payload: reader.take(reader.remaining) }
  },
}

/** The bytes that the transport carries: the message's number, its fields, its extension. */
export const encodeMessage = (message: Message | UnknownMessage): Uint8Array => {
  const bytes = encodeWith(anyMessage, message)
  invariant(bytes.length <= MAX_MESSAGE_LENGTH, 'a message is longer than the transport carries')
  return bytes
}

/** Whether there is a codec for the messages of this type. */
export const isRead = (messageType: number): boolean => byNumber.has(messageType)

/**
 * Reads any bytes and never throws. A message of a type that has no codec is returned as `unknown`: it is taken, as `takes` says of its
 * type, or may be ignored. One of an even type that nobody takes is an error. BOLT 1 closes the connection for it, as for every other error.
 */
export const decodeMessage = (
  bytes: Uint8Array,
  takes: (messageType: number) => boolean = () => false,
): Result<Message | UnknownMessage, WireError> => {
  const decoded = decodeWith(anyMessage, bytes)
  if (!decoded.ok) return passedOn(bytes) ?? decoded
  if (decoded.value.type !== 'unknown') return decoded
  const { messageType } = decoded.value
  // BOLT 1: a message of an unknown even type must not be ignored.
  const isRefused = messageType % 2 === 0 && !takes(messageType)
  return isRefused ? err({ code: 'unknown-even-message', path: String(messageType) }) : decoded
}

/** Which channel a message is about, even one that cannot be read further. */
export const channelOf = (bytes: Uint8Array): ChannelId | undefined => {
  const [high = 0, low = 0] = bytes
  const id = bytes.slice(2, 2 + ID_LENGTH)
  return id.length === ID_LENGTH && byNumber.get((high << 8) | low)?.namesChannel === true ? id : undefined
}

const ID_LENGTH = 32

/**
 * Any node can sign a channel_update, which then travels from node to node: somebody far away could make us hang up on every peer that
 * passes it on. If it cannot be read, it is dropped like the rest of the gossip.
 */
const passedOn = (bytes: Uint8Array): Result<UnknownMessage, WireError> | undefined => {
  const { number: messageType } = channelUpdateCodec
  if (bytes.length < 2 || bytes[0] !== messageType >> 8 || bytes[1] !== (messageType & 0xff)) return undefined
  return ok({ type: 'unknown', messageType, payload: bytes.slice(2) })
}
