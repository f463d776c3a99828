import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { evaluate } from '@fulgurite/plugin-sdk/contract'
import { z } from 'zod'
import { type Clock, systemClock } from '../lib/clock.ts'
import { readJson } from '../lib/json.ts'

/**
 * How a run stands, or ended: `proven` once it has been ready for `PROVEN_MS`. A record that still says `running` at the next start means
 * that the run ended early; `crashed` was written by the run itself, however long it ran.
 */
type Phase = 'running' | 'proven' | 'stopped' | 'crashed'

const Row = z.strictObject({
  version: z.literal(1),
  phase: z.enum(['running', 'proven', 'stopped', 'crashed'] satisfies Phase[]),
  /** How many runs before this one ended early or crashed, one after the other. */
  earlyEnds: z.number().int().min(0).max(1_000_000),
})

type Row = z.output<typeof Row>

const RUN_FILE = 'run.json'
const PLUGIN_FILE = 'last-plugin'
const PROVEN_MS = 600_000
/** After this many early ends in a row, plugins are held back. */
const EARLY_ENDS = 2
/** Longer than any plugin's name. */
const NAME_BYTES = 64
const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/

/**
 * What the data folder tells of the node's runs, for safe mode. Nothing here may keep the node from running: if the folder cannot be
 * written, the database reports it.
 */
export class RunRecord {
  /** How many runs in a row ended early, or crashed, before this one. */
  readonly earlyEnds: number
  /** The plugin whose turn was under way, or was the last, when the previous run ended. */
  readonly lastPlugin: string | undefined
  readonly #folder: string
  readonly #before: Row
  readonly #clock: Clock
  #plugin: { readonly file: number; name: string | undefined } | undefined
  #cancel: () => void = () => {}

  /** Reads how the previous run ended, and notes that a new one is under way. */
  constructor(folder: string, clock: Clock = systemClock) {
    this.#folder = folder
    this.#clock = clock
    this.#before = readRow(folder)
    const { phase, earlyEnds } = this.#before
    this.earlyEnds = phase === 'running' || phase === 'crashed' ? earlyEnds + 1 : 0
    this.lastPlugin = readPlugin(folder)
    this.#note('running')
  }

  /** Whether plugins are to be held back. */
  get safeMode(): boolean {
    return this.earlyEnds >= EARLY_ENDS
  }

  /** The node is ready. After some minutes its end no longer counts as early, unless it runs without its plugins. */
  ready(isHeld: () => boolean): void {
    this.#cancel = this.#clock.setTimer(PROVEN_MS, () => {
      if (isHeld()) this.ready(isHeld)
      else this.#note('proven')
    })
  }

  /**
   * A plugin is served: if the node ends now, this plugin may be the cause. Writes into the system's cache if the turn goes to another
   * plugin than before, and does nothing otherwise.
   */
  serving(plugin: string): void {
    if (this.#plugin?.name === plugin) return
    try {
      this.#plugin ??= { file: openSync(join(this.#folder, PLUGIN_FILE), 'w', 0o600), name: undefined }
      this.#plugin.name = plugin
      writeSync(this.#plugin.file, plugin.padEnd(NAME_BYTES), 0)
    } catch {
      // Then it will not be known whose turn it was.
    }
  }

  /** The node was asked to stop: however long it ran, this was no failure. */
  stopped(): void {
    this.#end('stopped')
  }

  /** The node did not start, or ends, for a reason that it could report: that says nothing about plugins. */
  withdrawn(): void {
    this.#cancel()
    this.#write(this.#before)
  }

  /** The process ends because of a fault. */
  crashed(): void {
    this.#end('crashed')
  }

  #end(phase: Phase): void {
    this.#cancel()
    this.#note(phase)
    if (this.#plugin !== undefined) closeSync(this.#plugin.file)
    this.#plugin = undefined
  }

  #note(phase: Phase): void {
    this.#write({ version: 1, phase, earlyEnds: this.earlyEnds })
  }

  #write(row: Row): void {
    const path = join(this.#folder, RUN_FILE)
    try {
      writeFileSync(`${path}.new`, `${JSON.stringify(row)}\n`, { mode: 0o600 })
      renameSync(`${path}.new`, path)
    } catch {
      // The next start is not to know how this run ended, rather than to take an older word for it.
      try {
        rmSync(path, { force: true })
      } catch {
        // Nothing can be done to this folder: the database says so.
      }
    }
  }
}

const NONE: Row = { version: 1, phase: 'stopped', earlyEnds: 0 }

const readRow = (folder: string): Row => {
  try {
    const json = readJson(readFileSync(join(folder, RUN_FILE), 'utf8'), 2)
    const row = json.ok ? evaluate(Row, json.value) : json
    return row.ok ? row.value : NONE
  } catch {
    return NONE
  }
}

const readPlugin = (folder: string): string | undefined => {
  try {
    const name = readFileSync(join(folder, PLUGIN_FILE), 'utf8').trimEnd()
    return NAME.test(name) ? name : undefined
  } catch {
    return undefined
  }
}
