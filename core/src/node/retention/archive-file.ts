import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { utf8Decode } from '../../lib/bytes.ts'
import { readJson } from '../../lib/json.ts'
import { openUnlinked } from '../../lib/own-file.ts'
import type { TimestampMs } from '../../lib/units.ts'

/** A file of the archive, open to append to it. */
export interface ArchiveFile {
  readonly month: string
  readonly number: number
  readonly path: string
  readonly handle: FileHandle
  /** Of whole lines that are on the disk. */
  size: number
}

const NAME = /^(\d{4,6}-\d{2})(?:-(\d+))?\.jsonl$/
/** How much is read at once from the end of a file to find its last complete line. */
const TAIL_BYTES = 64 * 1_024
const LINE_END = 0x0a
/** Of a record: of a payment, its parts and their routes. */
const LINE_DEPTH = 32

export const monthOf = (at: TimestampMs): string => {
  const date = new Date(at)
  return `${date.getUTCFullYear()}-${`${date.getUTCMonth() + 1}`.padStart(2, '0')}`
}

/** The names of its files in the folder. */
export const archiveNames = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder)).filter((name) => NAME.test(name))

/** The number of a month's newest file; 1 if there is none. */
export const newestOf = (names: readonly string[], month: string): number =>
  names.reduce((newest, name) => {
    const [, of, number = '1'] = NAME.exec(name) ?? []
    return of === month ? Math.max(newest, Number(number)) : newest
  }, 1)

/**
 * Anything after the last complete line was written by a node that ended meanwhile: its rows were not removed. A line that lacks only its
 * line feed is kept: an editor may have removed that.
 */
export const openArchiveFile = async (folder: string, month: string, number: number): Promise<ArchiveFile> => {
  const path = join(folder, `${month}${number === 1 ? '' : `-${number}`}.jsonl`)
  const handle = await openUnlinked(path)
  try {
    const { size } = await handle.stat()
    const ended = await endOfLines(handle, size)
    const isWhole = ended < size && (await isLine(handle, ended, size))
    if (isWhole) await handle.write('\n')
    else await handle.truncate(ended)
    return { month, number, path, handle, size: isWhole ? size + 1 : ended }
  } catch (error) {
    await handle.close()
    throw error
  }
}

const endOfLines = async (handle: FileHandle, size: number): Promise<number> => {
  const bytes = new Uint8Array(TAIL_BYTES)
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - TAIL_BYTES)
    const { bytesRead } = await handle.read(bytes, 0, end - start, start)
    const at = bytes.subarray(0, bytesRead).lastIndexOf(LINE_END)
    if (at >= 0) return start + at + 1
    end = start
  }
  return 0
}

const isLine = async (handle: FileHandle, from: number, to: number): Promise<boolean> => {
  const bytes = new Uint8Array(to - from)
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, from)
  try {
    return readJson(utf8Decode(bytes.subarray(0, bytesRead)), LINE_DEPTH).ok
  } catch {
    return false
  }
}

/** Makes names in a folder durable. */
export const syncFolder = async (path: string, sync: (fd: number) => Promise<void>): Promise<void> => {
  // Windows opens no folders; there the file system keeps names and files together.
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await sync(folder.fd)
  } finally {
    await folder.close()
  }
}
