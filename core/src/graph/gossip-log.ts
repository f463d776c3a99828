import { crc32c } from '../crypto/crc32c.ts'
import { concat, equalBytes, isAllZero, u32be, utf8Encode } from '../lib/bytes.ts'
import type { ShortChannelId, TxId } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { BlockHeight, Sat } from '../lib/units.ts'
import { type Codec, decodeWith, encodeWith } from '../wire/codec/codec.ts'
import { union } from '../wire/codec/combinators.ts'
import { bytes32, restBytes, u32, u64 } from '../wire/codec/primitives.ts'

/**
 * What is kept of the network's gossip, in the order in which it became known: a later record of a channel's direction or of a node takes the
 * place of an earlier one. Messages are kept as they came, type included.
 */
export type LogRecord =
  | {
      readonly type: 'channel'
      readonly capacitySat: Sat
      /** Of its funding: the short channel id says which output. */
      readonly txid: TxId
      /** When it was taken, in seconds since the Unix epoch. */
      readonly since: number
      readonly raw: Uint8Array
    }
  | { readonly type: 'update'; readonly raw: Uint8Array }
  | { readonly type: 'node'; readonly raw: Uint8Array }
  /** The block that spends the channel's funding; 0: it is unspent after all. */
  | { readonly type: 'spent'; readonly shortChannelId: ShortChannelId; readonly height: BlockHeight }
  | { readonly type: 'removed'; readonly shortChannelId: ShortChannelId }

// What a message is kept as needs no copy of it: whoever keeps a part of it makes one.
const sharedBytes: Codec<Uint8Array> = {
  encode: restBytes.encode,
  decode: (reader) => reader.shareRest(),
}

const record: Codec<LogRecord> = union<LogRecord, 'type'>('type', {
  channel: { number: 1, fields: { capacitySat: u64, txid: bytes32, since: u32, raw: sharedBytes } },
  update: { number: 2, fields: { raw: sharedBytes } },
  node: { number: 3, fields: { raw: sharedBytes } },
  spent: { number: 4, fields: { shortChannelId: u64, height: u32 } },
  removed: { number: 5, fields: { shortChannelId: u64 } },
})

/** Where a record is in the file, its frame included. */
export interface LogPlace {
  readonly offset: number
  readonly length: number
}

const MAGIC = utf8Encode('fulgurite gossip')
const VERSION = 1
const CHAIN = MAGIC.length + 1
const FRAME = 8
/** A message, and what is kept beside it. */
const MAX_RECORD = 0x10000 + 64

/** How the file begins. */
export const logHeader = (chainHash: Uint8Array): Uint8Array => concat(MAGIC, Uint8Array.of(VERSION), chainHash)

/** A record in its frame: its length, its checksum (CRC32C), itself. */
export const encodeLogRecord = (value: LogRecord): Uint8Array => {
  const bytes = encodeWith(record, value)
  return concat(u32be(bytes.length), u32be(crc32c(bytes)), bytes)
}

/** Reads one record at its place; `undefined` if it is not there. Its message shares the memory of what it was read from. */
export const decodeLogRecord = (framed: Uint8Array): LogRecord | undefined => {
  if (framed.length < FRAME) return undefined
  const view = new DataView(framed.buffer, framed.byteOffset, FRAME)
  const bytes = framed.subarray(FRAME)
  if (view.getUint32(0) !== bytes.length || view.getUint32(4) !== crc32c(bytes)) return undefined
  const decoded = decodeWith(record, bytes)
  return decoded.ok ? decoded.value : undefined
}

export type LogFault = 'no-gossip-log' | 'unknown-version' | 'other-chain' | 'damaged'

/**
 * Tells of every record of a file, and returns where they end. What follows there is a write that was cut off: nobody waits for the disk
 * before the next record, so that a power cut may take the last ones. A record that is wrong in the middle is damage: none of the file is to
 * be relied on.
 */
export const readLog = (
  file: Uint8Array,
  chainHash: Uint8Array,
  visit: (record: LogRecord, place: LogPlace) => void,
): Result<number, LogFault> => {
  const header = logHeader(chainHash)
  if (!equalBytes(file.subarray(0, MAGIC.length), MAGIC)) return err('no-gossip-log')
  if (file[MAGIC.length] !== VERSION) return err('unknown-version')
  if (!equalBytes(file.subarray(CHAIN, header.length), chainHash)) return err('other-chain')
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  let offset = header.length
  while (offset < file.length) {
    const length = offset + FRAME > file.length ? 0 : FRAME + view.getUint32(offset)
    const value = decodeLogRecord(file.subarray(offset, offset + length))
    if (value === undefined) return isCutOff(file, offset, length) ? ok(offset) : err('damaged')
    visit(value, { offset, length })
    offset += length
  }
  return ok(offset)
}

/** Whether what is wrong from here on can be the file's last write: it reaches the end, or the file grew and its content was not written. */
const isCutOff = (file: Uint8Array, offset: number, length: number): boolean =>
  (length <= FRAME + MAX_RECORD && offset + Math.max(length, FRAME) >= file.length) || isAllZero(file.subarray(offset))
