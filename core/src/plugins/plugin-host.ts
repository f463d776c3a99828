import { Turns } from '../lib/in-turn.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { guardsAnything } from './guard-grant.ts'
import { Guards } from './guards.ts'
import { HostServices, type PluginHostOptions } from './host-services.ts'
import { type ParkedEvent, parkedEvents } from './parked-events.ts'
import { PluginChanges } from './plugin-changes.ts'
import { type PluginDetails, pluginDetails } from './plugin-details.ts'
import type { PluginError } from './plugin-error.ts'
import { type InstallErrorCode, type Installed, type InstallOptions, PluginInstalls } from './plugin-installs.ts'
import type { LogLine } from './plugin-log.ts'
import { PluginStarts } from './plugin-starts.ts'
import type { Hold, PluginStatus, WallsStatus } from './plugin-status.ts'
import { notInstalled, PluginSwitch } from './plugin-switch.ts'
import { Removals } from './removals.ts'
import { Roster } from './roster.ts'
import { RunningPlugins } from './running-plugins.ts'

export type { PluginHostOptions } from './host-services.ts'

export interface PluginHost {
  /** Answers the core's questions and starts the plugins that guard something. Resolves when these run, or have failed to start. */
  start(): Promise<void>
  /** Starts all others, a few at once. Resolves when every installed plugin runs, or its first start has failed. */
  startOthers(): Promise<void>
  /** Ends every cell. */
  stop(): Promise<void>
  /** Installs the plugin of a folder, and replaces another version if there is one. Nothing stays of a plugin that does not start. */
  install(
    path: string,
    options?: InstallOptions,
  ): Promise<Result<Installed, PluginError<InstallErrorCode | 'lock-file-damaged'>>>
  remove(
    name: string,
    options?: { readonly keepStore?: boolean },
  ): Promise<Result<true, PluginError<'plugin-not-found'>>>
  /** Errors: `plugin-not-found`, `plugin-disabled`, `start-failed`. */
  restart(name: string): ReturnType<PluginChanges['restart']>
  configure: PluginChanges['configure']
  enable: PluginChanges['enable']
  disable: PluginChanges['disable']
  /** Why plugins are held back, if they are. */
  readonly held: Hold | undefined
  /** Starts what is held back. Errors: `lock-file-damaged`, when it still is. */
  resume(): Promise<Result<readonly PluginStatus[], PluginError<'lock-file-damaged'>>>
  list(): readonly PluginStatus[]
  /** Errors: `plugin-not-found`. */
  inspect(name: string): Promise<Result<PluginDetails, PluginError<'plugin-not-found'>>>
  /** What holds the plugins' processes; `undefined` before the first was started. */
  walls(): WallsStatus | undefined
  /** The events that its handlers failed on for good, the newest first. Errors: `plugin-not-found`. */
  parked(name: string): Promise<Result<readonly ParkedEvent[], PluginError<'plugin-not-found'>>>
  /** Gives them to its handlers again. Returns how many. Errors: `plugin-not-found`, `plugin-not-running`. */
  retryParked(name: string): Promise<Result<number, PluginError<'plugin-not-found' | 'plugin-not-running'>>>
  /** The latest lines, oldest first. */
  logs(
    name: string,
  ): Result<{ readonly lines: readonly LogLine[]; readonly count: number }, PluginError<'plugin-not-found'>>
}

/** How often every plugin is asked for a sign of life. */
export const HEARTBEAT_MS = 10_000
/** The host of the node's plugins. It knows the node by its contract alone. */
export const createPluginHost = (options: PluginHostOptions): PluginHost => {
  const { gateway, storage } = options
  const turns = new Turns()
  // If spending cannot be counted, nothing may spend.
  const services = new HostServices(options, (thrown) =>
    running.stopAll(`what it spends cannot be kept: ${String(thrown)}`),
  )
  const running = new RunningPlugins(services, turns)
  const roster = new Roster(services.folder, services.limits)
  const removals = new Removals(storage)
  const switching = new PluginSwitch({ services, roster, running, removals })
  const installs = new PluginInstalls({ services, roster, switching, turns })
  const changes = new PluginChanges({ services, roster, running, switching, turns })
  const starts = new PluginStarts({ services, roster, running, removals, turns, hold: options.hold })
  let unregister: (() => void) | undefined
  let stopHeart: (() => void) | undefined

  const beat = (): void => {
    stopHeart = services.clock.setTimer(HEARTBEAT_MS, () => {
      running.ping()
      beat()
    })
  }

  const statuses = (): readonly PluginStatus[] => roster.records.map((record) => running.status(record, starts.held))

  const guards = new Guards({ roster, running, held: () => starts.held, clock: services.clock })

  /** An operation on a plugin that is installed. */
  const onInstalled = <T, E>(
    name: string,
    operation: () => Promise<Result<T, E>>,
  ): Promise<Result<T, E | PluginError<'plugin-not-found'>>> =>
    roster.get(name) === undefined ? Promise.resolve(err(notInstalled(name))) : operation()

  return {
    async start() {
      await starts.load()
      await services.ledger()
      unregister = gateway.hooks.register(guards)
      beat()
      await starts.start(roster.records.filter(guardsAnything))
    },
    startOthers: () => starts.start(roster.records),
    async stop() {
      starts.close()
      unregister?.()
      stopHeart?.()
      running.close()
      installs.close()
      await services.endCells()
      // Changes under way finish while there is a store; rows that are still to be deleted wait for the next start.
      await turns.settled()
      await removals.stop()
      await services.closeLogs()
    },
    async install(path, installOptions = {}) {
      const { held } = starts
      if (held?.code === 'lock-file-damaged') return err({ code: held.code, message: held.message })
      return installs.install(path, installOptions)
    },
    remove: (name, { keepStore = false } = {}) => changes.remove(name, keepStore),
    restart: (name) => changes.restart(name),
    configure: (name, settings) => changes.configure(name, settings),
    enable: (name) => changes.enable(name),
    disable: (name) => changes.disable(name),
    get held() {
      return starts.held
    },
    async resume() {
      const resumed = await starts.resume()
      return resumed.ok ? ok(statuses()) : resumed
    },
    list: statuses,
    async inspect(name) {
      const record = roster.get(name)
      if (record === undefined) return err(notInstalled(name))
      return ok(await pluginDetails(services, record, running.status(record, starts.held)))
    },
    walls: () => services.walls(),
    logs(name) {
      if (roster.get(name) === undefined) return err(notInstalled(name))
      const log = services.log(name)
      return ok({ lines: log.lines(), count: log.count })
    },
    parked: (name) => onInstalled(name, async () => ok(await parkedEvents(storage, name))),
    retryParked: (name) =>
      onInstalled(name, async () => {
        const retried = await running.runner(name)?.retryParked()
        if (retried !== undefined) return ok(retried)
        return err({
          code: 'plugin-not-running',
          message: `${name} is not running: fulgurite plugins list says why`,
        } as const)
      }),
  }
}
