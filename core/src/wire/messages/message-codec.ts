import type { Codec } from '../codec/codec.ts'
import { type FieldCodecs, struct } from '../codec/combinators.ts'
import { restBytes } from '../codec/primitives.ts'
import { type KeepEven, type TlvFields, tlvStream } from '../codec/tlv-stream.ts'
import type { WithUnknownTlvs } from '../tlv-record.ts'

type Known<M> = Omit<M, 'type' | 'unknownTlvs'>
type RequiredKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? never : K }[keyof T]
type Required<M> = Pick<Known<M>, RequiredKeys<Known<M>>>
type Optional<M> = Omit<Known<M>, RequiredKeys<Known<M>>>

/** A message's number and name, and the codec of what follows its type: its fields, then its extension of TLVs (BOLT 1). */
export interface MessageCodec<M> {
  readonly number: number
  readonly name: string
  /** The message begins with the id of the channel that it is about. */
  readonly namesChannel: boolean
  readonly body: Codec<M>
}

/**
 * Required members of `M` are fields in the order given, optional ones are records of its extension. `keepEven` is for messages that can be
 * refused by themselves: an unknown record that must be understood need not end the connection.
 */
export const messageCodec = <M extends WithUnknownTlvs & { readonly type: string }>(
  number: number,
  name: M['type'],
  fields: FieldCodecs<Required<M>>,
  tlvs: TlvFields<Optional<M>>,
  keepEven?: KeepEven,
): MessageCodec<M> => {
  const fixed = struct(fields) as Codec<object>
  const extension = tlvStream(tlvs as TlvFields<WithUnknownTlvs>, keepEven)
  const [first] = Object.keys(fields)
  return {
    number,
    name,
    namesChannel: first === 'channelId' || first === 'temporaryChannelId',
    body: {
      encode(writer, message) {
        fixed.encode(writer, message)
        extension.encode(writer, message)
      },
      decode(reader) {
        const message = fixed.decode(reader)
        return { type: name, ...message, ...(reader.remaining > 0 ? extension.decode(reader) : undefined) } as M
      },
    },
  }
}

/** What a message that travels from node to node has besides its known fields. */
export interface WithExtension {
  /**
   * What follows the fields, to the byte, absent when nothing does. BOLT 7: the signature covers it, whatever it means, and who passes the
   * message on passes it on too. So it is not read, and none of it makes the message invalid.
   */
  readonly extension?: Uint8Array
}

/** A message that its origin signs and others relay: fields in the order given, then whatever the origin added. */
export const relayedCodec = <M extends WithExtension & { readonly type: string }>(
  number: number,
  name: M['type'],
  fields: FieldCodecs<Omit<M, 'type' | 'extension'>>,
): MessageCodec<M> => {
  const fixed = struct(fields) as Codec<object>
  return {
    number,
    name,
    namesChannel: false,
    body: {
      encode(writer, message) {
        fixed.encode(writer, message)
        if (message.extension !== undefined) restBytes.encode(writer, message.extension)
      },
      decode(reader) {
        const message = fixed.decode(reader)
        return {
          type: name,
          ...message,
          ...(reader.remaining > 0 ? { extension: restBytes.decode(reader) } : undefined),
        } as M
      },
    },
  }
}
