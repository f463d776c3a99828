import { join } from 'node:path'
import type { HookAnswer, HookName, HookRequest } from '@fulgurite/plugin-sdk/contract'
import { type Clock, systemClock } from '../lib/clock.ts'
import { stackOf } from '../lib/errors.ts'
import { inTurn } from '../lib/in-turn.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { type Rng, systemRng } from '../lib/rng.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import type { PluginGateway } from '../node/contract-gateway.ts'
import { MemoryPool, textBytes } from './account.ts'
import { askAll } from './ask-all.ts'
import type { CellPool, StandingWalls } from './cell-pool.ts'
import { HOST_LIMITS, type HostLimits, noRoomFor } from './host-limits.ts'
import type { HostStore } from './host-store.ts'
import { type InstallRecord, mayGuard, readLockFile, writeLockFile } from './install-record.ts'
import { warningsFor } from './install-warnings.ts'
import {
  type InstallError,
  type InstalledPlugin,
  type InstallStep,
  installFromFolder,
  readInstalled,
  removeInstalled,
} from './installer.ts'
import { Ledger } from './ledger.ts'
import type { Manifest } from './manifest.ts'
import { noticesOfAll } from './notice-limit.ts'
import { openCells } from './open-cells.ts'
import { type ParkedEvent, parkedEvents } from './parked-events.ts'
import { openBook, type PluginBook } from './plugin-book.ts'
import { type LogLine, PluginLog, removeLog } from './plugin-log.ts'
import { type PluginNotice, PluginRunner, RESTART_POLICY, type RestartPolicy } from './plugin-runner.ts'
import { type Hold, type PluginStatus, pluginStatus, type WallsStatus } from './plugin-status.ts'
import { systemUsageProbe } from './process-usage.ts'
import { Removals } from './removals.ts'
import { Watchdog } from './watchdog.ts'

export interface PluginHostOptions {
  readonly gateway: PluginGateway
  readonly storage: HostStore
  /** The node's data folder: plugins live in `plugins` inside it. */
  readonly dataDir: string
  readonly clock?: Clock
  readonly rng?: Rng
  /** Every line of every plugin's log. */
  readonly onLog?: (plugin: string, line: LogLine) => void
  /** What happened to a plugin: the app makes events of it. */
  readonly onNotice?: (plugin: { readonly name: string; readonly version: string }, notice: PluginNotice) => void
  readonly nodeVersion?: string
  /** Runs plugins on a Node that cannot deny them the network. */
  readonly allowOldNode?: boolean
  /** Runs plugins as root even where nothing but Node's permission model holds them. */
  readonly withoutWalls?: boolean
  /** The first cell has started: these walls stand around every one. */
  readonly onWalls?: (standing: StandingWalls) => void
  readonly restart?: RestartPolicy
  /** Keeps a process ready for the next plugin; true if not said. */
  readonly spareCell?: boolean
  /** Where the program of cells begins, for tests that have them in an attacker's hands. */
  readonly cellEntry?: string
  /** Why no plugin is to be started until `resume` is called. */
  readonly hold?: Hold
  /** A plugin is handed something, or has answered: what happens next is for it. Quick, and never throws. */
  readonly onServing?: (plugin: string) => void
  /** What all plugins together may have; `HOST_LIMITS` where not said. */
  readonly limits?: Partial<HostLimits>
}

interface InstallOptions {
  readonly config?: Readonly<Record<string, unknown>>
  readonly onProgress?: (step: InstallStep | 'start') => void
}

