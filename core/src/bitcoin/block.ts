import { sha256d } from '../crypto/hashes.ts'
import { concat, fromHex, isHex, reversed, toHex } from '../lib/bytes.ts'
import type { BlockHash } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { ByteReader, ByteWriter, compactSizeLength, type SerializationFault } from './serialization.ts'
import { encodeTx, readTx, type Tx } from './transaction.ts'

/** A block's header. `time` is in seconds since the Unix epoch. */
export interface BlockHeader {
  readonly version: number
  readonly previous: BlockHash
  readonly merkleRoot: Uint8Array
  readonly time: number
  readonly bits: number
  readonly nonce: number
}

export interface Block {
  readonly header: BlockHeader
  readonly txs: readonly Tx[]
}

export interface MalformedBlock {
  readonly code: 'malformed-block'
  readonly reason: SerializationFault
}

const BLOCK_HEADER_LENGTH = 80
const MINIMUM_TX_LENGTH = 60

export const encodeBlockHeader = (header: BlockHeader): Uint8Array => {
  const writer = new ByteWriter(BLOCK_HEADER_LENGTH)
  writer.u32(header.version)
  writer.raw(header.previous)
  writer.raw(header.merkleRoot)
  writer.u32(header.time)
  writer.u32(header.bits)
  writer.u32(header.nonce)
  return writer.bytes
}

/** Reads the header alone, from 80 bytes. */
export const decodeBlockHeader = (bytes: Uint8Array): Result<BlockHeader, MalformedBlock> => {
  const reader = new ByteReader(bytes)
  const header = readHeader(reader)
  reader.end()
  return reader.fault === undefined ? ok(header) : err({ code: 'malformed-block', reason: reader.fault })
}

export const encodeBlock = (block: Block): Uint8Array => {
  const count = new ByteWriter(compactSizeLength(block.txs.length))
  count.compactSize(block.txs.length)
  return concat(encodeBlockHeader(block.header), count.bytes, ...block.txs.map(encodeTx))
}

export const decodeBlock = (bytes: Uint8Array): Result<Block, MalformedBlock> => {
  const reader = new ByteReader(bytes)
  const header = readHeader(reader)
  const count = reader.count(MINIMUM_TX_LENGTH)
  const txs: Tx[] = []
  for (let i = 0; i < count && reader.fault === undefined; i++) txs.push(readTx(reader))
  reader.end()
  return reader.fault === undefined ? ok({ header, txs }) : err({ code: 'malformed-block', reason: reader.fault })
}

export const blockHashOf = (header: BlockHeader): BlockHash => sha256d(encodeBlockHeader(header))

/** The hexadecimal form that people and RPCs use: the bytes reversed. */
export const displayBlockHash = (hash: BlockHash): string => toHex(reversed(hash))

/** Reads what `displayBlockHash` writes; `undefined` for any other text. */
export const parseBlockHash = (text: string): BlockHash | undefined =>
  isHex(text, 32) ? reversed(fromHex(text)) : undefined

/** The root of the tree over the hashes; an odd level repeats its last. All zeros for none. */
export const merkleRoot = (hashes: readonly Uint8Array[]): Uint8Array => {
  let level = hashes
  while (level.length > 1) {
    const above: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Uint8Array
      above.push(sha256d(concat(left, level[i + 1] ?? left)))
    }
    level = above
  }
  return level[0] ?? new Uint8Array(32)
}

const readHeader = (reader: ByteReader): BlockHeader => ({
  version: reader.i32(),
  previous: reader.raw(32),
  merkleRoot: reader.raw(32),
  time: reader.u32(),
  bits: reader.u32(),
  nonce: reader.u32(),
})
