import type { Codec } from '../codec/codec.ts'
import { type FieldCodecs, struct } from '../codec/combinators.ts'
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
