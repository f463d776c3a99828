import type { ContractError, Cursor, EventName, HookName } from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import type { Clock } from '../lib/clock.ts'
import type { Rng } from '../lib/rng.ts'
import { threadTime } from '../lib/thread-time.ts'
import type { TokenBucket } from '../lib/token-bucket.ts'
import type { EventLogPort, PluginGateway } from '../node/contract-gateway.ts'
import { RunAccount } from './account.ts'
import { AskDesk } from './ask-desk.ts'
import { AuditTrail } from './audit-trail.ts'
import type { Budgets } from './budgets.ts'
import type { CellProcess } from './cell-process.ts'
import type { CellFault, OutboxHeader } from './cell-protocol.ts'
import { DurableWork } from './durable-work.ts'
import { hostFault } from './host-fault.ts'
import type { HostStore } from './host-store.ts'
import { Inbox } from './inbox.ts'
import { LiveEvents } from './live-events.ts'
import { parseOutbox } from './outbox.ts'
import { OutboxWork } from './outbox-work.ts'
import type { PluginBook } from './plugin-book.ts'
import type { PluginLog } from './plugin-log.ts'
import { ProcessorShare } from './processor-share.ts'
import { type HookReply, Questions } from './questions.ts'
import { notGranted, type Registered } from './registration.ts'
import { Subscriptions } from './subscriptions.ts'
import { TurnFeeder } from './turn-feeder.ts'
import { WriteQueue } from './write-queue.ts'

export interface RunOptions {
  readonly manifest: Manifest
  readonly config: Readonly<Record<string, unknown>>
  readonly installCursor: Cursor
  readonly gateway: PluginGateway
  readonly store: HostStore
  readonly clock: Clock
  readonly rng: Rng
  readonly log: PluginLog
  readonly book: PluginBook
  readonly budgets: Budgets
  readonly cell: CellProcess
  /** What all plugins together may use. */
  readonly totalCpu: TokenBucket
  /** The author's own places in the place of the bundle's, in a text that may hold a stack. */
  readonly words: (text: string) => string
  /** Told before the core does anything for the plugin. */
  readonly serving: () => void
  readonly listener: RunListener
}

interface RunListener {
  /** The plugin's setup is done and all that it registered is granted. */
  started(): void
  /** A counted fault that does not end the run. */
  faulted(text: string): void
  refused(operation: string, error: ContractError): void
  /** It comes to feel one of its limits. */
  warned(code: string, text: string): void
  ended(fault: CellFault): void
}

const LEAST_WALL_MS = 10_000

/** One run of a plugin in a cell: assembles its inboxes, sees that its outboxes are carried out. */
export class PluginRun {
  readonly #options: RunOptions
  readonly #account: RunAccount
  readonly #work: DurableWork
  readonly #share: ProcessorShare
  readonly #subscriptions: Subscriptions
  readonly #live: LiveEvents
  readonly #questions: Questions
  readonly #feeder: TurnFeeder
  readonly #outboxWork: OutboxWork
  #phase: 'loading' | 'starting' | 'running' | 'ended' = 'loading'

