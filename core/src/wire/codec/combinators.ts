import { invariant } from '../../lib/errors.ts'
import type { Codec } from './codec.ts'
import { bigSize, bool, u8, u16 } from './primitives.ts'

/** One codec for each field, in the order in which they are written. */
export type FieldCodecs<T> = { readonly [K in keyof T]-?: Codec<T[K]> }

/** Fields one after another. */
export const struct = <T extends object>(fields: FieldCodecs<T>): Codec<T> => {
  const entries = Object.entries(fields) as [string, Codec<unknown>][]
  return {
    encode(writer, value) {
      for (const [name, codec] of entries) codec.encode(writer, (value as Record<string, unknown>)[name])
    },
    decode(reader) {
      const value: Record<string, unknown> = {}
      for (const [name, codec] of entries) {
        const field = codec.decode(reader)
        if (reader.failed) {
          reader.within(name)
          break
        }
        // A member that is not there is left out, not set to `undefined`.
        if (field !== undefined) value[name] = field
      }
      return value as T
    },
  }
}

const list = <T>(count: Codec<number>, element: Codec<T>): Codec<readonly T[]> => ({
  encode(writer, values) {
    count.encode(writer, values.length)
    for (const value of values) element.encode(writer, value)
  },
  decode(reader) {
    const length = count.decode(reader)
    const values: T[] = []
    for (let i = 0; i < length && !reader.failed; i++) {
      values.push(element.decode(reader))
      if (reader.failed) reader.within(String(i))
    }
    return values
  },
})

/** Elements behind their number as u16. */
export const u16List = <T>(element: Codec<T>): Codec<readonly T[]> => list(u16, element)

/** Elements up to the end of the enclosing field. Each must take up at least a byte. */
export const restList = <T>(element: Codec<T>): Codec<readonly T[]> => ({
  encode(writer, values) {
    for (const value of values) element.encode(writer, value)
  },
  decode(reader) {
    const values: T[] = []
    while (reader.remaining > 0 && !reader.failed) {
      values.push(element.decode(reader))
      if (reader.failed) reader.within(String(values.length - 1))
    }
    return values
  },
})

/**
 * A value that may be missing, after a byte that says whether it is there: an optional member of a `struct`. Not of the BOLTs: for our own
 * rows.
 */
export const optional = <T>(codec: Codec<T>): Codec<T | undefined> => ({
  encode(writer, value) {
    bool.encode(writer, value !== undefined)
    if (value !== undefined) codec.encode(writer, value)
  },
  decode: (reader) => (bool.decode(reader) ? codec.decode(reader) : undefined),
})

/** The same bytes, another type. `to` may return `undefined`: then the bytes are `invalid-value`. */
export const mapped = <A, B>(codec: Codec<A>, to: (value: A) => B | undefined, from: (value: B) => A): Codec<B> => ({
  encode: (writer, value) => codec.encode(writer, from(value)),
  decode(reader) {
    const value = codec.decode(reader)
    if (reader.failed) return undefined as B
    const result = to(value)
    if (result === undefined) reader.fail('invalid-value')
    return result as B
  },
})

/** An earlier form of a row, of which `to` makes today's. It is read and never written. */
export const readOnly = <A, B>(codec: Codec<A>, to: (value: A) => B): Codec<B> =>
  mapped(codec, to, () => {
    invariant(false, 'an earlier form of a row is only read')
  })

/** A whole number up to 2^53 - 1, in as few bytes as it needs. */
export const count: Codec<number> = mapped(
  bigSize,
  (value) => (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined),
  (value) => BigInt(value),
)

/** One of a few names, as a byte. Names are only ever appended: their position is what is stored. For our own rows. */
export const oneOf = <const T extends string>(names: readonly T[]): Codec<T> =>
  mapped(
    u8,
    (index) => names[index],
    (name) => names.indexOf(name),
  )

/** The members of a union by tag: the byte that marks each, and the codec of its fields other than the tag. */
export type UnionCodecs<U, Tag extends keyof U> = {
  readonly [Name in U[Tag] & string]: {
    readonly number: number
    readonly fields: FieldCodecs<Omit<Extract<U, { readonly [T in Tag]: Name }>, Tag>>
  }
}

/** A discriminated union behind a byte. For our own rows. */
export const union = <U extends object, Tag extends keyof U & string>(
  tag: Tag,
  members: UnionCodecs<U, Tag>,
): Codec<U> => {
  const byName = new Map<string, { number: number; codec: Codec<object> }>()
  const byNumber = new Map<number, { name: string; codec: Codec<object> }>()
  for (const [name, member] of Object.entries(members) as [string, { number: number; fields: FieldCodecs<object> }][]) {
    const codec = struct(member.fields)
    invariant(!byNumber.has(member.number), 'two members of a union share a number')
    byName.set(name, { number: member.number, codec })
    byNumber.set(member.number, { name, codec })
  }
  return {
    encode(writer, value) {
      const member = byName.get(value[tag] as string)
      invariant(member !== undefined, 'a union has an unknown tag')
      writer.u8(member.number)
      member.codec.encode(writer, value)
    },
    decode(reader) {
      const member = byNumber.get(reader.u8())
      if (member === undefined) {
        reader.fail('invalid-value')
        return undefined as unknown as U
      }
      const value = member.codec.decode(reader)
      if (reader.failed) reader.within(member.name)
      return { [tag]: member.name, ...value } as U
    },
  }
}

/**
 * A row whose first byte tells which version of its codec wrote it: 1 for the first codec, and so on. Writing uses the last codec. Codecs
 * are only ever appended, so that old rows stay readable. For our own rows.
 */
export const versioned = <T>(...codecs: readonly [Codec<T>, ...Codec<T>[]]): Codec<T> => ({
  encode(writer, value) {
    writer.u8(codecs.length)
    codecs[codecs.length - 1]?.encode(writer, value)
  },
  decode(reader) {
    const codec = codecs[reader.u8() - 1]
    if (codec !== undefined) return codec.decode(reader)
    reader.fail('invalid-value')
    return undefined as T
  },
})
