import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from 'node:fs'
import { dirname } from 'node:path'
import { TokenBucket } from '../lib/token-bucket.ts'
import type { TimestampMs } from '../lib/units.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** As the contract's `plugins.logs` shows it. */
export interface LogLine {
  readonly at: TimestampMs
  readonly level: LogLevel
  readonly source: 'plugin' | 'host'
  readonly text: string
}

const KEPT_LINES = 1_000
const MAX_TEXT = 4_096
const MAX_FILE_BYTES = 1 << 20

/**
 * What a plugin logs, and the host about it: the latest lines in memory, more in a file that is turned over once. The
 * plugin's own lines are capped in length and rate; that some are left out is said, then how many. The host's lines are never left out.
 */
export class PluginLog {
  readonly #path: string
  readonly #now: () => number
  readonly #onLine: (line: LogLine) => void
  readonly #lines: LogLine[] = []
  readonly #bucket: TokenBucket
  #dropped = 0
  #file: WriteStream | undefined
  #fileBytes = 0

  constructor(path: string, now: () => number, perSecond: number, onLine: (line: LogLine) => void) {
    this.#path = path
    this.#now = now
    this.#onLine = onLine
    this.#bucket = new TokenBucket(perSecond, perSecond * 4, now())
  }

  /** A line of the plugin's. */
  plugin(level: LogLevel, text: string): void {
    if (!this.#bucket.take(this.#now())) {
      // Said at once: the plugin may never log again.
      if (this.#dropped === 0) this.host('warn', 'log-flood: too many lines at once, some are left out')
      this.#dropped += 1
      return
    }
    if (this.#dropped > 0) {
      const count = this.#dropped
      this.#dropped = 0
      this.#add({ at: this.#now(), level: 'warn', source: 'host', text: `log-flood: ${count} lines were left out` })
    }
    this.#add({ at: this.#now(), level, source: 'plugin', text: text.slice(0, MAX_TEXT) })
  }

  /** A line of the host's about the plugin. */
  host(level: LogLevel, text: string): void {
    this.#add({ at: this.#now(), level, source: 'host', text: text.slice(0, MAX_TEXT) })
  }

  /** The latest lines, oldest first. */
  lines(): readonly LogLine[] {
    return [...this.#lines]
  }

  close(): void {
    this.#file?.end()
    this.#file = undefined
  }

  #add(line: LogLine): void {
    this.#lines.push(line)
    if (this.#lines.length > KEPT_LINES) this.#lines.splice(0, this.#lines.length - KEPT_LINES)
    this.#write(`${JSON.stringify(line)}\n`)
    this.#onLine(line)
  }

  #write(text: string): void {
    if (this.#file === undefined) this.#open()
    else if (this.#fileBytes > MAX_FILE_BYTES) {
      this.#file.end()
      renameSync(this.#path, `${this.#path}.1`)
      this.#open()
    }
    this.#fileBytes += text.length
    this.#file?.write(text)
  }

  #open(): void {
    mkdirSync(dirname(this.#path), { recursive: true })
    this.#fileBytes = statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0
    this.#file = createWriteStream(this.#path, { flags: 'a', mode: 0o600 })
    // A full disk must not end the node for the sake of a plugin's log.
    this.#file.on('error', () => {})
  }
}
