import { fsync, statfs, write } from 'node:fs'
import { chmod, lstat, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { utf8Encode } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { isNamed } from '../../lib/own-file.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { systemReason } from '../../lib/system-reason.ts'
import { type ArchiveFile, archiveNames, monthOf, newestOf, openArchiveFile, syncFolder } from './archive-file.ts'

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

/**
 * The archive of what was removed from the database: files of JSON lines, one for each month and more if it is large. The node only appends
 * to them. An append is on the disk when it is answered; an unfinished line is not part of the archive. The node never waits for the disk
 * of the archive, which may be another one, slow or gone: only who archives waits.
 */
export class Archive {
  readonly path: string
  readonly #clock: Pick<Clock, 'now'>
  readonly #disk: ArchiveDisk
  readonly #maxBytes: number
  #open: ArchiveFile | undefined

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
        for (let at = 0; at < bytes.length; ) at += await this.#disk.write(file.handle.fd, bytes.subarray(at))
        await this.#disk.sync(file.handle.fd)
        // Lines written to a file that was moved away may be lost with the file.
        if (!(await isNamed(file.path, file.handle))) throw new Error('its file was moved away meanwhile')
        file.size += bytes.length
        return ok(undefined)
      } catch (error) {
        // The result is not known: the append is undone as far as possible, and the file is checked anew.
        await this.#giveUp(file)
        throw error
      }
    } catch (error) {
      return err({ code: 'archive-unwritable', reason: systemReason(error) })
    }
  }

  /** What there is by now. */
  async holds(): Promise<{ readonly files: number; readonly bytes: number }> {
    try {
      const names = await archiveNames(this.path)
      const found = await Promise.all(names.map((name) => lstat(join(this.path, name))))
      const files = found.filter((file) => file.isFile())
      return { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) }
    } catch {
      return { files: 0, bytes: 0 }
    }
  }

  async close(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    await open?.handle.close()
  }

  async #file(): Promise<ArchiveFile> {
    const month = monthOf(this.#clock.now())
    const open = this.#open
    if (open?.month === month && open.size < this.#maxBytes && (await isNamed(open.path, open.handle))) return open
    await this.close()
    const made = await mkdir(this.path, { recursive: true, mode: OWNER_ONLY })
    await chmod(this.path, OWNER_ONLY)
    if (made !== undefined) await syncFolder(dirname(made), this.#disk.sync)
    let file = await openArchiveFile(this.path, month, newestOf(await archiveNames(this.path), month))
    while (file.size >= this.#maxBytes) {
      await file.handle.close()
      file = await openArchiveFile(this.path, month, file.number + 1)
    }
    try {
      // A file without its name in the folder is none after a power cut.
      await syncFolder(this.path, this.#disk.sync)
    } catch (error) {
      await file.handle.close()
      throw error
    }
    this.#open = file
    return file
  }

  async #leaveRoom(): Promise<void> {
    if ((await this.#disk.free(this.path)) >= RESERVE_MIB * 1_024 * 1_024) return
    throw new Error(`less than ${RESERVE_MIB} MiB are free on the disk`)
  }

  async #giveUp({ handle, size }: ArchiveFile): Promise<void> {
    this.#open = undefined
    try {
      await handle.truncate(size)
    } catch {
      // The end of the last whole line is looked for when it is opened again.
    }
    await handle.close()
  }
}
