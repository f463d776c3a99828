import { closeSync, write, writeSync } from 'node:fs'
import { openOwnFile } from '../lib/own-file.ts'

/** A file that lines are added to, in the background. */
export interface LogFile {
  write(text: string): void
  /** Writes what is still in memory, at once: for the last words of a process. */
  flush(): void
  /** Resolves when everything that was written is in the file, or is lost because the disk takes nothing. */
  close(): Promise<void>
}

const BUFFERED_CHARS = 4_096
const FLUSH_EVERY_MS = 1_000
/** If the disk is too slow or too full, lines are lost so that memory does not fill. */
const MOST_CHARS = 4_000_000

/**
 * Opens the file, or throws the reason why it cannot. From then on the caller need not care what happens to the file: a full disk loses
 * lines, and it neither ends the process nor keeps it from ending.
 */
export const openLogFile = (path: string): LogFile => {
  const fd = openOwnFile(path)
  let waiting = ''
  let underWay = ''
  let closed = false
  const ended = Promise.withResolvers<void>()
  const end = (): void => {
    try {
      closeSync(fd)
    } catch {
      // Nothing can be kept.
    }
    ended.resolve()
  }
  const begin = (): void => {
    if (underWay !== '' || waiting === '' || closed) return
    const bytes = Buffer.from(waiting)
    underWay = waiting
    waiting = ''
    const from = (offset: number): void =>
      write(fd, bytes, offset, (error, written) => {
        if (error === null && written > 0 && offset + written < bytes.length) return from(offset + written)
        underWay = ''
        if (closed) end()
        else if (waiting.length >= BUFFERED_CHARS) begin()
      })
    from(0)
  }
  const timer = setInterval(begin, FLUSH_EVERY_MS)
  timer.unref()
  const flush = (): void => {
    const bytes = Buffer.from(waiting)
    waiting = ''
    try {
      for (let offset = 0; offset < bytes.length; ) offset += writeSync(fd, bytes, offset)
    } catch {
      // Nothing can be kept.
    }
  }
  return {
    write(text) {
      if (closed || waiting.length > MOST_CHARS) return
      waiting += text
      if (waiting.length >= BUFFERED_CHARS) begin()
    },
    flush,
    close() {
      if (closed) return ended.promise
      clearInterval(timer)
      flush()
      closed = true
      if (underWay === '') end()
      return ended.promise
    },
  }
}