  constructor(options: RunOptions) {
    this.#options = options
    const { manifest, clock, budgets, store, log, book, gateway, listener, cell } = options
    // What hears of an event is guarded too: it is called from wherever the event happened.
    const events: EventLogPort = {
      head: () => gateway.events.head(),
      replay: (...query) => gateway.events.replay(...query),
      subscribe: (filter, listener) =>
        gateway.events.subscribe(filter, (event) => this.#guarded(() => listener(event))),
    }
    const run = new RunAccount(book.account)
    const inbox = new Inbox(run)
    this.#account = run
    const onAvailable = (): void => this.#feeder.schedule()
    const reply = (id: number, value: unknown): void => {
      inbox.reply(id, value)
      onAvailable()
    }
    const done = (id: number, value: unknown): void => {
      inbox.done(id, value)
      onAvailable()
    }
    const refuse = (id: number, error: ContractError): void => {
      inbox.refusal(id, error)
      onAvailable()
    }
    const queue = new WriteQueue({
      store,
      account: run,
      onRoom: () => this.#feeder.feed(),
      onError: (thrown) => this.#storeFailed(thrown),
    })
    const noteOnDisk = (): void => {
      book.account.onDisk('audit', book.audit.bytes)
      book.account.onDisk('made', budgets.keptBytes)
    }
    noteOnDisk()
    const audit = new AuditTrail({
      manifest,
      rows: book.audit,
      put: (rows) => {
        queue.put(rows)
        noteOnDisk()
      },
      full: (kind) => log.host('warn', `audit-full: the oldest entries of the kind ${kind} are let go for new ones`),
    })
    this.#share = new ProcessorShare({
      clock,
      cpuShare: manifest.limits.cpuShare,
      total: options.totalCpu,
      warned: (code, text) => listener.warned(code, text),
      resume: () => this.#guarded(() => this.#feeder.feed()),
    })
    const desk = new AskDesk({
      manifest,
      gateway,
      budgets,
      audit,
      clock,
      reply,
      done,
      refuse,
      refused: (operation, error) => listener.refused(operation, error),
      charge: (coreMs) => this.#share.charge(coreMs),
    })
    this.#questions = new Questions({
      manifest,
      inbox,
      audit,
      refused: (hook, error) => listener.refused(hook, error),
    })
    const { installCursor } = options
    this.#subscriptions = new Subscriptions({ manifest, events, store, account: run, log, installCursor, onAvailable })
    this.#live = new LiveEvents({ manifest, events, inbox, log, onAvailable })
    this.#work = new DurableWork({
      manifest,
      store,
      account: book.account,
      run,
      queue,
      subscriptions: this.#subscriptions,
      log,
      begin: () => desk.begin(),
      finish: () => desk.finish(),
      reply,
      done,
      refuse,
      isUnkept: (label) => inbox.isUnkept(label),
      unkept: (label, error) => {
        inbox.unkept(label, error)
        onAvailable()
      },
      faulted: (text) => listener.faulted(text),
      words: options.words,
      end: (fault) => (fault.code === 'store-failed' ? this.end(fault) : cell.end(fault)),
    })
    const questions = this.#questions
    this.#feeder = new TurnFeeder({
      clock,
      rng: options.rng,
      cell,
      inbox,
      queue,
      share: this.#share,
      subscriptions: this.#subscriptions,
      questions,
      queueEvents: manifest.limits.queueEvents,
      serving: options.serving,
      isRunning: () => this.running,
      guarded: (step) => this.#guarded(step),
    })
    this.#outboxWork = new OutboxWork({
      account: run,
      desk,
      work: this.#work,
      questions,
      isEnded: () => cell.phase === 'ended',
      refuse,
      storeFailed: (thrown) => this.#storeFailed(thrown),
    })
    log.host('info', `starting ${manifest.name} ${manifest.version}`)
  }

  /** Loads and starts the plugin in its cell. */
  async start(code: string): Promise<void> {
    const { manifest, cell } = this.#options
    try {
      await this.#options.book.audit.load()
      await this.#work.load()
    } catch (thrown) {
      this.#storeFailed(thrown)
    }
    const { memoryMb, turnMs, outboxBytes } = manifest.limits
    if (this.#phase === 'ended') return
    cell.load(
      code,
      { memoryMb, outboxBytes },
      { maxCpuMs: turnMs, maxWallMs: LEAST_WALL_MS + 10 * turnMs },
      {
        outbox: (header, text) => this.#outbox(header, text),
        idle: () => this.#feeder.feed(),
        ended: (fault) => this.#ended(fault),
      },
      () => this.#begin(),
    )
  }

  /** Ends the run. The listener hears of it. */
  end(fault: CellFault): void {
    this.#options.cell.end(fault)
    // A cell that has not been loaded has nobody to tell.
    this.#ended(fault)
  }

  get running(): boolean {
    return this.#phase === 'running'
  }

  /** Whether a question is one for the plugin. */
  wants(name: HookName, request: unknown): boolean {
    return this.#questions.wants(name, request)
  }

  /** As `Questions.ask`. */
  ask(name: HookName, request: unknown, answer: (reply: HookReply) => void): () => void {
    const takeBack = this.#questions.ask(name, request, answer)
    this.#feeder.schedule()
    return takeBack
  }

  /** Timers and events pass here, as frames do in the cell: what throws on the way ends this run, never the process. */
  #guarded(step: () => void): void {
    try {
      step()
    } catch (thrown) {
      this.end(hostFault(thrown))
    }
  }

  #begin(): void {
    this.#firstTurn().catch((thrown: unknown) => this.#storeFailed(thrown))
  }

  async #firstTurn(): Promise<void> {
    const { manifest, config, cell } = this.#options
    const schedules = await this.#work.lastRuns()
    if (this.#phase === 'ended') return
    this.#phase = 'starting'
    this.#options.serving()
    const { name, version } = manifest
    cell.turn(
      JSON.stringify({
        ...this.#feeder.head(),
        start: { plugin: { name, version }, config, schedules },
      }),
    )
  }

  #ended(fault: CellFault): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    this.#feeder.stop()
    this.#share.stop()
    this.#live.stop()
    this.#subscriptions.stop()
    this.#questions.end()
    this.#account.close()
    this.#options.listener.ended(fault)
  }

  #outbox({ cpuMicros, fault }: OutboxHeader, text: string): void {
    const { clock, cell, listener, serving, words } = this.#options
    serving()
    const now = clock.now()
    const begun = threadTime()
    this.#feeder.took(cpuMicros)
    const outbox = parseOutbox(text)
    if (typeof outbox === 'string') {
      cell.end({ code: 'protocol-violation', text: outbox })
      return
    }
    if (fault !== undefined) listener.faulted(`a promise that nobody waited for: ${fault}`)
    for (const each of outbox.faults ?? []) listener.faulted(each)
    for (const [level, line] of outbox.logs ?? []) this.#options.log.plugin(level, line, words)
    if (this.#phase === 'starting') this.#register(outbox.registered)
    this.#outboxWork.carryOut(outbox, now)
    this.#feeder.wake(outbox.wake)
    this.#share.charge(threadTime() - begun, cpuMicros / 1_000)
    this.#feeder.feed()
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
    this.#questions.hold(registered.hooks)
    this.#live.follow(registered.live as readonly EventName[])
    this.#deliver(registered).catch((thrown: unknown) => this.#storeFailed(thrown))
  }

  async #deliver(registered: Registered): Promise<void> {
    await this.#subscriptions.start(registered.each)
    if (this.#phase === 'ended') return
    this.#work.registered(registered)
    this.#phase = 'running'
    this.#options.listener.started()
    this.#feeder.feed()
  }

  /** Tries again the events that were set aside; how many. */
  retryParked(): Promise<number> {
    return this.#work.retryParked()
  }

  #storeFailed(thrown: unknown): void {
    this.end({ code: 'store-failed', text: String(thrown) })
  }
}
