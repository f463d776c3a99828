import type { HookAnswer, HookName, HookRequest } from '@fulgurite/plugin-sdk/contract'
import { Turns } from '../lib/in-turn.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { askAll } from './ask-all.ts'
import { HostServices, type PluginHostOptions } from './host-services.ts'
import { mayGuard } from './install-record.ts'
import { type InstallError, removeInstalled } from './installer.ts'
import { type ParkedEvent, parkedEvents } from './parked-events.ts'
import { type Installed, type InstallOptions, notInstalled, PluginChanges } from './plugin-changes.ts'
import type { LogLine } from './plugin-log.ts'
import type { Hold, PluginStatus, WallsStatus } from './plugin-status.ts'
import { Removals } from './removals.ts'
import { Roster } from './roster.ts'
import { RunningPlugins } from './running-plugins.ts'

export type { PluginHostOptions } from './host-services.ts'

export interface PluginHost {
  /** Resolves when every installed plugin runs, or its first start has failed. */
  readonly ready: Promise<void>
  /** Starts what is installed and answers the core's questions. */
  start(): Promise<void>
  /** Ends every cell. */
  stop(): Promise<void>
  /** Installs the plugin in a folder and starts it. A plugin that does not start is taken off again. */
  install(path: string, options?: InstallOptions): Promise<Result<Installed, InstallError>>
  remove(name: string, options?: { readonly keepStore?: boolean }): Promise<Result<true, InstallError>>
  restart(name: string): Promise<Result<PluginStatus, InstallError>>
  /** Why plugins are held back, if they are. */
  readonly held: Hold | undefined
  /** Starts what is held back. Errors: `lock-file-damaged`, when it still is. */
  resume(): Promise<Result<readonly PluginStatus[], InstallError>>
  list(): readonly PluginStatus[]
  /** What holds the plugins' processes; `undefined` before the first was started. */
  walls(): WallsStatus | undefined
  /** The events that its handlers failed on for good, the newest first. Errors: `plugin-not-found`. */
  parked(name: string): Promise<Result<readonly ParkedEvent[], InstallError>>
  /** Gives them to its handlers again; how many. Errors: `plugin-not-found`, `plugin-not-running`. */
  retryParked(name: string): Promise<Result<number, InstallError | NotRunning>>
  /** The latest lines, oldest first. */
  logs(name: string): Result<{ readonly lines: readonly LogLine[]; readonly count: number }, InstallError>
  /** Asks every plugin that holds the hook, in the operator's order. Never rejects. */
  askHook<Name extends HookName>(name: Name, request: HookRequest<Name>): Promise<readonly HookAnswer<Name>[]>
}

interface NotRunning {
  readonly code: 'plugin-not-running'
  readonly message: string
}

/** Stands for the plugins that a damaged lock file does not tell of. */
const LOCK_FILE = 'lock-file'
const HEARTBEAT_MS = 10_000

/** The host of the node's plugins. It knows the node by its contract alone. */
export const createPluginHost = (options: PluginHostOptions): PluginHost => {
  const { gateway, storage } = options
  const turns = new Turns()
  // What cannot be counted is not done.
  const services = new HostServices(options, (thrown) =>
    running.stopAll(`what it spends cannot be kept: ${String(thrown)}`),
  )
  const running = new RunningPlugins(services, turns)
  const roster = new Roster(services.folder, services.limits)
  const removals = new Removals(storage)
  const changes = new PluginChanges({ services, roster, running, removals, turns })
  const { promise: ready, resolve: announceReady } = Promise.withResolvers<void>()
  let held: Hold | undefined
  let unregister: (() => void) | undefined
  let stopHeart: (() => void) | undefined

  const beat = (): void => {
    stopHeart = services.clock.setTimer(HEARTBEAT_MS, () => {
      running.ping()
      beat()
    })
  }

  const statuses = (): readonly PluginStatus[] => roster.records.map((record) => running.status(record, held))

  /** Starts what does not run yet, each in its own turn. */
  const startAll = async (): Promise<void> => {
    const starting = roster.records.map(({ name }) =>
      turns.take(name, async () => {
        const record = roster.get(name)
        if (record !== undefined && running.runner(name) === undefined) await running.start(record)
      }),
    )
    await Promise.all(starting)
  }

  const askHook = async <Name extends HookName>(
    name: Name,
    request: HookRequest<Name>,
  ): Promise<readonly HookAnswer<Name>[]> => {
    // Nobody knows what guards there are: every question is taken to be guarded.
    if (held?.code === 'lock-file-damaged') return [{ type: 'no-verdict', plugin: LOCK_FILE, code: 'not-running' }]
    // One that should answer but does not run counts: what it guards must not open because it fell over.
    const asked = roster.records.filter((record) => {
      const session = running.runner(record.name)?.session
      return session?.running === true ? session.wants(name, request) : mayGuard(record, name)
    })
    if (asked.length === 0) return []
    return askAll(
      name,
      request,
      asked.map(({ name: plugin }) => ({ plugin, runner: running.runner(plugin) })),
      services.clock,
    )
  }

  /** Removals that an earlier run of the node did not finish. Rows are deleted while the node goes on with its start. */
  const goOnRemoving = async (): Promise<void> => {
    for (const name of await removals.load()) {
      const record = roster.get(name)
      if (record !== undefined) {
        await roster.drop(name)
        await removeInstalled(services.folder, record)
      }
      removals.finish(name).catch((thrown: unknown) => services.log(name).host('error', `removal: ${String(thrown)}`))
    }
  }

  /** An operation on a plugin that is installed. */
  const onInstalled = <T, E>(
    name: string,
    operation: () => Promise<Result<T, E>>,
  ): Promise<Result<T, E | InstallError>> =>
    roster.get(name) === undefined ? Promise.resolve(err(notInstalled(name))) : operation()

  return {
    ready,
    async start() {
      const read = await roster.load()
      if (read.ok) {
        held = read.value.length > 0 ? options.hold : undefined
        await goOnRemoving()
      } else {
        held = read.error
      }
      await services.ledger()
      unregister = gateway.hooks.register({ ask: askHook })
      beat()
      if (held === undefined) await startAll()
      announceReady()
    },
    async stop() {
      unregister?.()
      stopHeart?.()
      running.close()
      await services.endCells()
      // What was begun comes to its end while there is a store; rows that are being deleted are left for the next start.
      await turns.settled()
      await removals.stop()
      await services.closeLogs()
      announceReady()
    },
    async install(path, installOptions = {}) {
      if (held?.code === 'lock-file-damaged') return err({ code: held.code, message: held.message })
      return changes.install(path, installOptions)
    },
    remove: (name, { keepStore = false } = {}) => changes.remove(name, keepStore),
    restart: (name) => changes.restart(name),
    get held() {
      return held
    },
    // The name of no plugin: what is held back is resumed once.
    resume: () =>
      turns.take('', async () => {
        if (held === undefined) return ok(statuses())
        const read = await roster.load()
        if (!read.ok) return read
        await goOnRemoving()
        // What they guard opens when they are there, not before.
        await startAll()
        held = undefined
        return ok(statuses())
      }),
    list: statuses,
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
        return err({ code: 'plugin-not-running', message: `${name} does not run: see plugins list` } as const)
      }),
    askHook,
  }
}
