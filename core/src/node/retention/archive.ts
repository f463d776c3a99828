import {
  chmodSync,
  closeSync,
  fstatSync,
  fsync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statfs,
  write,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { utf8Decode, utf8Encode } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { readJson } from '../../lib/json.ts'
import { isNamed, openUnlinked } from '../../lib/own-file.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { TimestampMs } from '../../lib/units.ts'

export interface ArchiveFailure {
  readonly code: 'archive-unwritable'
  readonly reason: string
}

/** What an archive asks of the system, so that a test can have a disk that is full. */
export interface ArchiveDisk {
  write(fd: number, bytes: Uint8Array): Promise<number>
  sync(fd: number): Promise<void>
  /** Bytes that are free where the path is. */
  free(path: string): Promise<number>
}

export interface ArchiveOptions {
  /** A folder, made when something is written. */
  readonly path: string
  readonly clock: Pick<Clock, 'now'>
  readonly disk?: ArchiveDisk
  /** A file of this size gets no more lines. */
  readonly maxBytes?: number
}

const MAX_BYTES = 64 * 1_024 * 1_024
const OWNER_ONLY = 0o700
/** Left free on the disk: the channels live on it, and a node that cannot write their states has to end. */
const RESERVE_MIB = 256
/** How much is read at once from the end of a file to find its last complete line. */
const TAIL_BYTES = 64 * 1_024

const writing = promisify(write)
const statFs = promisify(statfs)
const DISK: ArchiveDisk = {
  write: async (fd, bytes) => (await writing(fd, bytes)).bytesWritten,
  sync: promisify(fsync),
  async free(path) {
    const { bavail, bsize } = await statFs(path)
    return bavail * bsize
  },
}

interface OpenFile {
  readonly month: string
  readonly number: number
  readonly path: string
  readonly fd: number
  /** Of whole lines that are on the disk. */
  size: number
}

/**
 * The archive of what was removed from the database: files of JSON lines, one for each month and more if it is large. The node only appends
 * to them. An append is on the disk when it is answered; an unfinished line is not part of the archive.
 */
export class Archive {
  readonly path: string
  readonly #clock: Pick<Clock, 'now'>
  readonly #disk: ArchiveDisk
  readonly #maxBytes: number
  #open: OpenFile | undefined

  constructor({ path, clock, disk = DISK, maxBytes = MAX_BYTES }: ArchiveOptions) {
    this.path = path
    this.#clock = clock
    this.#disk = disk
    this.#maxBytes = maxBytes
  }

  /** Appends run one after the other; each adds all its lines or, as far as anybody is told, none. */
  async append(lines: readonly string[]): Promise<Result<void, ArchiveFailure>> {
    try {
      const file = await this.#file()
      await this.#leaveRoom()
      try {
        const bytes = utf8Encode(`${lines.join('\n')}\n`)
        for (let at = 0; at < bytes.length; ) at += await this.#disk.write(file.fd, bytes.subarray(at))
        await this.#disk.sync(file.fd)
        // Lines written to a file that was moved away may be lost with the file.
        if (!isNamed(file.path, file.fd)) throw new Error('its file was moved away meanwhile')
        file.size += bytes.length
        return ok(undefined)
      } catch (error) {
        // The result is not known: the append is undone as far as possible, and the file is checked anew.
        this.#giveUp(file)
        throw error
      }
    } catch (error) {
      const { code, message } = error as Error & { readonly code?: string }
      return err({ code: 'archive-unwritable', reason: code === undefined ? message : reasonOf(code) })
    }
  }

  /** What there is by now. */
  holds(): { readonly files: number; readonly bytes: number } {
    try {
      const files = readdirSync(this.path)
        .filter((name) => FILE.test(name))
        .map((name) => lstatSync(join(this.path, name)))
        .filter((found) => found.isFile())
      return { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) }
    } catch {
      return { files: 0, bytes: 0 }
    }
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd)
    this.#open = undefined
  }

  async #file(): Promise<OpenFile> {
    const month = monthOf(this.#clock.now())
    const open = this.#open
    if (open?.month === month && open.size < this.#maxBytes && isNamed(open.path, open.fd)) return open
    this.close()
    const made = mkdirSync(this.path, { recursive: true, mode: OWNER_ONLY })
    chmodSync(this.path, OWNER_ONLY)
    if (made !== undefined) await syncFolder(dirname(made), this.#disk)
    let file = openAt(this.path, month, newestOf(readdirSync(this.path), month))
    while (file.size >= this.#maxBytes) {
      closeSync(file.fd)
      file = openAt(this.path, month, file.number + 1)
    }
    try {
      // A file without its name in the folder is none after a power cut.
      await syncFolder(this.path, this.#disk)
    } catch (error) {
      closeSync(file.fd)
      throw error
    }
    this.#open = file
    return file
  }

  async #leaveRoom(): Promise<void> {
    if ((await this.#disk.free(this.path)) >= RESERVE_MIB * 1_024 * 1_024) return
    throw new Error(`less than ${RESERVE_MIB} MiB are free on the disk`)
  }

  #giveUp({ fd, size }: OpenFile): void {
    this.#open = undefined
    try {
      ftruncateSync(fd, size)
    } catch {
      // The end of the last whole line is looked for when it is opened again.
    }
    closeSync(fd)
  }
}

const FILE = /^(\d{4,6}-\d{2})(?:-(\d+))?\.jsonl$/

const monthOf = (at: TimestampMs): string => {
  const date = new Date(at)
  return `${date.getUTCFullYear()}-${`${date.getUTCMonth() + 1}`.padStart(2, '0')}`
}

const nameOf = (month: string, number: number): string => `${month}${number === 1 ? '' : `-${number}`}.jsonl`

const newestOf = (names: readonly string[], month: string): number =>
  names.reduce((newest, name) => {
    const [, of, number = '1'] = FILE.exec(name) ?? []
    return of === month ? Math.max(newest, Number(number)) : newest
  }, 1)

/**
 * Anything after the last complete line was written by a node that ended meanwhile: its rows were not removed. A line that lacks only its
 * line feed is kept: an editor may have removed that.
 */
const openAt = (folder: string, month: string, number: number): OpenFile => {
  const path = join(folder, nameOf(month, number))
  const fd = openUnlinked(path)
  try {
    const { size } = fstatSync(fd)
    const ended = endOfLines(fd, size)
    const isWhole = ended < size && isLine(fd, ended, size)
    if (isWhole) writeSync(fd, '\n')
    else ftruncateSync(fd, ended)
    return { month, number, path, fd, size: isWhole ? size + 1 : ended }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

const endOfLines = (fd: number, size: number): number => {
  const bytes = new Uint8Array(TAIL_BYTES)
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - TAIL_BYTES)
    const read = readSync(fd, bytes, 0, end - start, start)
    const at = bytes.subarray(0, read).lastIndexOf(LINE_END)
    if (at >= 0) return start + at + 1
    end = start
  }
  return 0
}

const isLine = (fd: number, from: number, to: number): boolean => {
  const bytes = new Uint8Array(to - from)
  try {
    return readJson(utf8Decode(bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, from))), LINE_DEPTH).ok
  } catch {
    return false
  }
}

const LINE_END = 0x0a
/** Of a record: of a payment, its parts and their routes. */
const LINE_DEPTH = 32

const syncFolder = async (path: string, disk: ArchiveDisk): Promise<void> => {
  // Windows opens no folders; there the file system keeps names and files together.
  if (process.platform === 'win32') return
  const fd = openSync(path, 'r')
  try {
    await disk.sync(fd)
  } finally {
    closeSync(fd)
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  EEXIST: 'something that is no folder is in its place',
  ENOTDIR: 'something that is no folder is in its place',
  ELOOP: 'a link is in its place, and where it leads is not ours',
  EISDIR: 'something that is no file is in its place',
  ENOTFILE: 'something that is no file is in its place',
}

const reasonOf = (code: string): string => REASONS[code] ?? code
