import type { Turns } from '../lib/in-turn.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { HostServices } from './host-services.ts'
import type { InstallRecord } from './install-record.ts'
import { warningsFor } from './install-warnings.ts'
import {
  type InstallError,
  type InstalledPlugin,
  type InstallStep,
  installFromFolder,
  removeInstalled,
} from './installer.ts'
import type { PluginStatus } from './plugin-status.ts'
import type { Removals } from './removals.ts'
import type { Roster } from './roster.ts'
import type { RunningPlugins } from './running-plugins.ts'

export interface InstallOptions {
  readonly config?: Readonly<Record<string, unknown>>
  readonly onProgress?: (step: InstallStep | 'start') => void
}

export interface Installed {
  readonly plugin: PluginStatus
  readonly warnings: readonly string[]
}

export interface ChangesOptions {
  readonly services: HostServices
  readonly roster: Roster
  readonly running: RunningPlugins
  readonly removals: Removals
  readonly turns: Turns
}

/**
 * All that an operator does to a plugin. What is done to one name is done one after the other, and what a plugin that has
 * faulted does by itself comes in the same queue; other names do not wait for it.
 */
export class PluginChanges {
  readonly #services: HostServices
  readonly #roster: Roster
  readonly #running: RunningPlugins
  readonly #removals: Removals
  readonly #turns: Turns

  constructor({ services, roster, running, removals, turns }: ChangesOptions) {
    this.#services = services
    this.#roster = roster
    this.#running = running
    this.#removals = removals
    this.#turns = turns
  }

  async install(
    path: string,
    { config, onProgress = () => {} }: InstallOptions,
  ): Promise<Result<Installed, InstallError>> {
    const { folder, clock, gateway } = this.#services
    const refused = await this.#services.refusal()
    if (refused !== undefined) return err(refused)
    const made = await installFromFolder({
      source: path,
      admit: (manifest) => this.#admit(manifest.name) ?? this.#roster.noRoomFor(manifest.name, manifest),
      config,
      folder,
      clock,
      cursor: gateway.events.head(),
      onProgress,
    })
    if (!made.ok) return made
    return this.#turns.take(made.value.record.name, () => this.#putIn(made.value, () => onProgress('start')))
  }

  async remove(name: string, keepStore: boolean): Promise<Result<true, InstallError>> {
    const taken = await this.#turns.take(name, async () => {
      const found = this.#find(name)
      return found.ok ? ok(await this.#takeOff(found.value, keepStore)) : found
    })
    if (!taken.ok) return taken
    await taken.value.rows
    return ok(true)
  }

  restart(name: string): Promise<Result<PluginStatus, InstallError>> {
    return this.#turns.take(name, async () => {
      const found = this.#find(name)
      if (!found.ok) return found
      this.#running.stop(name, 'restarted')
      return this.#start(found.value)
    })
  }

  #find(name: string): Result<InstallRecord, InstallError> {
    const record = this.#roster.get(name)
    return record === undefined ? err(notInstalled(name)) : ok(record)
  }

  /** Why the plugin has no place here. */
  #admit(name: string): InstallError | undefined {
    if (this.#roster.get(name) === undefined) return undefined
    return { code: 'already-installed', message: `${name} is installed already; remove it first` }
  }

  async #putIn({ record, manifest }: InstalledPlugin, onStart: () => void): Promise<Result<Installed, InstallError>> {
    const { name } = record
    // Another may have been installed while this one was bundled.
    const refused = this.#admit(name)
    const claimed = refused === undefined ? this.#roster.claim(record, manifest) : err(refused)
    if (!claimed.ok) {
      // The same version from the same sources has the same files.
      if (this.#roster.get(name)?.folder !== record.folder) await removeInstalled(this.#services.folder, record)
      return claimed
    }
    try {
      onStart()
      const keptStore = this.#removals.keepsStore(name)
      await this.#removals.undo(name)
      await this.#roster.put(record)
      const started = await this.#start(record)
      if (started.ok) return ok({ plugin: started.value, warnings: warningsFor(manifest) })
      await (await this.#takeOff(record, keptStore)).rows
      return started
    } finally {
      claimed.value()
    }
  }

  async #start(record: InstallRecord): Promise<Result<PluginStatus, InstallError>> {
    await this.#running.start(record)
    const status = this.#running.status(record, undefined)
    if (status.state === 'running') return ok(status)
    return err({ code: 'start-failed', message: status.lastFault ?? 'the plugin did not start' })
  }

  /** Takes the plugin off. Its rows, which may be many, are gone when `rows` resolves: nothing else waits for that. */
  async #takeOff(record: InstallRecord, keepStore: boolean): Promise<{ readonly rows: Promise<void> }> {
    const { name } = record
    this.#running.stop(name, 'removed')
    await this.#removals.begin(name, keepStore, this.#services.clock.now())
    await this.#roster.drop(name)
    await removeInstalled(this.#services.folder, record)
    await this.#services.forget(name)
    return { rows: this.#removals.finish(name) }
  }
}

export const notInstalled = (name: string): InstallError => ({
  code: 'plugin-not-found',
  message: `${name} is not installed`,
})
