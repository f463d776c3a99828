import type { TimestampMs } from '../lib/units.ts'
import type { Account } from './account.ts'
import { readGrant } from './grant.ts'
import { permissionLines } from './grant-items.ts'
import type { InstallRecord } from './install-record.ts'
import type { PluginError } from './plugin-error.ts'
import type { PluginRunner, PluginState } from './plugin-runner.ts'
import type { Walls } from './walls/wall-plan.ts'

/** Why installed plugins are not started. What they guard stays closed meanwhile. */
export interface Hold {
  readonly code: 'safe-mode' | 'lock-file-damaged'
  readonly message: string
}

/** What holds the plugins' processes, as the contract's `PluginWalls` shows it. */
export type WallsStatus = Walls & { readonly by: string }

/** An installed plugin, as the contract's `plugins.list` shows it. */
export interface PluginStatus {
  readonly name: string
  readonly version: string
  readonly state: PluginState
  readonly summary?: string
  readonly permissions: readonly string[]
  readonly installedAt: TimestampMs
  readonly startedAt?: TimestampMs
  readonly restarts: number
  readonly lastFault?: string
  readonly memoryBytes?: number
  readonly walls?: WallsStatus
  readonly coreMemoryBytes: number
  readonly diskBytes: number
}

interface Seen {
  readonly record: InstallRecord
  /** Of a plugin that was started. */
  readonly runner: PluginRunner | undefined
  /** Why it cannot run. */
  readonly failed: PluginError | undefined
  readonly held: Hold | undefined
  readonly account: Account
  readonly walls: WallsStatus | undefined
}

/** A plugin as the operator sees it. */
export const pluginStatus = ({ record, runner, failed, held, account, walls }: Seen): PluginStatus => {
  const { name, version, installedAt } = record
  const { memoryBytes: coreMemoryBytes, diskBytes } = account
  if (runner === undefined) {
    const grant = readGrant(record.grant)
    const permissions = grant === undefined ? [] : permissionLines(grant, record.publisher)
    const shown = { name, version, installedAt, coreMemoryBytes, diskBytes, permissions, restarts: 0 }
    if (record.disabled) return { ...shown, state: 'disabled' }
    const why = failed ?? held
    // Its turn to be started has not come yet.
    if (why === undefined) return { ...shown, state: 'starting' }
    const lastFault = `${why.code}: ${why.message}`.slice(0, 512)
    return { ...shown, state: failed !== undefined ? 'failed' : 'held', lastFault }
  }
  const { manifest } = runner.installed
  const memoryBytes = runner.memoryBytes()
  return {
    name,
    version,
    installedAt,
    coreMemoryBytes,
    diskBytes,
    state: runner.state,
    permissions: permissionLines(manifest, manifest.publisher),
    restarts: runner.restarts,
    ...(manifest.summary === undefined ? {} : { summary: manifest.summary }),
    ...(runner.startedAt === undefined ? {} : { startedAt: runner.startedAt }),
    ...(runner.lastFault === undefined ? {} : { lastFault: runner.lastFault }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(walls === undefined ? {} : { walls }),
  }
}
