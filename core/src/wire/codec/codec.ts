import { err, ok, type Result } from '../../lib/result.ts'
import type { WireError } from '../wire-error.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** How a value is written and read: both directions in one value. */
export interface Codec<T> {
  /** Throws when the value does not fit: that is a bug of the caller. */
  encode(writer: Writer, value: T): void
  /** The result counts only if the reader has not failed. */
  decode(reader: Reader): T
}

// One buffer serves every encoding. A nested encoding writes after the outer one and cuts its own part off.
const shared = new Writer(0x20000)

/** The value's bytes, in an array of their own. */
export const encodeWith = <T>(codec: Codec<T>, value: T): Uint8Array => {
  const start = shared.length
  try {
    codec.encode(shared, value)
    return shared.cut(start)
  } finally {
    shared.rewind(start)
  }
}

/** Reads all of the bytes, or says why they are not a `T`. Never throws; what it returns shares no memory with `bytes`. */
export const decodeWith = <T>(codec: Codec<T>, bytes: Uint8Array): Result<T, WireError> => {
  const reader = new Reader(bytes)
  const value = codec.decode(reader)
  if (reader.remaining > 0) reader.fail('trailing-bytes')
  const { error } = reader
  return error === undefined ? ok(value) : err(error)
}
