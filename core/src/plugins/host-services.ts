import { join } from 'node:path'
import { type Clock, systemClock } from '../lib/clock.ts'
import { type Rng, systemRng } from '../lib/rng.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import type { PluginGateway } from '../node/contract-gateway.ts'
import { MemoryPool } from './account.ts'
import type { CellPool, StandingWalls } from './cell-pool.ts'
import { HOST_LIMITS, type HostLimits } from './host-limits.ts'
import type { HostStore } from './host-store.ts'
import { Ledger } from './ledger.ts'
import { noticesOfAll } from './notice-limit.ts'
import { openCells } from './open-cells.ts'
import { openBook, type PluginBook } from './plugin-book.ts'
import type { PluginError } from './plugin-error.ts'
import { type LogLine, PluginLog, removeLog } from './plugin-log.ts'
import type { PluginNotice } from './plugin-runner.ts'
import type { Hold, WallsStatus } from './plugin-status.ts'
import { systemUsageProbe } from './process-usage.ts'
import { RESTART_POLICY, type RestartPolicy } from './restarts.ts'
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
  /** The entry file of the cells' program; tests put an attacker there. */
  readonly cellEntry?: string
  /** Why no plugin is to be started until `resume` is called. */
  readonly hold?: Hold
  /** Called when a plugin is handed something, or has answered: the core works for it next. Must be quick and never throw. */
  readonly onServing?: (plugin: string) => void
  /** What all plugins together may have; `HOST_LIMITS` if absent. */
  readonly limits?: Partial<HostLimits>
}

const OLDEST_NODE = 26
/** The part of one processor that all plugins together may use in the long run, and what they may use at once. */
const TOTAL_CPU_SHARE = 1
const TOTAL_BURST_MS = 4_000

/** What the plugins of a host share: cells, limits, logs, and what is kept for each name from one run to the next. */
export class HostServices {
  readonly gateway: PluginGateway
  readonly storage: HostStore
  readonly clock: Clock
  readonly rng: Rng
  readonly restart: RestartPolicy
  readonly limits: HostLimits
  readonly totalCpu: TokenBucket
  /** Where plugins are kept. */
  readonly folder: string
  readonly #options: PluginHostOptions
  readonly #watchdog: Watchdog
  readonly #memory: MemoryPool
  readonly #notices: TokenBucket
  readonly #books = new Map<string, PluginBook>()
  readonly #logs = new Map<string, PluginLog>()
  #opening: Promise<CellPool> | undefined
  #pool: CellPool | undefined
  #ledger: Promise<Ledger> | undefined
  readonly #onStoreFailed: (thrown: unknown) => void

  /** `onStoreFailed` is told when what plugins spend cannot be counted. */
  constructor(options: PluginHostOptions, onStoreFailed: (thrown: unknown) => void) {
    const { gateway, storage, dataDir, clock = systemClock, rng = systemRng, restart = RESTART_POLICY } = options
    this.gateway = gateway
    this.storage = storage
    this.clock = clock
    this.rng = rng
    this.restart = restart
    this.limits = { ...HOST_LIMITS, ...options.limits }
    this.totalCpu = new TokenBucket(TOTAL_CPU_SHARE * 1_000, TOTAL_BURST_MS, clock.monotonic())
    this.folder = join(dataDir, 'plugins')
    this.#options = options
    this.#onStoreFailed = onStoreFailed
    this.#watchdog = new Watchdog(clock, systemUsageProbe)
    this.#memory = new MemoryPool(this.limits.memoryBytes, this.limits.plugins)
    this.#notices = noticesOfAll(clock)
  }

