import { err, ok, type Result } from '../lib/result.ts'
import type { HostServices } from './host-services.ts'
import type { InstallRecord } from './install-record.ts'
import { removeInstalled } from './installed-files.ts'
import type { PluginError } from './plugin-error.ts'
import type { PluginStatus } from './plugin-status.ts'
import type { Removals } from './removals.ts'
import type { Roster } from './roster.ts'
import type { RunningPlugins } from './running-plugins.ts'

export interface SwitchOptions {
  readonly services: HostServices
  readonly roster: Roster
  readonly running: RunningPlugins
  readonly removals: Removals
}

type Started = Result<PluginStatus, PluginError<'start-failed'>>

/** The steps from one state of a plugin to the next; each changes the roster and what runs together. */
export class PluginSwitch {
  readonly #services: HostServices
  readonly #roster: Roster
  readonly #running: RunningPlugins
  readonly #removals: Removals

  constructor({ services, roster, running, removals }: SwitchOptions) {
    this.#services = services
    this.#roster = roster
    this.#running = running
    this.#removals = removals
  }

  find(name: string): Result<InstallRecord, PluginError<'plugin-not-found'>> {
    const record = this.#roster.get(name)
    return record === undefined ? err(notInstalled(name)) : ok(record)
  }

  status(record: InstallRecord): PluginStatus {
    return this.#running.status(record, undefined)
  }

  async start(record: InstallRecord): Promise<Started> {
    await this.#running.start(record)
    const status = this.status(record)
    if (status.state === 'running') return ok(status)
    return err({ code: 'start-failed', message: status.lastFault ?? 'the plugin did not start' })
  }

  /** Starts a new plugin. If it does not start, nothing of it stays, except a store that an earlier plugin of its name was to leave. */
  async begin(record: InstallRecord): Promise<Started> {
    const keptStore = this.#removals.keepsStore(record.name)
    await this.#removals.undo(record.name)
    await this.#roster.put(record)
    const started = await this.start(record)
    if (!started.ok) await (await this.takeOff(record, keptStore)).rows
    return started
  }

  /**
   * Replaces the current record by another one, once what the other stands for runs. If that does not start, the current one runs on,
   * with everything that was stored and that waits for it.
   */
  async replace(current: InstallRecord, next: InstallRecord, reason: string): Promise<Started> {
    if (current.disabled) {
      await this.#roster.put(next)
      return ok(this.status(next))
    }
    const { name } = current
    this.#running.stop(name, reason)
    const started = await this.start(next)
    try {
      if (started.ok) await this.#roster.put(next)
    } catch (thrown) {
      await this.#backTo(current, 'it could not be written down')
      throw thrown
    }
    if (started.ok) return started
    await this.#backTo(current, 'what was to take its place did not start')
    return started
  }

  /** Removes the plugin. Its rows, which may be many, are gone when `rows` resolves; nothing else waits for that. */
  async takeOff(record: InstallRecord, keepStore: boolean): Promise<{ readonly rows: Promise<void> }> {
    const { name } = record
    this.#running.stop(name, 'removed')
    await this.#removals.begin(name, keepStore, this.#services.clock.now())
    await this.#roster.drop(name)
    await removeInstalled(this.#services.folder, record)
    await this.#services.forget(name)
    return { rows: this.#removals.finish(name) }
  }

  async #backTo(current: InstallRecord, why: string): Promise<void> {
    const { name, version } = current
    this.#running.stop(name, why)
    this.#services.log(name).host('warn', `back to ${version}: ${why}`)
    await this.#running.start(current)
  }
}

export const notInstalled = (name: string): PluginError<'plugin-not-found'> => ({
  code: 'plugin-not-found',
  message: `${name} is not installed: fulgurite plugins list shows what is`,
})
