import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { sha256d } from '../../crypto/hashes.ts'
import { concat, equalBytes } from '../../lib/bytes.ts'

/** One step in the life of the chain. */
export interface ChainRecord {
  /** A block on the tip, the tip taken away, a transaction into the mempool. */
  readonly type: 'block' | 'disconnect' | 'tx'
  /** The serialised block or transaction; for `disconnect` one byte, 1 when its transactions are dropped. */
  readonly payload: Uint8Array
}

const TYPES = ['block', 'disconnect', 'tx'] as const
const HEAD_LENGTH = 5
const CHECKSUM_LENGTH = 4

/** An append-only file of what happened to the chain. Each record: type, length, payload, checksum. */
export class BlockFile {
  readonly #descriptor: number

  private constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  /** Opens or makes the file and hands out its records in order. A record cut short by a crash is dropped with its tail. */
  static open(path: string, replay: (record: ChainRecord) => void): BlockFile {
    mkdirSync(dirname(path), { recursive: true })
    const bytes = existsSync(path) ? new Uint8Array(readFileSync(path)) : new Uint8Array(0)
    let end = 0
    for (let record = readRecord(bytes, end); record !== undefined; record = readRecord(bytes, end)) {
      replay(record)
      end += HEAD_LENGTH + record.payload.length + CHECKSUM_LENGTH
    }
    const descriptor = openSync(path, 'a')
    ftruncateSync(descriptor, end)
    return new BlockFile(descriptor)
  }

  append({ type, payload }: ChainRecord): void {
    const head = new Uint8Array(HEAD_LENGTH)
    head[0] = TYPES.indexOf(type)
    new DataView(head.buffer).setUint32(1, payload.length, true)
    writeSync(this.#descriptor, concat(head, payload, checksum(head, payload)))
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

const checksum = (head: Uint8Array, payload: Uint8Array): Uint8Array =>
  sha256d(concat(head, payload)).subarray(0, CHECKSUM_LENGTH)

const readRecord = (bytes: Uint8Array, offset: number): ChainRecord | undefined => {
  const head = bytes.subarray(offset, offset + HEAD_LENGTH)
  const type = TYPES[head[0] ?? TYPES.length]
  if (head.length < HEAD_LENGTH || type === undefined) return undefined
  const length = new DataView(head.buffer, head.byteOffset).getUint32(1, true)
  const payload = bytes.subarray(offset + HEAD_LENGTH, offset + HEAD_LENGTH + length)
  const stored = bytes.subarray(offset + HEAD_LENGTH + length, offset + HEAD_LENGTH + length + CHECKSUM_LENGTH)
  return equalBytes(stored, checksum(head, payload)) ? { type, payload } : undefined
}
