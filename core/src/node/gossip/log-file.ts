import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import type { GossipLog } from '../../graph/announced-graph.ts'
import {
  decodeLogRecord,
  encodeLogRecord,
  type LogFault,
  type LogPlace,
  type LogRecord,
  logHeader,
  readLog,
} from '../../graph/gossip-log.ts'
import { concat } from '../../lib/bytes.ts'
import { invariant } from '../../lib/errors.ts'
import { ok, type Result } from '../../lib/result.ts'

/** How much is written at once, in bytes. */
const BUFFERED = 256 * 1_024
const OWNER_ONLY = 0o600

/**
 * The log of gossip in a file of its own. Nobody waits for the disk: what a power cut takes is asked of the peers again. What was appended is
 * in the file after `flush`, and can be read before.
 */
export class LogFile implements GossipLog {
  readonly #fd: number
  readonly #chainHash: Uint8Array
  #path: string
  readonly #onFailed: (error: unknown) => void
  #isOver = false
  #waiting: Uint8Array[] = []
  #written: number
  #size: number

  /** Opens the file, or makes it. Before anything else `readAll` must have read it. */
  constructor(path: string, chainHash: Uint8Array, onFailed: (error: unknown) => void) {
    this.#onFailed = onFailed
    this.#path = path
    this.#chainHash = chainHash
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT, OWNER_ONLY)
    this.#written = fstatSync(this.#fd).size
    this.#size = this.#written
    if (this.#size > 0) return
    this.#waiting.push(logHeader(chainHash))
    this.#size = logHeader(chainHash).length
    this.flush()
  }

  /**
   * Tells of every record in the file; `visit` may read any at its place. What was cut off at the end is removed. `err` if the file cannot be
   * used: what was told does not count then.
   */
  readAll(visit: (record: LogRecord, place: LogPlace) => void): Result<void, LogFault> {
    const end = readLog(this.#bytesAt(0, this.#written), this.#chainHash, visit)
    if (!end.ok) return end
    if (end.value < this.#written) ftruncateSync(this.#fd, end.value)
    this.#written = end.value
    this.#size = end.value
    return ok(undefined)
  }

  /** Of what was appended, flushed or not. */
  get size(): number {
    return this.#size
  }

  append(record: LogRecord): LogPlace {
    const bytes = encodeLogRecord(record)
    const place = { offset: this.#size, length: bytes.length }
    this.#waiting.push(bytes)
    this.#size += bytes.length
    if (this.#size - this.#written >= BUFFERED) this.flush()
    return place
  }

  read({ offset, length }: LogPlace): LogRecord {
    if (offset + length > this.#written) this.flush()
    const record = decodeLogRecord(this.#bytesAt(offset, length))
    invariant(record !== undefined, 'the gossip log was changed by somebody else')
    return record
  }

  /** A disk that takes no more is told of once, and nothing is written after it. */
  flush(): void {
    if (this.#isOver) return
    const bytes = concat(...this.#waiting)
    this.#waiting = []
    try {
      for (let at = 0; at < bytes.length; ) {
        const count = writeSync(this.#fd, bytes, at, bytes.length - at, this.#written)
        at += count
        this.#written += count
      }
    } catch (error) {
      this.#isOver = true
      this.#onFailed(error)
    }
  }

  close(): void {
    this.flush()
    this.#isOver = true
    closeSync(this.#fd)
  }

  /** Gives the file the name of another one, which goes. */
  replace(other: LogFile): void {
    this.flush()
    other.close()
    renameSync(this.#path, other.#path)
    this.#path = other.#path
  }

  /** Closes the file, and puts it out of the way under another name. */
  setAside(): string {
    this.close()
    const path = `${this.#path}-unusable`
    rmSync(path, { force: true })
    renameSync(this.#path, path)
    return path
  }

  #bytesAt(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; ) {
      const count = readSync(this.#fd, bytes, at, length - at, offset + at)
      if (count === 0) return bytes.subarray(0, at)
      at += count
    }
    return bytes
  }
}