export interface PluginHost {
  /** Resolves when every installed plugin runs, or its first start has failed. */
  readonly ready: Promise<void>
  /** Starts what is installed and answers the core's questions. */
  start(): Promise<void>
  /** Ends every cell. */
  stop(): Promise<void>
  /** Installs the plugin in a folder and starts it. A plugin that does not start is taken off again. */
  install(
    path: string,
    options?: InstallOptions,
  ): Promise<Result<{ readonly plugin: PluginStatus; readonly warnings: readonly string[] }, InstallError>>
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

const OLDEST_NODE = 26
/** Stands for the plugins that a damaged lock file does not tell of. */
const LOCK_FILE = 'lock-file'
const HEARTBEAT_MS = 10_000
/** Of one processor, for all plugins together in the long run, and what they may use at once. */
const TOTAL_CPU_SHARE = 1
const TOTAL_BURST_MS = 4_000

/** A plugin that cannot run, shown so that the operator sees it. */
interface Broken {
  readonly record: InstallRecord
  readonly error: InstallError
}

/** The host of the node's plugins. It knows the node by its contract alone. */
export const createPluginHost = (options: PluginHostOptions): PluginHost => {
  const { gateway, storage, dataDir, clock = systemClock, rng = systemRng, onLog, onNotice } = options
  const { restart = RESTART_POLICY, spareCell = true, nodeVersion = process.versions.node } = options
  const folder = join(dataDir, 'plugins')
  const lockPath = join(folder, 'plugins.lock.json')
  const tooOld = Number.parseInt(nodeVersion, 10) < OLDEST_NODE && options.allowOldNode !== true

  const watchdog = new Watchdog(clock, systemUsageProbe)
  const totalCpu = new TokenBucket(TOTAL_CPU_SHARE * 1_000, TOTAL_BURST_MS, clock.monotonic())
  const runners = new Map<string, PluginRunner>()
  const broken = new Map<string, Broken>()
  const limits = { ...HOST_LIMITS, ...options.limits }
  const memory = new MemoryPool(limits.memoryBytes, limits.plugins)
  const notices = noticesOfAll(clock)
  const books = new Map<string, PluginBook>()
  const removals = new Removals(storage)
  const logs = new Map<string, PluginLog>()
  /** Which plugins there are, and which of them run, changes one thing at a time. */
  const change = inTurn()
  let records: readonly InstallRecord[] = []
  let held: Hold | undefined
  let opening: Promise<CellPool> | undefined
  let pool: CellPool | undefined
  let ledger: Promise<Ledger> | undefined
  let unregister: (() => void) | undefined
  let stopHeart: (() => void) | undefined
  let stopped = false
  let announceReady: () => void = () => {}
  const ready = new Promise<void>((resolve) => {
    announceReady = resolve
  })

  const logPath = (name: string): string => join(folder, 'logs', `${name}.log`)

  /** The log of a plugin; with the rate that its manifest gives it, once that is known. */
  const logOf = (name: string, perSecond?: number): PluginLog => {
    let log = logs.get(name)
    if (log === undefined) {
      const { account } = bookOf(name)
      log = new PluginLog({ path: logPath(name), account, clock, perSecond, onLine: (line) => onLog?.(name, line) })
      logs.set(name, log)
    }
    if (perSecond !== undefined) log.allow(perSecond)
    return log
  }

  const bookOf = (plugin: string): PluginBook => {
    let book = books.get(plugin)
    if (book === undefined) {
      book = openBook({ store: storage, plugin, pool: memory, notices, clock })
      books.set(plugin, book)
    }
    return book
  }

  const cells = async (): Promise<CellPool> => {
    opening ??= openCells({
      folder: join(folder, '.cell'),
      clock,
      watchdog,
      keepSpare: spareCell,
      entry: options.cellEntry,
      withoutWalls: options.withoutWalls === true,
      onWalls: (standing) => options.onWalls?.(standing),
    }).catch((thrown: unknown) => {
      opening = undefined
      throw thrown
    })
    pool = await opening
    return pool
  }

  // What cannot be counted is not done.
  const onStoreFailed = (thrown: unknown): void => {
    for (const runner of runners.values()) runner.stop(`what it spends cannot be kept: ${String(thrown)}`)
  }

  const openLedger = (): Promise<Ledger> => {
    ledger ??= Ledger.open({ store: storage, gateway, clock, onStoreFailed })
    return ledger
  }

  const walls = (): WallsStatus | undefined => {
    const standing = pool?.standing
    return standing === undefined ? undefined : { ...standing.walls, by: standing.by }
  }

  const runnerFor = async (
    installed: InstalledPlugin,
    config: Readonly<Record<string, unknown>>,
  ): Promise<PluginRunner> => {
    const { name, version, limits } = installed.manifest
    return new PluginRunner({
      installed,
      config,
      gateway,
      store: storage,
      budgets: (await openLedger()).of(name),
      clock,
      rng,
      pool: await cells(),
      log: logOf(name, limits.logsPerSecond),
      book: bookOf(name),
      restart,
      totalCpu,
      notify: (notice) => onNotice?.({ name, version }, notice),
      serving: () => options.onServing?.(name),
    })
  }

  /** Why no plugin may run here at all. */
  const refusal = async (): Promise<InstallError | undefined> => {
    if (tooOld) return nodeTooOld(nodeVersion)
    // What cannot even be made ready is met, and said, by the plugin that is started.
    const fault = await cells().then(
      (pool) => pool.prove(),
      () => undefined,
    )
    return fault?.code === 'walls-missing' ? { code: 'walls-missing', message: fault.text } : undefined
  }

  const fail = (record: InstallRecord, error: InstallError): void => {
    broken.set(record.name, { record, error })
    logOf(record.name).host('error', `${error.code}: ${error.message}`)
  }

  /** Whatever goes wrong is that plugin's trouble: the node starts all the same. */
  const startInstalled = (record: InstallRecord): Promise<void> =>
    startRead(record).catch((thrown: unknown) => fail(record, { code: 'start-failed', message: stackOf(thrown) }))

  const startRead = async (record: InstallRecord): Promise<void> => {
    const refused = await refusal()
    if (refused !== undefined) return fail(record, refused)
    const read = await readInstalled(folder, record)
    if (!read.ok) return fail(record, read.error)
    const { account } = bookOf(record.name)
    account.give('bundle', account.held('bundle'))
    if (!account.take('bundle', textBytes(read.value.code) + textBytes(read.value.sourceMap))) {
      const message = "the node's memory for plugins does not hold its code: remove another plugin first"
      return fail(record, { code: 'limits-exceeded', message })
    }
    const runner = await runnerFor(read.value, read.value.config)
    if (stopped) return
    broken.delete(record.name)
    runners.set(record.name, runner)
    await runner.start()
  }

  const beat = (): void => {
    stopHeart = clock.setTimer(HEARTBEAT_MS, () => {
      for (const runner of runners.values()) runner.ping()
      beat()
    })
  }

  const save = async (next: readonly InstallRecord[]): Promise<void> => {
    await writeLockFile(lockPath, next)
    records = next
  }

  const askHook = async <Name extends HookName>(
    name: Name,
    request: HookRequest<Name>,
  ): Promise<readonly HookAnswer<Name>[]> => {
    // Nobody knows what guards there are: every question is taken to be guarded.
    if (held?.code === 'lock-file-damaged') return [{ type: 'no-verdict', plugin: LOCK_FILE, code: 'not-running' }]
    // One that should answer but does not run counts: what it guards must not open because it fell over.
    const asked = records.filter((record) => {
      const runner = runners.get(record.name)
      if (runner === undefined) return mayGuard(record, name)
      if (runner.session?.running === true) return runner.session.wants(name, request)
      return runner.installed.manifest.permissions.hooks[name] !== undefined
    })
    if (asked.length === 0) return []
    return askAll(
      name,
      request,
      asked.map(({ name: plugin }) => ({ plugin, runner: runners.get(plugin) })),
      clock,
    )
  }

  const statusOf = (record: InstallRecord): PluginStatus =>
    pluginStatus({
      record,
      runner: runners.get(record.name),
      failed: broken.get(record.name)?.error,
      held,
      account: bookOf(record.name).account,
      walls: walls(),
    })

  const install: PluginHost['install'] = async (path, { config, onProgress } = {}) => {
    if (held?.code === 'lock-file-damaged') return err({ code: held.code, message: held.message })
    const refused = await refusal()
    if (refused !== undefined) return err(refused)
    const cursor = gateway.events.head()
    const made = await installFromFolder({
      source: path,
      admit,
      config,
      folder,
      clock,
      cursor,
      onProgress: onProgress ?? (() => {}),
    })
    if (!made.ok) return made
    return change(() => putIn(made.value, () => onProgress?.('start')))
  }

  /** Why the plugin has no place here. */
  const admit = ({ name, ...asked }: Manifest): InstallError | undefined => {
    if (records.some((record) => record.name === name)) {
      return { code: 'already-installed', message: `${name} is installed already; remove it first` }
    }
    return noRoomFor(asked, records, limits)
  }

  const putIn = async (
    { record, manifest }: InstalledPlugin,
    onStart: () => void,
  ): Promise<Result<{ readonly plugin: PluginStatus; readonly warnings: readonly string[] }, InstallError>> => {
    // Another may have been installed while this one was bundled.
    const refused = admit(manifest)
    if (refused !== undefined) {
      // The same version from the same sources has the same files.
      if (records.every((other) => other.folder !== record.folder)) await removeInstalled(folder, record)
      return err(refused)
    }
    onStart()
    const keptStore = removals.keepsStore(record.name)
    await removals.undo(record.name)
    await save([...records, record])
    await startInstalled(record)
    const status = statusOf(record)
    if (status.state === 'running') return ok({ plugin: status, warnings: warningsFor(manifest) })
    await (await takeOff(record, keptStore)).rows
    return err({ code: 'start-failed', message: status.lastFault ?? 'the plugin did not start' })
  }

  /** Takes the plugin off. Its rows, which may be many, are gone when `rows` resolves: nothing else waits for that. */
  const takeOff = async (record: InstallRecord, keepStore: boolean): Promise<{ readonly rows: Promise<void> }> => {
    const { name } = record
    runners.get(name)?.stop('removed')
    runners.delete(name)
    broken.delete(name)
    await removals.begin(name, keepStore, clock.now())
    await save(records.filter((other) => other.name !== name))
    await removeInstalled(folder, record)
    await logs.get(name)?.close()
    logs.delete(name)
    await removeLog(logPath(name))
    books.get(name)?.account.close()
    books.delete(name)
    return { rows: removals.finish(name) }
  }

  /** Removals that an earlier run of the node did not finish. Rows are deleted while the node goes on with its start. */
  const goOnRemoving = async (): Promise<void> => {
    for (const name of await removals.load()) {
      const record = records.find((candidate) => candidate.name === name)
      if (record !== undefined) {
        await save(records.filter((other) => other !== record))
        await removeInstalled(folder, record)
      }
      removals.finish(name).catch((thrown: unknown) => logOf(name).host('error', `removal: ${String(thrown)}`))
    }
  }

  const installedAs = (name: string): Result<InstallRecord, InstallError> => {
    const record = records.find((candidate) => candidate.name === name)
    return record === undefined ? err({ code: 'plugin-not-found', message: `${name} is not installed` }) : ok(record)
  }

  return {
    ready,
    async start() {
      const read = await readLockFile(lockPath)
      if (read.ok) {
        records = read.value
        held = records.length > 0 ? options.hold : undefined
        await goOnRemoving()
      } else {
        held = read.error
      }
      await openLedger()
      unregister = gateway.hooks.register({ ask: askHook })
      beat()
      if (held === undefined) await Promise.all(records.map(startInstalled))
      announceReady()
    },
    async stop() {
      stopped = true
      unregister?.()
      stopHeart?.()
      ;(await ledger)?.close()
      for (const runner of runners.values()) runner.stop('the node stops')
      pool?.close()
      watchdog.stop()
      // What was begun comes to its end while there is a store; rows that are being deleted are left for the next start.
      await change(async () => {})
      await removals.stop()
      await Promise.all([...logs.values()].map((log) => log.close()))
      announceReady()
    },
    install,
    async remove(name, { keepStore = false } = {}) {
      const taken = await change(async () => {
        const found = installedAs(name)
        return found.ok ? ok(await takeOff(found.value, keepStore)) : found
      })
      if (!taken.ok) return taken
      await taken.value.rows
      return ok(true)
    },
    restart: (name) =>
      change(async () => {
        const found = installedAs(name)
        if (!found.ok) return found
        runners.get(name)?.stop('restarted')
        runners.delete(name)
        await startInstalled(found.value)
        const status = statusOf(found.value)
        return status.state === 'running' ? ok(status) : err({ code: 'start-failed', message: status.lastFault ?? '' })
      }),
    get held() {
      return held
    },
    resume: () =>
      change(async () => {
        if (held === undefined) return ok(records.map(statusOf))
        const read = await readLockFile(lockPath)
        if (!read.ok) return read
        records = read.value
        await goOnRemoving()
        // What they guard opens when they are there, not before.
        await Promise.all(records.filter(({ name }) => !runners.has(name)).map(startInstalled))
        held = undefined
        return ok(records.map(statusOf))
      }),
    list: () => records.map(statusOf),
    walls,
    logs(name) {
      const found = installedAs(name)
      if (!found.ok) return found
      const log = logOf(name)
      return ok({ lines: log.lines(), count: log.count })
    },
    async parked(name) {
      const found = installedAs(name)
      return found.ok ? ok(await parkedEvents(storage, name)) : found
    },
    async retryParked(name) {
      const found = installedAs(name)
      if (!found.ok) return found
      const retried = await runners.get(name)?.retryParked()
      return retried === undefined
        ? err({ code: 'plugin-not-running', message: `${name} does not run: see plugins list` })
        : ok(retried)
    },
    askHook,
  }
}

const nodeTooOld = (version: string): InstallError => ({
  code: 'node-too-old',
  message: `Node ${version} cannot deny plugins the network: use Node ${OLDEST_NODE} or later, or allow it expressly`,
})
