import { availableParallelism } from 'node:os'
import type { Turns } from '../lib/in-turn.ts'
import { ok, type Result } from '../lib/result.ts'
import type { HostServices } from './host-services.ts'
import type { InstallRecord, LockFileDamaged } from './install-record.ts'
import { removeInstalled } from './installed-files.ts'
import type { Hold } from './plugin-status.ts'
import type { Removals } from './removals.ts'
import type { Roster } from './roster.ts'
import type { RunningPlugins } from './running-plugins.ts'

export interface PluginStartsOptions {
  readonly services: HostServices
  readonly roster: Roster
  readonly running: RunningPlugins
  readonly removals: Removals
  readonly turns: Turns
  /** Why what is installed is not to be started, if it is not. */
  readonly hold: Hold | undefined
}

/** How many plugins start at the same time: more would only wait for the processors, and for each other. */
const STARTING_AT_ONCE = availableParallelism()

/** Which of the installed plugins are started, and when: with the node, after it, or once they are no longer held back. */
export class PluginStarts {
  readonly #options: PluginStartsOptions
  #held: Hold | undefined
  #closed = false

  constructor(options: PluginStartsOptions) {
    this.#options = options
  }

  /** Why plugins are held back, if they are. */
  get held(): Hold | undefined {
    return this.#held
  }

  /** Reads what is installed, and finishes what an earlier run of the node has begun. */
  async load(): Promise<void> {
    const { roster, hold } = this.#options
    const read = await roster.load()
    if (read.ok) {
      this.#held = read.value.length > 0 ? hold : undefined
      await this.#goOnRemoving()
    } else {
      this.#held = read.error
    }
  }

  /** Starts those that do not run yet, a few at a time, each in its own turn; none while plugins are held back. */
  async start(records: readonly InstallRecord[]): Promise<void> {
    if (this.#held === undefined) await this.#startEach(records)
  }

  /** Starts what is held back. Errors: `lock-file-damaged`, when it still is. */
  resume(): Promise<Result<undefined, LockFileDamaged>> {
    const { roster, turns } = this.#options
    // No plugin has this name: two calls of `resume` come one after the other.
    return turns.take('', async () => {
      if (this.#held === undefined) return ok(undefined)
      const read = await roster.load()
      if (!read.ok) return read
      await this.#goOnRemoving()
      // What plugins guard opens once they run, not before.
      await this.#startEach(roster.records)
      this.#held = undefined
      return ok(undefined)
    })
  }

  /** Starts no more. */
  close(): void {
    this.#closed = true
  }

  async #startEach(records: readonly InstallRecord[]): Promise<void> {
    const { roster, running, turns } = this.#options
    const waiting = records.filter(({ disabled }) => !disabled).map(({ name }) => name)
    const next = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined && !this.#closed; name = waiting.shift()) {
        const one = name
        await turns.take(one, async () => {
          const record = roster.get(one)
          if (record !== undefined && !record.disabled && running.runner(one) === undefined) await running.start(record)
        })
      }
    }
    await Promise.all(Array.from({ length: STARTING_AT_ONCE }, next))
  }

  /** Removals that an earlier run of the node did not finish. Rows are deleted while the node goes on with its start. */
  async #goOnRemoving(): Promise<void> {
    const { services, roster, removals } = this.#options
    for (const name of await removals.load()) {
      const record = roster.get(name)
      if (record !== undefined) {
        await roster.drop(name)
        await removeInstalled(services.folder, record)
      }
      removals.finish(name).catch((thrown: unknown) => services.log(name).host('error', `removal: ${String(thrown)}`))
    }
  }
}
