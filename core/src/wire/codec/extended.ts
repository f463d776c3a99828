import { invariant } from '../../lib/errors.ts'
import { type Codec, decodeWith, encodeWith } from './codec.ts'
import { restList } from './combinators.ts'
import { bigSize, u8 } from './primitives.ts'
import type { Reader } from './reader.ts'

/** Optional members that a later version adds to a row. Each has a number of its own, which is never used for another. */
export type LaterFields<T> = { readonly [K in keyof T]-?: LaterField<NonNullable<T[K]>> }

type LaterField<T> = { readonly number: number } & (
  | { readonly codec: Codec<T> }
  /** Members of a member that the first version has: they are there only with it. */
  | { readonly within: { readonly [K in keyof T]?: LaterField<NonNullable<T[K]>> } }
)

/**
 * A row that has grown: what the first version wrote, and behind it a record for each later member that is there (number, length, value; by
 * rising number). A row without any is what the first version wrote, to the byte, and is read as it was. An unknown record is of a version
 * that knows more than we do: the row is refused, because nobody may go on from a part of a state. For our own rows.
 */
export const extended = <T extends object, L extends object>(
  first: Codec<T>,
  later: LaterFields<L>,
): Codec<T & Partial<L>> => {
  const fields = inOrder(later as unknown as Later)
  return {
    encode(writer, value) {
      first.encode(writer, value)
      const records = toRecords(fields, value as Members)
      if (records.length > 0) writer.bytes(records)
    },
    decode(reader) {
      const value = first.decode(reader)
      return (reader.failed || reader.remaining === 0 ? value : addRecords(reader, fields, value)) as T & Partial<L>
    },
  }
}

type Members = Readonly<Record<string, unknown>>
type Later = Readonly<Record<string, LaterField<object>>>

interface Field {
  readonly name: string
  readonly number: number
  readonly codec?: Codec<object>
  readonly within?: readonly Field[]
}

const inOrder = (later: Later): readonly Field[] => {
  const fields = Object.entries(later)
    .map(([name, field]): Field => {
      const { number } = field
      return 'codec' in field
        ? { name, number, codec: field.codec }
        : { name, number, within: inOrder(field.within as unknown as Later) }
    })
    .toSorted((a, b) => a.number - b.number)
  invariant(new Set(fields.map(({ number }) => number)).size === fields.length, 'two later members share a number')
  return fields
}

const NONE = new Uint8Array(0)

const toRecords = (fields: readonly Field[], value: Members): Uint8Array => {
  const records: LaterRecord[] = []
  for (const { name, number, codec, within = [] } of fields) {
    const member = value[name]
    if (member === undefined) continue
    const bytes = codec === undefined ? toRecords(within, member as Members) : encodeWith(codec, member as object)
    if (codec !== undefined || bytes.length > 0) records.push([number, bytes])
  }
  return records.length === 0 ? NONE : encodeWith(restList(record), records)
}

const addRecords = (reader: Reader, fields: readonly Field[], value: object): object => {
  const result: Record<string, unknown> = { ...value }
  let last = -1
  for (const [number, bytes] of restList(record).decode(reader)) {
    const field = number > last ? fields.find((each) => each.number === number) : undefined
    if (reader.failed || field === undefined) {
      reader.fail('invalid-value')
      return value
    }
    last = number
    const { name, codec, within = [] } = field
    const member = decodeWith(codec ?? addingTo(result[name], within), bytes)
    if (!member.ok) {
      reader.fail(member.error.code)
      reader.within(name)
      return value
    }
    result[name] = member.value
  }
  return result
}

/** Reads records into a member that is there already. */
const addingTo = (member: unknown, fields: readonly Field[]): Codec<object> => ({
  encode: () => invariant(false, 'is only read'),
  decode(reader) {
    if (typeof member === 'object' && member !== null) return addRecords(reader, fields, member)
    reader.fail('invalid-value')
    return {}
  },
})

type LaterRecord = readonly [number: number, value: Uint8Array]

const record: Codec<LaterRecord> = {
  encode(writer, [number, bytes]) {
    u8.encode(writer, number)
    bigSize.encode(writer, BigInt(bytes.length))
    writer.bytes(bytes)
  },
  decode(reader) {
    const number = u8.decode(reader)
    const length = bigSize.decode(reader)
    if (length > BigInt(reader.remaining)) reader.fail('truncated')
    return [number, reader.take(reader.failed ? 0 : Number(length))]
  },
}
