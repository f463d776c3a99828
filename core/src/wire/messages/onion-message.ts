import type { PublicKey } from '../../lib/ids.ts'
import { point, u16Bytes } from '../codec/primitives.ts'
import type { WithUnknownTlvs } from '../tlv-record.ts'
import { messageCodec } from './message-codec.ts'

/** BOLT 4, onion messages: an onion that belongs to no channel and no payment. A room of the node reads it. */
export interface OnionMessage extends WithUnknownTlvs {
  readonly type: 'onion_message'
  /** By which the receiver opens the onion, and the data in it. */
  readonly pathKey: PublicKey
  /** As a payment's onion, of any length; not parsed. */
  readonly onionMessagePacket: Uint8Array
}

export const onionMessageCodec = messageCodec<OnionMessage>(
  513,
  'onion_message',
  { pathKey: point, onionMessagePacket: u16Bytes },
  {},
)
