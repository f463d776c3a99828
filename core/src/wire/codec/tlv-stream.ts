import { invariant } from '../../lib/errors.ts'
import type { TlvRecord, WithUnknownTlvs } from '../tlv-record.ts'
import type { Codec } from './codec.ts'
import { bigSize, restBytes } from './primitives.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

/** A known record: its type and how its value is read. */
export interface TlvField<T> {
  readonly type: bigint
  readonly codec: Codec<T>
}

export const tlv = <T>(type: number | bigint, codec: Codec<T>): TlvField<T> => ({ type: BigInt(type), codec })

/** The known records of a stream by the name of their field. */
export type TlvFields<T> = {
  readonly [K in Exclude<keyof T, 'unknownTlvs'>]-?: TlvField<Exclude<T[K], undefined>>
}

/** The unknown records of even types that a stream keeps: its reader refuses the message or HTLC that contains them. */
export type KeepEven = (type: bigint) => boolean

const NONE: KeepEven = () => false

/**
 * BOLT 1's streams of records in strictly increasing order of type. A known record becomes the field of its name; an unknown odd one is
 * kept in `unknownTlvs`; an unknown even one fails, unless it is among those to keep.
 */
export const tlvStream = <T extends WithUnknownTlvs>(fields: TlvFields<T>, keepEven: KeepEven = NONE): Codec<T> => {
  const known = (Object.entries(fields) as [string, TlvField<unknown>][])
    .map(([name, { type, codec }]) => ({ name, type, codec }))
    .sort((a, b) => (a.type < b.type ? -1 : 1))
  const byType = new Map(known.map((field) => [field.type, field]))
  return {
    encode(writer, value) {
      const unknown = value.unknownTlvs ?? []
      invariant(
        unknown.every(({ type }, i) => !byType.has(type) && (i === 0 || (unknown[i - 1] as TlvRecord).type < type)),
        'unknown TLVs are not in order, or known after all',
      )
      let next = 0
      for (const { name, type, codec } of known) {
        const field = (value as Record<string, unknown>)[name]
        if (field === undefined) continue
        for (; next < unknown.length && (unknown[next] as TlvRecord).type < type; next++) {
          encodeUnknown(writer, unknown[next] as TlvRecord)
        }
        encodeRecord(writer, type, codec, field)
      }
      for (; next < unknown.length; next++) encodeUnknown(writer, unknown[next] as TlvRecord)
    },
    decode(reader) {
      const value: Record<string, unknown> = {}
      const unknown: TlvRecord[] = []
      let previous = -1n
      while (reader.remaining > 0 && !reader.failed) {
        const type = bigSize.decode(reader)
        if (!reader.failed && type <= previous) reader.fail(type === previous ? 'tlv-duplicate' : 'tlv-out-of-order')
        previous = type
        const field = byType.get(type)
        // BOLT 1: it is fine to be odd; a record of an unknown even type must not be ignored.
        if (field === undefined && (type & 1n) === 0n && !keepEven(type)) reader.fail('tlv-unknown-even')
        const decoded = decodeValue(reader, field?.codec ?? restBytes)
        if (reader.failed) reader.within(field?.name ?? `tlv[${type}]`)
        else if (field !== undefined) value[field.name] = decoded
        else unknown.push({ type, value: decoded as Uint8Array })
      }
      if (unknown.length > 0) value.unknownTlvs = unknown
      return value as T
    },
  }
}

const decodeValue = (reader: Reader, codec: Codec<unknown>): unknown => {
  const length = bigSize.decode(reader)
  if (reader.failed) return undefined
  if (length > BigInt(reader.remaining)) {
    reader.fail('truncated')
    return undefined
  }
  const outer = reader.end
  reader.end = reader.offset + Number(length)
  const value = codec.decode(reader)
  if (reader.remaining > 0) reader.fail('trailing-bytes')
  // BOLT 1: the length of a known record must be exactly that of its value.
  if (reader.code === 'truncated' || reader.code === 'trailing-bytes') reader.recode('tlv-length-mismatch')
  reader.end = outer
  return value
}

const encodeRecord = (writer: Writer, type: bigint, codec: Codec<unknown>, value: unknown): void => {
  bigSize.encode(writer, type)
  const start = writer.length
  codec.encode(writer, value)
  const length = writer.length - start
  // The length precedes the value, but is known only once the value is written.
  writer.open(start, length < 0xfd ? 1 : length < 0x10000 ? 3 : 5)
  writer.fill(start, () => bigSize.encode(writer, BigInt(length)))
}

const encodeUnknown = (writer: Writer, { type, value }: TlvRecord): void => encodeRecord(writer, type, restBytes, value)