  /** What is kept in memory for a name, for as long as the plugin is installed. */
  book(plugin: string): PluginBook {
    let book = this.#books.get(plugin)
    if (book === undefined) {
      const { storage: store, clock } = this
      book = openBook({ store, plugin, pool: this.#memory, notices: this.#notices, clock })
      this.#books.set(plugin, book)
    }
    return book
  }

  /** The log of a plugin, with the rate from its manifest once that is known. */
  log(plugin: string, perSecond?: number): PluginLog {
    let log = this.#logs.get(plugin)
    if (log === undefined) {
      log = new PluginLog({
        path: this.#logPath(plugin),
        account: this.book(plugin).account,
        clock: this.clock,
        perSecond,
        onLine: (line) => this.#options.onLog?.(plugin, line),
      })
      this.#logs.set(plugin, log)
    }
    if (perSecond !== undefined) log.allow(perSecond)
    return log
  }

  /** Forgets a removed plugin: its log, and what was held for it in memory. */
  async forget(plugin: string): Promise<void> {
    await this.#logs.get(plugin)?.close()
    this.#logs.delete(plugin)
    await removeLog(this.#logPath(plugin))
    this.#books.get(plugin)?.account.close()
    this.#books.delete(plugin)
  }

  notice(plugin: { readonly name: string; readonly version: string }, notice: PluginNotice): void {
    this.#options.onNotice?.(plugin, notice)
  }

  serving(plugin: string): void {
    this.#options.onServing?.(plugin)
  }

  /** The ledger with the limits of every plugin that was ever installed here. */
  ledger(): Promise<Ledger> {
    const { storage: store, gateway, clock } = this
    this.#ledger ??= Ledger.open({ store, gateway, clock, onStoreFailed: this.#onStoreFailed })
    return this.#ledger
  }

  /** The pool that starts cells; it is prepared on first use. */
  async cells(): Promise<CellPool> {
    const { spareCell = true, cellEntry, withoutWalls, onWalls } = this.#options
    this.#opening ??= openCells({
      folder: join(this.folder, '.cell'),
      clock: this.clock,
      watchdog: this.#watchdog,
      keepSpare: spareCell,
      entry: cellEntry,
      withoutWalls: withoutWalls === true,
      onWalls: (standing) => onWalls?.(standing),
    }).catch((thrown: unknown) => {
      this.#opening = undefined
      throw thrown
    })
    this.#pool = await this.#opening
    return this.#pool
  }

  /** What holds the plugins' processes; `undefined` before the first was started. */
  walls(): WallsStatus | undefined {
    const standing = this.#pool?.standing
    return standing === undefined ? undefined : { ...standing.walls, by: standing.by }
  }

  /** Why no plugin may run here at all. */
  async refusal(): Promise<PluginError<'node-too-old' | 'walls-missing'> | undefined> {
    const { nodeVersion = process.versions.node, allowOldNode } = this.#options
    if (Number.parseInt(nodeVersion, 10) < OLDEST_NODE && allowOldNode !== true) return nodeTooOld(nodeVersion)
    // If the pool cannot be prepared, the plugin that is started next reports it.
    const fault = await this.cells().then(
      (pool) => pool.prove(),
      () => undefined,
    )
    return fault?.code === 'walls-missing' ? { code: 'walls-missing', message: fault.text } : undefined
  }

  /** Ends every cell. The ledger goes on counting. */
  async endCells(): Promise<void> {
    ;(await this.#ledger)?.close()
    // A pool that is just being prepared is ended, too.
    const pool = await this.#opening?.catch(() => undefined)
    pool?.close()
    this.#watchdog.stop()
  }

  /** Resolves when everything that was logged is in the files. */
  async closeLogs(): Promise<void> {
    await Promise.all([...this.#logs.values()].map((log) => log.close()))
  }

  #logPath(plugin: string): string {
    return join(this.folder, 'logs', `${plugin}.log`)
  }
}

const nodeTooOld = (version: string): PluginError<'node-too-old'> => ({
  code: 'node-too-old',
  message: `Node ${version} cannot deny plugins the network: use Node ${OLDEST_NODE} or later, or allow it expressly`,
})
