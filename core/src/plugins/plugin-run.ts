import type { EventName, HookName } from '@fulgurite/plugin-sdk/contract'
import { beginWork } from '../lib/thread-time.ts'
import type { CellFault, OutboxHeader } from './cell-protocol.ts'
import { hostFault } from './host-fault.ts'
import { parseOutbox } from './outbox.ts'
import type { HookReply } from './questions.ts'
import { notGranted, type Registered } from './registration.ts'
import { type PluginRunOptions, type RunParts, runParts } from './run-parts.ts'
import { Subscriptions } from './subscriptions.ts'

const LEAST_WALL_MS = 10_000

/** One run of a plugin in a cell, from loading to its end: it starts the plugin and takes its outboxes. */
export class PluginRun {
  readonly #options: PluginRunOptions
  readonly #parts: RunParts
  readonly #gone: () => void
  #phase: 'loading' | 'starting' | 'running' | 'ended' = 'loading'

  constructor(options: PluginRunOptions) {
    this.#options = options
    const { manifest, log } = options
    this.#parts = runParts(options, {
      isRunning: () => this.running,
      guarded: (step) => this.#guarded(step),
      end: (fault) => this.end(fault),
      storeFailed: (thrown) => this.#storeFailed(thrown),
    })
    this.#gone = options.gateway.plugins.begin(manifest.name)
    log.host('info', `starting ${manifest.name} ${manifest.version}`)
  }

  /** Loads and starts the plugin in its cell. */
  async start(code: string): Promise<void> {
    const { manifest, cell } = this.#options
    const schedules = await this.#readKept()
    const { memoryMb, turnMs, outboxBytes } = manifest.limits
    if (schedules === undefined || this.#phase === 'ended') return
    cell.load(
      code,
      { memoryMb, outboxBytes },
      { maxCpuMs: turnMs, maxWallMs: LEAST_WALL_MS + 10 * turnMs },
      {
        outbox: (header, text) => this.#outbox(header, text),
        idle: () => this.#parts.feeder.feed(),
        ended: (fault) => this.#ended(fault),
      },
      () => this.#firstTurn(schedules),
    )
  }

  /** Ends the run. The listener hears of it. */
  end(fault: CellFault): void {
    this.#options.cell.end(fault)
    // A cell without a plugin has no listener yet.
    this.#ended(fault)
  }

  get running(): boolean {
    return this.#phase === 'running'
  }

  /** Whether the plugin is to be asked the question. */
  wants(name: HookName, request: () => unknown): boolean {
    return this.#parts.questions.wants(name, request)
  }

  /** As `Questions.ask`. */
  ask(name: HookName, request: unknown, answer: (reply: HookReply) => void): () => void {
    const takeBack = this.#parts.questions.ask(name, request, answer)
    this.#parts.feeder.schedule()
    return takeBack
  }

  /** Timers and events pass here, as frames pass the cell's `take`: an exception ends this run, never the process. */
  #guarded(step: () => void): void {
    try {
      step()
    } catch (thrown) {
      this.end(hostFault(thrown))
    }
  }

  /** Reads what is kept of the plugin. Returns when each schedule last ran. */
  async #readKept(): Promise<Readonly<Record<string, number>> | undefined> {
    try {
      await this.#options.book.audit.load()
      await this.#parts.work.load()
      return await this.#parts.work.lastRuns()
    } catch (thrown) {
      this.#storeFailed(thrown)
      return undefined
    }
  }

  /** Follows the loading without a pause, in which the cell would be free to be asked for a sign of life. */
  #firstTurn(schedules: Readonly<Record<string, number>>): void {
    const { manifest, config, cell } = this.#options
    if (this.#phase === 'ended') return
    this.#phase = 'starting'
    this.#options.serving()
    const { name, version } = manifest
    cell.turn(
      JSON.stringify({
        ...this.#parts.feeder.head(),
        start: { plugin: { name, version }, config, schedules },
      }),
    )
  }

  #ended(fault: CellFault): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    this.#parts.feeder.stop()
    this.#parts.share.stop()
    this.#parts.live.stop()
    this.#parts.subscriptions.stop()
    this.#parts.questions.end()
    this.#parts.account.close()
    this.#gone()
    this.#options.listener.ended(fault)
  }

  #outbox({ cpuMicros, fault }: OutboxHeader, text: string): void {
    const { clock, cell, listener, serving, words } = this.#options
    serving()
    const now = clock.now()
    const worked = beginWork()
    this.#parts.feeder.took(cpuMicros)
    const outbox = parseOutbox(text)
    if (typeof outbox === 'string') {
      cell.end({ code: 'protocol-violation', text: outbox })
      return
    }
    if (fault !== undefined) listener.faulted(`a promise that nobody waited for: ${fault}`)
    for (const each of outbox.faults ?? []) listener.faulted(each)
    for (const [level, line] of outbox.logs ?? []) this.#options.log.plugin(level, line, words)
    if (this.#phase === 'starting') this.#register(outbox.registered)
    this.#parts.outboxWork.carryOut(outbox, now)
    this.#parts.feeder.wake(outbox.wake)
    this.#parts.share.charge(worked(), cpuMicros / 1_000)
    this.#parts.feeder.feed()
  }

  #register(registered: Registered | undefined): void {
    const { manifest, cell, listener } = this.#options
    if (registered === undefined) {
      cell.end({ code: 'protocol-violation', text: 'the first turn registered nothing' })
      return
    }
    const refused = notGranted(registered, manifest)
    if (refused !== undefined) {
      const { name, text } = refused
      listener.refused(name, { code: 'not-granted', message: text })
      cell.end({ code: 'not-granted', text })
      return
    }
    const fault = Subscriptions.fault(registered.each)
    if (fault !== undefined) {
      cell.end(fault)
      return
    }
    this.#parts.questions.hold(registered.hooks)
    this.#parts.live.follow(registered.live as readonly EventName[])
    this.#deliver(registered).catch((thrown: unknown) => this.#storeFailed(thrown))
  }

  async #deliver(registered: Registered): Promise<void> {
    await this.#parts.subscriptions.start(registered.each)
    if (this.#phase === 'ended') return
    this.#parts.work.registered(registered)
    this.#phase = 'running'
    this.#options.listener.started()
    this.#parts.feeder.feed()
  }

  /** Gives the events that were set aside to their handlers again. Returns how many. */
  retryParked(): Promise<number> {
    return this.#parts.work.retryParked()
  }

  #storeFailed(thrown: unknown): void {
    this.end({ code: 'store-failed', text: String(thrown) })
  }
}
