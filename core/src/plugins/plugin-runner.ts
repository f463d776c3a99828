import type { ContractError, HookName } from '@fulgurite/plugin-sdk/contract'
import type { CancelTimer, Clock } from '../lib/clock.ts'
import type { Rng } from '../lib/rng.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import type { TimestampMs } from '../lib/units.ts'
import type { PluginGateway } from '../node/contract-gateway.ts'
import type { Budgets } from './budgets.ts'
import type { CellPool } from './cell-pool.ts'
import type { CellProcess } from './cell-process.ts'
import type { CellFault } from './cell-protocol.ts'
import { hostFault } from './host-fault.ts'
import type { HostStore } from './host-store.ts'
import type { InstalledPlugin } from './installed-files.ts'
import type { PluginBook } from './plugin-book.ts'
import type { PluginLog } from './plugin-log.ts'
import { PluginRun } from './plugin-run.ts'
import type { HookReply } from './questions.ts'
import { PROGRAM_MISSING, type RestartPolicy, Restarts } from './restarts.ts'
import { firstPlace, originalPlaces } from './source-stack.ts'

export type PluginState = 'starting' | 'running' | 'backing-off' | 'stopped' | 'failed' | 'held' | 'disabled'

/** What the host tells of a plugin; the app may make events of it. */
export type PluginNotice =
  | { readonly type: 'plugin.started' }
  | { readonly type: 'plugin.stopped'; readonly reason: string }
  | { readonly type: 'plugin.faulted'; readonly code: string; readonly text: string; readonly restartInMs?: number }
  | { readonly type: 'plugin.refused'; readonly operation: string; readonly code: string; readonly text: string }
  | { readonly type: 'plugin.warned'; readonly code: string; readonly text: string }

export interface RunnerOptions {
  readonly installed: InstalledPlugin
  readonly config: Readonly<Record<string, unknown>>
  readonly gateway: PluginGateway
  readonly store: HostStore
  /** Of the plugin's name, whatever its version. */
  readonly budgets: Budgets
  readonly clock: Clock
  readonly rng: Rng
  readonly pool: CellPool
  readonly log: PluginLog
  readonly book: PluginBook
  readonly restart: RestartPolicy
  readonly totalCpu: TokenBucket
  readonly notify: (notice: PluginNotice) => void
  /** What happens next is for the plugin. */
  readonly serving: () => void
  /** Does something once all changes of the plugin that were asked for before are done. */
  readonly inTurn: (work: () => Promise<void>) => Promise<void>
}

const NOTICE_TEXT = 960
const FAULTS_PER_SECOND = 5

/** One installed plugin: it is started, watched, started again when it faults, and given up when it faults too often. */
export class PluginRunner {
  readonly installed: InstalledPlugin
  readonly #options: RunnerOptions
  readonly #notices: TokenBucket
  #state: PluginState = 'stopped'
  #run: PluginRun | undefined
  #cell: CellProcess | undefined
  #cancelRestart: CancelTimer | undefined
  #places: ((stack: string) => string) | undefined
  readonly #afterFaults: Restarts
  #restarts = 0
  #startedAt: TimestampMs | undefined
  #lastFault: string | undefined
  #settled: () => void = () => {}
  /** Counts starts and stops, so that what belongs to an earlier run is known. */
  #generation = 0

  constructor(options: RunnerOptions) {
    this.installed = options.installed
    this.#options = options
    this.#afterFaults = new Restarts(options.restart)
    this.#notices = new TokenBucket(FAULTS_PER_SECOND, 20, options.clock.monotonic())
  }

  get state(): PluginState {
    return this.#state
  }

  get restarts(): number {
    return this.#restarts
  }

  get startedAt(): TimestampMs | undefined {
    return this.#startedAt
  }

  get lastFault(): string | undefined {
    return this.#lastFault
  }

  get run(): PluginRun | undefined {
    return this.#run
  }

  memoryBytes(): number | undefined {
    return this.#state === 'running' ? this.#cell?.residentBytes() : undefined
  }

  /** Starts the plugin. Resolves when it runs, or its first start has failed. */
  start(): Promise<void> {
    this.#afterFaults.forget()
    return this.#beginSafely()
  }

  /** Stops the plugin; what it was doing is cut off, and delivered again when it runs next. */
  stop(reason: string): void {
    const was = this.#state
    this.#generation += 1
    this.#cancelRestart?.()
    this.#cancelRestart = undefined
    this.#state = 'stopped'
    this.#cell?.end({ code: 'stopped', text: reason })
    this.#run = undefined
    this.#cell = undefined
    this.#settled()
    if (was === 'stopped') return
    this.#options.log.host('info', `stopped: ${reason}`)
    this.#options.notify({ type: 'plugin.stopped', reason })
  }

  ping(): void {
    this.#cell?.ping()
  }

  /** Gives the events that were set aside to their handlers again. Returns how many; `undefined` if the plugin does not run. */
  retryParked(): Promise<number> | undefined {
    return this.#run?.running === true ? this.#run.retryParked() : undefined
  }

