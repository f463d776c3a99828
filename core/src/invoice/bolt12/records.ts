import { bigSize } from '../../wire/codec/primitives.ts'
import { Reader } from '../../wire/codec/reader.ts'

/** A record of a stream as it stands there. */
export interface RawRecord {
  readonly type: bigint
  /** Type, length and value. */
  readonly bytes: Uint8Array
}

/** The records of a stream that was read before, or written by us. */
export const rawRecords = (stream: Uint8Array): readonly RawRecord[] => {
  const reader = new Reader(stream)
  const records: RawRecord[] = []
  while (reader.remaining > 0 && !reader.failed) {
    const { offset } = reader
    const type = bigSize.decode(reader)
    reader.take(Number(bigSize.decode(reader)))
    records.push({ type, bytes: stream.slice(offset, reader.offset) })
  }
  return records
}

const EXPERIMENTAL = 1_000_000_000n

/** BOLT 12, offers: the types that belong to an offer. */
export const isOfferType = (type: bigint): boolean =>
  (type >= 1n && type <= 79n) || (type >= EXPERIMENTAL && type < 2n * EXPERIMENTAL)

/** BOLT 12, invoice requests: the types that belong to a request, those of the offer among them. */
export const isRequestType = (type: bigint): boolean =>
  type <= 159n || (type >= EXPERIMENTAL && type < 3n * EXPERIMENTAL)

/** BOLT 12, signature calculation: the types that hold signatures, and that none covers. */
export const isSignatureType = (type: bigint): boolean => type >= 240n && type <= 1000n
