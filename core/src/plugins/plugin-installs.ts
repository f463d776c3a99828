import { isDeepStrictEqual } from 'node:util'
import type { Turns } from '../lib/in-turn.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { checkConfig } from './check-config.ts'
import { consentNeeded, proposalOf } from './consent.ts'
import { grantOf } from './grant.ts'
import type { GrantChange } from './grant-changes.ts'
import type { HostServices } from './host-services.ts'
import type { InstallRecord } from './install-record.ts'
import { warningsFor } from './install-warnings.ts'
import { removeInstalled, writeInstalled } from './installed-files.ts'
import type { FolderErrorCode, PluginError, RoomErrorCode } from './plugin-error.ts'
import type { PluginSource } from './plugin-source.ts'
import type { PluginStatus } from './plugin-status.ts'
import type { PluginSwitch } from './plugin-switch.ts'
import { type ReadStep, readPlugin } from './read-plugin.ts'
import type { Roster } from './roster.ts'
import { ShownPlugins } from './shown-plugins.ts'

export interface InstallOptions {
  /** Replaces all settings. If absent, the settings of the installed version are kept. */
  readonly config?: Readonly<Record<string, unknown>>
  /** What a refusal with `consent-needed` named: the operator agrees to that. */
  readonly consent?: string
  readonly onProgress?: (step: ReadStep | 'config' | 'write' | 'start') => void
}

export interface Installed {
  readonly plugin: PluginStatus
  /** The version that was there before. */
  readonly replaced?: string
  /** How what it may do differs from what it might before. */
  readonly changes: readonly GrantChange[]
  readonly warnings: readonly string[]
}

export type InstallErrorCode = FolderErrorCode | RoomErrorCode | 'config-invalid' | 'consent-needed' | 'start-failed'
type Outcome = Result<Installed, PluginError<InstallErrorCode>>

export interface InstallsOptions {
  readonly services: HostServices
  readonly roster: Roster
  readonly switching: PluginSwitch
  readonly turns: Turns
}

/** Installs plugins from folders, and new versions in the place of old ones, with the operator's consent. */
export class PluginInstalls {
  readonly #services: HostServices
  readonly #roster: Roster
  readonly #switching: PluginSwitch
  readonly #turns: Turns
  readonly #shown: ShownPlugins

  constructor({ services, roster, switching, turns }: InstallsOptions) {
    this.#services = services
    this.#roster = roster
    this.#switching = switching
    this.#turns = turns
    this.#shown = new ShownPlugins(services.clock)
  }

  async install(path: string, options: InstallOptions): Promise<Outcome> {
    const { consent, onProgress } = options
    const refused = await this.#services.refusal()
    if (refused !== undefined) return err(refused)
    const shown = consent === undefined ? undefined : this.#shown.take(consent, path)
    const read =
      shown === undefined
        ? await readPlugin({
            source: path,
            clock: this.#services.clock,
            admit: (manifest) => this.#roster.noRoomFor(manifest.name, manifest),
            ...(onProgress === undefined ? {} : { onProgress }),
          })
        : ok(shown)
    if (!read.ok) return read
    return this.#turns.take(read.value.manifest.name, () => this.#install(path, read.value, options))
  }

  /** Drops the plugins that wait for the operator's consent. */
  close(): void {
    this.#shown.close()
  }

  async #install(path: string, plugin: PluginSource, options: InstallOptions): Promise<Outcome> {
    const { manifest } = plugin
    const current = this.#roster.get(manifest.name)
    options.onProgress?.('config')
    const given = options.config ?? current?.config ?? {}
    const config = checkConfig(manifest.config, given)
    if (!config.ok) return err(options.config === undefined ? withHint(config.error, current) : config.error)
    const proposal = proposalOf(plugin, current)
    const { consent } = options
    // Exactly what the operator agreed to is installed, or nothing: neither the files nor the grant may have changed since.
    if (consent === undefined ? proposal.needsConsent : consent !== proposal.digest) {
      this.#shown.keep(proposal.digest, path, plugin)
      return err(consentNeeded(manifest, current, proposal))
    }
    const { changes } = proposal
    if (current !== undefined && this.#isThere(current, plugin, given)) {
      const warnings = ['this is what is installed and running already: nothing was done']
      return ok({ plugin: this.#switching.status(current), replaced: current.version, changes, warnings })
    }
    const claimed = this.#roster.claim({ name: manifest.name, grant: grantOf(manifest) }, manifest)
    if (!claimed.ok) return claimed
    try {
      return await this.#putIn(current, plugin, given, changes, options)
    } finally {
      claimed.value()
    }
  }

  async #putIn(
    current: InstallRecord | undefined,
    plugin: PluginSource,
    config: Readonly<Record<string, unknown>>,
    changes: readonly GrantChange[],
    { onProgress }: InstallOptions,
  ): Promise<Outcome> {
    const { folder, clock, gateway } = this.#services
    const { manifest, source, integrity } = plugin
    const { name, version, publisher } = manifest
    onProgress?.('write')
    const record: InstallRecord = {
      name,
      version,
      ...(publisher === undefined ? {} : { publisher }),
      source,
      integrity,
      folder: await writeInstalled(folder, plugin),
      grant: grantOf(manifest),
      config,
      ...(current?.disabled ? { disabled: true as const } : {}),
      installedAt: clock.now(),
      // Events since the first version was installed that are not handled yet are for the new version.
      installCursor: current?.installCursor ?? gateway.events.head(),
    }
    onProgress?.('start')
    const started =
      current === undefined
        ? await this.#switching.begin(record)
        : await this.#switching.replace(current, record, `${version} takes the place of ${current.version}`)
    const over = started.ok ? current : record
    if (over !== undefined) await removeInstalled(folder, over)
    if (started.ok) {
      const replaced = current === undefined ? {} : { replaced: current.version }
      return ok({ plugin: started.value, ...replaced, changes, warnings: warningsFor(manifest) })
    }
    if (current === undefined) return started
    const message = `${version} did not start: ${started.error.message}. ${current.version} is back in its place`
    return err({ ...started.error, message })
  }

  /** Whether exactly this runs already. */
  #isThere(current: InstallRecord, plugin: PluginSource, config: Readonly<Record<string, unknown>>): boolean {
    if (current.integrity !== plugin.integrity || !isDeepStrictEqual(current.config, config)) return false
    return current.disabled === true || this.#switching.status(current).state === 'running'
  }
}

const withHint = (
  error: PluginError<'config-invalid'>,
  current: InstallRecord | undefined,
): PluginError<'config-invalid'> =>
  current === undefined
    ? error
    : {
        ...error,
        message: `${error.message}: the settings of ${current.version} do not fit this version, so give new ones with --config`,
      }