  /** Asks the plugin a question, if it runs. `answer` is called once, unless it is taken back. Returns how to take it back. */
  ask(name: HookName, request: unknown, answer: (reply: HookReply) => void): () => void {
    if (this.#run?.running === true) return this.#run.ask(name, request, answer)
    answer({ type: 'no-verdict', code: 'not-running' })
    return () => {}
  }

  /** Resolves when it runs, has faulted or was stopped. */
  #beginSafely(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#settled = resolve
    this.#begin().catch((thrown: unknown) => {
      this.#cell?.end({ code: 'stopped', text: 'not needed any more' })
      this.#ended(hostFault(thrown))
    })
    return promise
  }

  /** After a fault, when its pause is over and what was asked of the plugin meanwhile is done. */
  #beginAgain(): void {
    const generation = this.#generation
    void this.#options.inTurn(async () => {
      if (generation !== this.#generation) return
      this.#restarts += 1
      await this.#beginSafely()
    })
  }

  async #begin(): Promise<void> {
    this.#generation += 1
    const generation = this.#generation
    this.#state = 'starting'
    const { pool, store, installed, log, ...rest } = this.#options
    const { manifest, record, code } = installed
    const taken = await pool.take()
    if (generation !== this.#generation) {
      if (taken.ok) taken.value.end({ code: 'stopped', text: 'not needed any more' })
      return
    }
    if (!taken.ok) {
      this.#ended(taken.error)
      return
    }
    const cell = taken.value
    rest.budgets.grant(manifest)
    this.#cell = cell
    this.#run = new PluginRun({
      manifest,
      config: rest.config,
      installCursor: record.installCursor,
      gateway: rest.gateway,
      store,
      clock: rest.clock,
      rng: rest.rng,
      log,
      book: rest.book,
      budgets: rest.budgets,
      cell,
      totalCpu: rest.totalCpu,
      serving: rest.serving,
      words: (text) => this.#words(text),
      listener: {
        started: () => this.#started(),
        faulted: (text) => this.#faulted(text),
        refused: (operation, error) => this.#refused(operation, error),
        warned: (code, text) => this.#warned(code, text),
        ended: (fault) => {
          if (generation === this.#generation) this.#ended(fault)
        },
      },
    })
    await this.#run.start(code)
  }

  #started(): void {
    const { clock, log, notify } = this.#options
    this.#state = 'running'
    this.#startedAt = clock.now()
    log.host('info', 'running')
    notify({ type: 'plugin.started' })
    this.#settled()
  }

  #words(text: string): string {
    this.#places ??= originalPlaces(this.installed.sourceMap)
    return this.#places(text)
  }

  /** What went wrong, with the plugin's name and the place in its code, if it is at one. */
  #blame(text: string): string {
    const words = this.#words(text)
    const place = firstPlace(words)
    return `${this.installed.manifest.name}${place === undefined ? '' : `, ${place}`}: ${words}`
  }

  #faulted(text: string): void {
    const { clock, log, notify } = this.#options
    if (!this.#notices.take(clock.monotonic())) return
    const words = this.#blame(text)
    this.#lastFault = words.slice(0, 512)
    log.host('error', `plugin-threw: ${words}`)
    const told = this.#told(words)
    if (told !== undefined) notify({ type: 'plugin.faulted', code: 'plugin-threw', text: told })
  }

  #refused(operation: string, { code, message }: ContractError): void {
    const { clock, log, notify } = this.#options
    if (!this.#notices.take(clock.monotonic())) return
    log.host('warn', `${code}: ${operation}: ${message}`)
    const told = this.#told(message)
    if (told !== undefined) notify({ type: 'plugin.refused', operation, code, text: told })
  }

  #warned(code: string, text: string): void {
    this.#options.log.host('warn', `${code}: ${text}`)
    const told = this.#told(text)
    if (told !== undefined) this.#options.notify({ type: 'plugin.warned', code, text: told })
  }

  /** The words of an event, if it may be told now. */
  #told(text: string): string | undefined {
    return this.#options.book.notices.words(text.slice(0, NOTICE_TEXT))
  }

  #ended({ code, text }: CellFault): void {
    const { clock, log, notify, restart } = this.#options
    this.#run = undefined
    this.#cell = undefined
    const now = clock.monotonic()
    // A bug of ours, or our program being away, is not at a place in the plugin.
    const words = code === 'host-fault' || code === PROGRAM_MISSING ? text : this.#blame(text)
    this.#lastFault = `${code}: ${words}`.slice(0, 512)
    const after = this.#afterFaults.after(code, now)
    const told = { type: 'plugin.faulted', code, text: words.slice(0, NOTICE_TEXT) } as const
    if ('faults' in after) {
      this.#state = 'failed'
      log.host('error', `${code}: ${words}`)
      log.host('error', `disabled: ${after.faults} faults in ${restart.windowMs} ms; restart it when it is mended`)
      notify(told)
    } else {
      const { pauseMs } = after
      this.#state = 'backing-off'
      log.host('error', `${code}: ${words}; started again in ${pauseMs} ms`)
      notify({ ...told, restartInMs: pauseMs })
      this.#cancelRestart = clock.setTimer(pauseMs, () => this.#beginAgain())
    }
    this.#settled()
  }
}
