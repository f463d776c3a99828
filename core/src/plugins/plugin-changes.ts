import type { Clock } from '../lib/clock.ts'
import type { Turns } from '../lib/in-turn.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { HostServices } from './host-services.ts'
import type { InstallRecord } from './install-record.ts'
import { readInstalled } from './installed-files.ts'
import type { PluginError, PluginErrorCode } from './plugin-error.ts'
import type { PluginStatus } from './plugin-status.ts'
import type { PluginSwitch } from './plugin-switch.ts'
import { readPlugin } from './read-plugin.ts'
import type { Roster } from './roster.ts'
import type { RunningPlugins } from './running-plugins.ts'

export interface Restarted {
  readonly plugin: PluginStatus
  readonly warnings: readonly string[]
}

export interface Configured {
  readonly plugin: PluginStatus
  /** All settings, defaults filled in. */
  readonly config: Readonly<Record<string, unknown>>
}

type NotFound = 'plugin-not-found'
type Rows = Awaited<ReturnType<PluginSwitch['takeOff']>>

export interface ChangesOptions {
  readonly services: HostServices
  readonly roster: Roster
  readonly running: RunningPlugins
  readonly switching: PluginSwitch
  readonly turns: Turns
}

/**
 * What an operator does to an installed plugin. Changes to one name happen one after the other, and restarts after a fault use the same
 * queue; other names do not wait for it.
 */
export class PluginChanges {
  readonly #services: HostServices
  readonly #roster: Roster
  readonly #running: RunningPlugins
  readonly #switching: PluginSwitch
  readonly #turns: Turns

  constructor({ services, roster, running, switching, turns }: ChangesOptions) {
    this.#services = services
    this.#roster = roster
    this.#running = running
    this.#switching = switching
    this.#turns = turns
  }

  async remove(name: string, keepStore: boolean): Promise<Result<true, PluginError<NotFound>>> {
    const taken = await this.#inTurn<Rows, never>(name, async (record) =>
      ok(await this.#switching.takeOff(record, keepStore)),
    )
    if (!taken.ok) return taken
    await taken.value.rows
    return ok(true)
  }

  /** Stops and starts what is installed. Says so if the folder holds something else by now. */
  restart(name: string): Promise<Result<Restarted, PluginError<NotFound | 'plugin-disabled' | 'start-failed'>>> {
    return this.#inTurn<Restarted, 'plugin-disabled' | 'start-failed'>(name, async (record) => {
      if (record.disabled) {
        return err({ code: 'plugin-disabled', message: `${name} is disabled: fulgurite plugins enable ${name}` })
      }
      this.#running.stop(name, 'restarted')
      const [started, warning] = await Promise.all([
        this.#switching.start(record),
        otherInItsFolder(record, this.#services.clock),
      ])
      return started.ok ? ok({ plugin: started.value, warnings: warning === undefined ? [] : [warning] }) : started
    })
  }

  /** Changes the settings that are named, puts those that are `null` back to their defaults, and runs the plugin with them. */
  configure(
    name: string,
    settings: Readonly<Record<string, unknown>>,
  ): Promise<Result<Configured, PluginError<NotFound | 'config-invalid' | 'start-failed'>>> {
    return this.#inTurn<Configured, 'config-invalid' | 'start-failed'>(name, async (record) => {
      const merged = Object.entries({ ...record.config, ...settings })
      const next = { ...record, config: Object.fromEntries(merged.filter(([, value]) => value !== null)) }
      const read = await readInstalled(this.#services.folder, next)
      if (!read.ok) {
        const { code, message, field } = read.error
        return code === 'config-invalid' && field !== undefined
          ? err({ code, message, field })
          : err({ code: 'start-failed', message })
      }
      const switched = await this.#switching.replace(record, next, 'it has other settings')
      if (switched.ok) return ok({ plugin: switched.value, config: read.value.config })
      const message = `it did not start with these settings: ${switched.error.message}. Those from before are back`
      return err({ ...switched.error, message })
    })
  }

  /** Lets the plugin run, now and after every start of the node. */
  enable(name: string): Promise<Result<PluginStatus, PluginError<NotFound | 'start-failed'>>> {
    return this.#inTurn(name, async ({ disabled, ...record }) => {
      if (disabled) await this.#roster.put(record)
      else if (this.#running.runner(name)?.state === 'running') return ok(this.#switching.status(record))
      this.#running.stop(name, 'enabled')
      return this.#switching.start(record)
    })
  }

  /** Stops the plugin until it is enabled again. What it guards is open meanwhile. */
  disable(name: string): Promise<Result<PluginStatus, PluginError<NotFound>>> {
    return this.#inTurn(name, async (found) => {
      const record = { ...found, disabled: true as const }
      await this.#roster.put(record)
      this.#running.stop(name, 'disabled')
      return ok(this.#switching.status(record))
    })
  }

  /** Does something to a plugin that is installed when its turn comes. */
  #inTurn<T, Code extends PluginErrorCode>(
    name: string,
    work: (record: InstallRecord) => Promise<Result<T, PluginError<Code>>>,
  ): Promise<Result<T, PluginError<Code | NotFound>>> {
    return this.#turns.take(name, async () => {
      const found = this.#switching.find(name)
      return found.ok ? work(found.value) : found
    })
  }
}

/** The warning for a plugin whose folder does not hold what is installed. */
const otherInItsFolder = async (record: InstallRecord, clock: Clock): Promise<string | undefined> => {
  const { name, version, source, integrity } = record
  const read = await readPlugin({ source, clock })
  const runs = `${name} ${version} runs as it was installed`
  if (!read.ok) return `${runs}; its folder cannot be read: ${read.error.message}`
  if (read.value.integrity === integrity) return undefined
  return `${runs}; ${source} holds something else by now: fulgurite plugins install ${source} puts that in its place`
}
