import { EMPTY } from '../lib/bytes.ts'
import { type Codec, decodeWith, encodeWith } from './codec/codec.ts'
import { struct } from './codec/combinators.ts'
import { u32 } from './codec/primitives.ts'
import { tlv, tlvStream } from './codec/tlv-stream.ts'
import type { ChannelUpdate } from './messages/gossip.ts'
import type { WithUnknownTlvs } from './tlv-record.ts'

/** bLIP 18: what the origin of an update asks for what comes in over the channel; negative: what it takes off its other fee. */
export interface InboundFee {
  readonly baseMsat: number
  readonly proportionalMillionths: number
}

interface Extension extends WithUnknownTlvs {
  readonly inboundFee?: InboundFee
}

const i32: Codec<number> = {
  encode: (writer, value) => u32.encode(writer, value >>> 0),
  decode: (reader) => u32.decode(reader) | 0,
}

const extension = tlvStream<Extension>(
  { inboundFee: tlv(55_555, struct<InboundFee>({ baseMsat: i32, proportionalMillionths: i32 })) },
  () => true,
)

/** What follows the fields of an update that asks for this. */
export const inboundFeeExtension = (inboundFee: InboundFee): Uint8Array => encodeWith(extension, { inboundFee })

/** The inbound fee in what follows an update's fields; absent if there is none, or nothing that can be read. */
export const inboundFeeOf = ({
  extension: bytes = EMPTY,
}: Pick<ChannelUpdate, 'extension'>): InboundFee | undefined => {
  if (bytes.length === 0) return undefined
  const read = decodeWith(extension, bytes)
  return read.ok ? read.value.inboundFee : undefined
}
