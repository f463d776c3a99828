import { closeSync, fstatSync, readSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { evaluate } from '@fulgurite/plugin-sdk/contract'
import { z } from 'zod'
import type { Clock } from '../lib/clock.ts'
import { counted } from '../lib/counted.ts'
import { readJson } from '../lib/json.ts'
import { openToRead } from '../lib/own-file.ts'
import { Ration } from '../lib/ration.ts'
import type { TimestampMs } from '../lib/units.ts'
import { type MemoryAccount, textBytes } from './account.ts'
import { PluginLogFile } from './plugin-log-file.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** As the contract's `plugins.logs` shows it. */
export interface LogLine {
  readonly at: TimestampMs
  readonly level: LogLevel
  readonly source: 'plugin' | 'host'
  readonly text: string
}

export interface PluginLogOptions {
  readonly path: string
  readonly account: MemoryAccount
  readonly clock: Clock
  /** How many lines of the plugin a second, in the long run; 1 until the manifest is known. */
  readonly perSecond?: number | undefined
  readonly onLine: (line: LogLine) => void
}

const KEPT_LINES = 1_000
const MAX_TEXT = 4_096
const READ_BYTES = 1 << 18
const LINE_DEPTH = 1

const Line = z.object({
  at: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  level: z.enum(['debug', 'info', 'warn', 'error'] satisfies LogLevel[]),
  source: z.enum(['plugin', 'host']),
  text: z.string().max(MAX_TEXT),
})

/**
 * What a plugin logs, and what the host logs about it: the latest lines in memory, on the plugin's account, and more in a file. The
 * plugin's own lines are limited in length and rate; the log says at once that some are left out, and later how many. The host's lines
 * are never left out.
 */
export class PluginLog {
  readonly #path: string
  readonly #file: PluginLogFile
  readonly #account: MemoryAccount
  readonly #clock: Clock
  readonly #onLine: (line: LogLine) => void
  readonly #lines: LogLine[] = []
  #perSecond: number
  #ration: Ration
  #count = 0

  constructor(options: PluginLogOptions) {
    const { path, account, clock, perSecond = 1, onLine } = options
    this.#path = path
    this.#file = new PluginLogFile(path)
    this.#account = account
    this.#clock = clock
    this.#onLine = onLine
    this.#perSecond = perSecond
    this.#ration = rationOf(perSecond, clock)
  }

  /** Sets how many lines a second the plugin may log from now on. Setting the same rate again gives it no new lines. */
  allow(perSecond: number): void {
    if (perSecond === this.#perSecond) return
    this.#tellLeftOut(this.#ration.refused)
    this.#perSecond = perSecond
    this.#ration = rationOf(perSecond, this.#clock)
  }

  /** Adds a line of the plugin. If it is kept, `words` turns it into the text to keep. */
  plugin(level: LogLevel, text: string, words = (said: string): string => said): void {
    const leftOut = this.#ration.take()
    if (leftOut === undefined) {
      // Said at once: the plugin may never log again.
      if (this.#ration.refused === 1)
        this.host('warn', 'log-flood: more lines than limits.logsPerSecond allows, so some are left out')
      return
    }
    this.#tellLeftOut(leftOut)
    this.#add({
      at: this.#clock.now(),
      level,
      source: 'plugin',
      text: words(text.slice(0, MAX_TEXT)).slice(0, MAX_TEXT),
    })
  }

  #tellLeftOut(count: number): void {
    if (count > 0) this.host('warn', `log-flood: ${counted(count, 'line')} left out`)
  }

  /** A line of the host's about the plugin. */
  host(level: LogLevel, text: string): void {
    this.#add({ at: this.#clock.now(), level, source: 'host', text: text.slice(0, MAX_TEXT) })
  }

  /** The latest lines, oldest first. Until something is logged in this run of the node, they are those of the run before. */
  lines(): readonly LogLine[] {
    return this.#lines.length > 0 ? [...this.#lines] : linesBefore(this.#path)
  }

  /** How many lines were logged in this run of the node. */
  get count(): number {
    return this.#count
  }

  /** Resolves when what was logged is in the file, if it can be. */
  close(): Promise<void> {
    return this.#file.flush()
  }

  #add(line: LogLine): void {
    const bytes = textBytes(line.text)
    while (this.#lines.length >= KEPT_LINES || (this.#lines.length > 0 && this.#account.room('log') < bytes)) {
      this.#account.give('log', textBytes(this.#lines.shift()?.text ?? ''))
    }
    this.#account.hold('log', bytes)
    this.#lines.push(line)
    this.#count += 1
    this.#file.append(`${JSON.stringify(line)}\n`)
    this.#onLine(line)
  }
}

/** Deletes a plugin's log and the one before it. */
export const removeLog = async (path: string): Promise<void> => {
  for (const file of [path, `${path}.1`]) await rm(file, { force: true })
}

const rationOf = (perSecond: number, clock: Clock): Ration => new Ration(clock, { perSecond, burst: 4 * perSecond })

/** The whole lines at the end of the file. The file may be damaged, missing, or not a file at all. */
const linesBefore = (path: string): readonly LogLine[] => {
  try {
    return tailOf(path)
      .split('\n')
      .slice(-KEPT_LINES)
      .flatMap((text) => {
        const json = readJson(text, LINE_DEPTH)
        const line = json.ok ? evaluate(Line, json.value) : json
        return line.ok ? [line.value] : []
      })
  } catch {
    return []
  }
}

const tailOf = (path: string): string => {
  const fd = openToRead(path)
  try {
    const { size } = fstatSync(fd)
    const bytes = Buffer.alloc(Math.min(size, READ_BYTES))
    const read = readSync(fd, bytes, 0, bytes.length, size - bytes.length)
    return bytes.toString('utf8', 0, read)
  } finally {
    closeSync(fd)
  }
}
