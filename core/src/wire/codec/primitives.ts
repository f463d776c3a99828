import { tryUtf8Decode, utf8Encode } from '../../lib/bytes.ts'
import { invariant } from '../../lib/errors.ts'
import type { Codec } from './codec.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

export const u8: Codec<number> = { encode: (writer, value) => writer.u8(value), decode: (reader) => reader.u8() }
export const u16: Codec<number> = { encode: (writer, value) => writer.u16(value), decode: (reader) => reader.u16() }
export const u32: Codec<number> = { encode: (writer, value) => writer.u32(value), decode: (reader) => reader.u32() }
export const u64: Codec<bigint> = { encode: (writer, value) => writer.u64(value), decode: (reader) => reader.u64() }

/** A byte that is 0 or 1. Not of the BOLTs: for our own rows. */
export const bool: Codec<boolean> = {
  encode: (writer, value) => writer.u8(value ? 1 : 0),
  decode(reader) {
    const value = reader.u8()
    if (value > 1) reader.fail('invalid-value')
    return value === 1
  },
}

/** BOLT 1, appendix A: 1, 3, 5 or 9 bytes, big-endian, as few as hold the value. */
export const bigSize: Codec<bigint> = {
  encode(writer, value) {
    invariant(value >= 0n, 'a bigsize is negative')
    if (value < 0xfdn) return writer.u8(Number(value))
    if (value < 0x10000n) {
      writer.u8(0xfd)
      return writer.u16(Number(value))
    }
    if (value < 0x100000000n) {
      writer.u8(0xfe)
      return writer.u32(Number(value))
    }
    writer.u8(0xff)
    writer.u64(value)
  },
  decode(reader) {
    const first = reader.u8()
    if (first < 0xfd) return BigInt(first)
    const value = first === 0xfd ? BigInt(reader.u16()) : first === 0xfe ? BigInt(reader.u32()) : reader.u64()
    const least = first === 0xfd ? 0xfdn : first === 0xfe ? 0x10000n : 0x100000000n
    if (value < least) reader.fail('non-canonical-bigsize')
    return value
  },
}

const decodeTruncated = (reader: Reader, maxLength: number): bigint => {
  const length = reader.remaining
  // BOLT 1: a truncated integer is the last of its record, so its length is all that is left.
  if (length > maxLength) reader.fail('trailing-bytes')
  const start = reader.offset
  let value = 0n
  for (let i = 0; i < length && !reader.failed; i++) value = (value << 8n) | BigInt(reader.u8())
  // BOLT 1: leading zeroes must be left out.
  if (!reader.failed && length > 0 && reader.bytes[start] === 0) reader.fail('non-minimal-integer')
  return value
}

const encodeTruncated = (writer: Writer, value: bigint, maxLength: number): void => {
  invariant(value >= 0n && value >> BigInt(8 * maxLength) === 0n, 'a truncated integer is out of range')
  let length = 0
  while (value >> BigInt(8 * length) !== 0n) length++
  for (let i = length - 1; i >= 0; i--) writer.u8(Number((value >> BigInt(8 * i)) & 0xffn))
}

const truncatedNumber = (maxLength: number): Codec<number> => ({
  encode: (writer, value) => encodeTruncated(writer, BigInt(value), maxLength),
  decode: (reader) => Number(decodeTruncated(reader, maxLength)),
})

/** BOLT 1: 0 to 2 bytes, up to the end of the enclosing field. */
export const tu16: Codec<number> = truncatedNumber(2)
/** BOLT 1: 0 to 4 bytes, up to the end of the enclosing field. */
export const tu32: Codec<number> = truncatedNumber(4)
/** BOLT 1: 0 to 8 bytes, up to the end of the enclosing field. */
export const tu64: Codec<bigint> = {
  encode: (writer, value) => encodeTruncated(writer, value, 8),
  decode: (reader) => decodeTruncated(reader, 8),
}

/** Exactly `length` bytes. */
export const fixedBytes = (length: number): Codec<Uint8Array> => ({
  encode(writer, value) {
    invariant(value.length === length, `a byte string is not of ${length} bytes`)
    writer.bytes(value)
  },
  decode: (reader) => reader.take(length),
})

/** A hash, an id or a secret. */
export const bytes32: Codec<Uint8Array> = fixedBytes(32)
/** BOLT 1: a signature in its 64-byte compact form. */
export const signature: Codec<Uint8Array> = fixedBytes(64)

/**
 * BOLT 1: a point in its compressed form. Only the form is checked; whoever computes with the point must check that it lies on the curve
 * (BOLT 2 wants the channel failed for it, not the connection).
 */
export const point: Codec<Uint8Array> = {
  encode(writer, value) {
    invariant(value.length === 33, 'a point is not of 33 bytes')
    writer.bytes(value)
  },
  decode(reader) {
    const value = reader.take(33)
    if (!reader.failed && value[0] !== 2 && value[0] !== 3) reader.fail('invalid-point')
    return value
  },
}

/** A byte string behind its length as u16. */
export const u16Bytes: Codec<Uint8Array> = {
  encode(writer, value) {
    writer.u16(value.length)
    writer.bytes(value)
  },
  decode: (reader) => reader.take(reader.u16()),
}

/** A byte string behind its length as u32. Not of the BOLTs: for our own rows. */
export const u32Bytes: Codec<Uint8Array> = {
  encode(writer, value) {
    writer.u32(value.length)
    writer.bytes(value)
  },
  decode: (reader) => reader.take(reader.u32()),
}

/** All bytes up to the end of the enclosing field. */
export const restBytes: Codec<Uint8Array> = {
  encode: (writer, value) => writer.bytes(value),
  decode: (reader) => reader.take(reader.remaining),
}

/** UTF-8 behind its length as u16. Not of the BOLTs: for our own rows. */
export const u16Text: Codec<string> = {
  encode: (writer, value) => u16Bytes.encode(writer, utf8Encode(value)),
  decode(reader) {
    const text = tryUtf8Decode(u16Bytes.decode(reader))
    if (text === undefined) reader.fail('invalid-value')
    return text ?? ''
  },
}
