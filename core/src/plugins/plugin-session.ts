import type { ContractError, Cursor, EventName, HookName } from '@fulgurite/plugin-sdk/contract'
import type { CancelTimer, Clock } from '../lib/clock.ts'
import type { Result } from '../lib/result.ts'
import type { Rng } from '../lib/rng.ts'
import type { ContractGateway, EncodedEvent } from '../node/contract-gateway.ts'
import { AskDesk } from './ask-desk.ts'
import { AuditTrail } from './audit-trail.ts'
import type { Budgets } from './budgets.ts'
import type { CellProcess } from './cell-process.ts'
import type { CellFault, OutboxHeader } from './cell-protocol.ts'
import { matchesFilter } from './field-filter.ts'
import { type HostStore, type HostWrite, keys } from './host-store.ts'
import { Inbox } from './inbox.ts'
import type { Manifest } from './manifest.ts'
import { type Outbox, parseOutbox } from './outbox.ts'
import type { PluginLog } from './plugin-log.ts'
import { PluginStorage } from './plugin-storage.ts'
import { type HookReply, Questions } from './questions.ts'
import { Subscriptions } from './subscriptions.ts'
import { TokenBucket } from './token-bucket.ts'

export interface SessionOptions {
  readonly manifest: Manifest
  readonly config: Readonly<Record<string, unknown>>
  readonly installCursor: Cursor
  readonly gateway: ContractGateway
  readonly store: HostStore
  readonly clock: Clock
  readonly rng: Rng
  readonly log: PluginLog
  readonly budgets: Budgets
  readonly cell: CellProcess
  /** What all plugins together may use. */
  readonly totalCpu: TokenBucket
  readonly listener: SessionListener
}

interface SessionListener {
  /** The plugin's setup is done and all that it registered is granted. */
  started(): void
  /** A counted fault that does not end the session. */
  faulted(text: string): void
  refused(operation: string, error: ContractError): void
  /** It comes to feel one of its limits. */
  warned(code: string, text: string): void
  ended(fault: CellFault): void
}

type StoreWrite = readonly [key: string, value: string | null]

const BATCH_EVENTS = 512
const HOOK_BATCH_MICROS = 2_000
const SHORTEST_WAKE_MS = 5
const BURST_MS = 2_000
const CORE_PRICE = 4
const LEAST_WALL_MS = 10_000
const MAX_PENDING_PUTS = 64
const WARN_EVERY_MS = 60_000

/** One run of a plugin in a cell: assembles its inboxes, carries out its outboxes. */
export class PluginSession {
  readonly #options: SessionOptions
  readonly #inbox = new Inbox()
  readonly #desk: AskDesk
  readonly #audit: AuditTrail
  readonly #storage: PluginStorage
  readonly #cpu: TokenBucket
  readonly #subscriptions: Subscriptions
  readonly #questions: Questions
  readonly #unsubscribe: (() => void)[] = []
  #liveDropped = 0
  #pendingPuts = 0
  #cancelWake: CancelTimer | undefined
  #cancelThrottle: CancelTimer | undefined
  #pumpScheduled = false
  #microsPerEvent = 10
  #warnedAt = Number.NEGATIVE_INFINITY
  #sentEvents = 0
  #phase: 'loading' | 'starting' | 'running' | 'ended' = 'loading'

  constructor(options: SessionOptions) {
    this.#options = options
    const { manifest, clock, budgets, store, log } = options
    this.#audit = new AuditTrail(store, manifest, (thrown) => this.#storeFailed(thrown))
    this.#desk = new AskDesk({
      manifest,
      gateway: options.gateway,
      store,
      budgets,
      audit: this.#audit,
      now: clock.now(),
      reply: (id, value) => this.#reply(id, value),
      refuse: (id, error) => this.#refuse(id, error),
      refused: (operation, error) => options.listener.refused(operation, error),
      charge: (coreMs) => this.#charge(coreMs),
    })
    this.#questions = new Questions({
      manifest,
      inbox: this.#inbox,
      audit: this.#audit,
      faulted: (text) => this.#fault(text),
      refused: (hook, verdict) => {
        options.listener.refused(hook, { code: 'not-granted', message: `the verdict ${verdict} is not granted` })
      },
    })
    this.#subscriptions = new Subscriptions({
      manifest,
      events: options.gateway.events,
      store,
      log,
      installCursor: options.installCursor,
      onAvailable: () => this.#schedulePump(),
    })
    this.#storage = new PluginStorage(store, manifest.name, manifest.permissions.storage.bytes)
    const { cpuShare } = manifest.limits
    this.#cpu = new TokenBucket(cpuShare * 1_000, BURST_MS, clock.now())
    log.host('info', `starting ${manifest.name} ${manifest.version}`)
  }

  /** Loads and starts the plugin in its cell. */
  async start(code: string): Promise<void> {
    const { manifest, cell } = this.#options
    try {
      await this.#storage.load()
    } catch (thrown) {
      this.#storeFailed(thrown)
    }
    const { memoryMb, turnMs, outboxBytes } = manifest.limits
    // Processor time is what counts, and is watched from outside; on the wall a turn may take much longer, since a busy
    // machine gives a cell little.
    const frame = { code, memoryMb, wallMs: LEAST_WALL_MS + 10 * turnMs, outboxBytes }
    if (this.#phase === 'ended') return
    cell.load(
      frame,
      turnMs,
      {
        outbox: (header, text) => this.#outbox(header, text),
        idle: () => this.#pump(),
        ended: (fault) => this.#ended(fault),
      },
      () => this.#begin(),
    )
  }

  /** Ends the session. The listener hears of it. */
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
    this.#schedulePump()
    return takeBack
  }

  #begin(): void {
    this.#firstTurn().catch((thrown: unknown) => this.#storeFailed(thrown))
  }

  async #firstTurn(): Promise<void> {
    const { manifest, config, store, clock, cell } = this.#options
    const prefix = keys.schedule(manifest.name, '')
    const rows = await store.list(prefix)
    if (this.#phase === 'ended') return
    this.#phase = 'starting'
    const schedules = Object.fromEntries(rows.map(([key, at]) => [key.slice(prefix.length), Number(at)]))
    const { name, version } = manifest
    cell.turn(
      JSON.stringify({
        now: clock.now(),
        seed: this.#options.rng.below(0x100000000),
        start: { plugin: { name, version }, config, schedules },
      }),
    )
  }

  #ended(fault: CellFault): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    this.#cancelWake?.()
    this.#cancelThrottle?.()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#subscriptions.stop()
    this.#questions.end()
    this.#options.listener.ended(fault)
  }

  // Inboxes

  /** Everything that comes in one go leaves in one turn. */
  #schedulePump(): void {
    if (this.#pumpScheduled) return
    this.#pumpScheduled = true
    process.nextTick(() => {
      this.#pumpScheduled = false
      this.#pump()
    })
  }

  #pump(): void {
    const { cell, clock } = this.#options
    if (this.#phase !== 'running' || cell.phase !== 'idle') return
    const now = clock.now()
    const ownDebtMs = this.#cpu.debtMs(now)
    const debtMs = Math.max(ownDebtMs, this.#options.totalCpu.debtMs(now))
    // A question is answered on credit, within limits: it has a deadline.
    if (debtMs > 0 && (!this.#inbox.urgent || debtMs > BURST_MS)) {
      this.#warn(now, ownDebtMs > 0)
      this.#cancelThrottle ??= clock.setTimer(debtMs, () => {
        this.#cancelThrottle = undefined
        this.#pump()
      })
      return
    }
    const events = this.#pendingPuts < MAX_PENDING_PUTS ? this.#takeEvents() : ''
    if (events === '' && this.#inbox.empty) return
    const begun = performance.now()
    cell.turn(this.#inbox.take(now, this.#options.rng.below(0x100000000), events))
    this.#charge(performance.now() - begun)
  }

  /** The core's own thread is dearer than the plugin's: what it spends on a plugin is charged several times over. */
  #charge(coreMs: number, cellMs = 0): void {
    const now = this.#options.clock.now()
    const used = cellMs + CORE_PRICE * coreMs
    this.#cpu.charge(now, used)
    this.#options.totalCpu.charge(now, used)
  }

  #warn(now: number, own: boolean): void {
    if (now - this.#warnedAt < WARN_EVERY_MS) return
    this.#warnedAt = now
    const { cpuShare } = this.#options.manifest.limits
    if (own)
      this.#options.listener.warned('cpu-share', `its share of a processor, ${cpuShare}, is used up: it has to wait`)
    else
      this.#options.listener.warned('total-cpu-share', 'the share of all plugins together is used up: it has to wait')
  }

  #takeEvents(): string {
    let count = BATCH_EVENTS
    // A question must not wait long behind events.
    if (this.#questions.held) count = Math.max(1, Math.min(count, Math.floor(HOOK_BATCH_MICROS / this.#microsPerEvent)))
    const batch = this.#subscriptions.take(count)
    this.#sentEvents = batch.count
    return batch.text
  }

  // Outboxes

  #outbox({ cpuMicros, fault }: OutboxHeader, text: string): void {
    const { clock, cell } = this.#options
    const now = clock.now()
    const begun = performance.now()
    if (this.#sentEvents > 0) {
      this.#microsPerEvent = 0.8 * this.#microsPerEvent + 0.2 * (cpuMicros / this.#sentEvents)
      this.#sentEvents = 0
    }
    const outbox = parseOutbox(text)
    if (typeof outbox === 'string') {
      cell.end({ code: 'protocol-violation', text: outbox })
      return
    }
    if (fault !== undefined) this.#fault(fault)
    for (const each of outbox.faults ?? []) this.#fault(each)
    for (const [level, line] of outbox.logs ?? []) this.#options.log.plugin(level, line)
    if (this.#phase === 'starting') {
      this.#register(outbox)
    }
    this.#carryOut(outbox, now)
    this.#wake(outbox.wake, now)
    this.#charge(performance.now() - begun, cpuMicros / 1_000)
    this.#pump()
  }

  #fault(text: string): void {
    this.#options.listener.faulted(text)
  }

  #carryOut(outbox: Outbox, now: number): void {
    const { cell } = this.#options
    for (const verdict of outbox.verdicts ?? []) this.#questions.answered(verdict, now)
    for (const [label, count, writes, error] of outbox.acks ?? []) {
      if (error === undefined) this.#acknowledged(this.#subscriptions.done(label, count), writes)
      else this.#acknowledged(this.#subscriptions.setAside(label, error, now), [])
    }
    for (const [label, at, writes] of outbox.ran ?? []) this.#ran(label, at, writes)
    // What a plugin that has just been ended still asks is not asked.
    if (cell.phase === 'ended') return
    for (const [id, writes] of outbox.writes ?? []) this.#write(id, writes)
    for (const [id, kind, key] of outbox.reads ?? [])
      this.#read(id, kind, key).catch((thrown: unknown) => this.#storeFailed(thrown))
    for (const [id, actor, operation, request, options] of outbox.asks ?? []) {
      this.#desk
        .ask({ id, actor, operation, request, options }, now)
        .catch((thrown: unknown) => this.#storeFailed(thrown))
    }
  }

  #wake(at: number | undefined, now: number): void {
    this.#cancelWake?.()
    this.#cancelWake = undefined
    if (at === undefined) return
    this.#cancelWake = this.#options.clock.setTimer(Math.max(at - now, SHORTEST_WAKE_MS), () => {
      // A timer may fire a moment before its time: the turn takes place all the same.
      this.#inbox.wake()
      this.#pump()
    })
  }

  #register({ registered }: Outbox): void {
    const { manifest, gateway, cell } = this.#options
    const { events, hooks } = manifest.permissions
    if (registered === undefined) {
      cell.end({ code: 'protocol-violation', text: 'the first turn registered nothing' })
      return
    }
    const event = [...registered.live, ...registered.each.map(([, name]) => name)].find(
      (name) => !Object.hasOwn(events, name),
    )
    const hook = registered.hooks.find((name) => !Object.hasOwn(hooks, name))
    const refused = event === undefined ? hook : event
    if (refused !== undefined) {
      const kind = event === undefined ? 'hook' : 'event'
      const text = `the plugin's manifest does not ask for the ${kind} ${refused}`
      this.#options.listener.refused(refused, { code: 'not-granted', message: text })
      cell.end({ code: 'not-granted', text })
      return
    }
    const fault = Subscriptions.fault(registered.each)
    if (fault !== undefined) {
      cell.end(fault)
      return
    }
    this.#questions.hold(registered.hooks)
    if (registered.live.length > 0) {
      const names = registered.live as readonly EventName[]
      this.#unsubscribe.push(gateway.events.subscribe({ names }, (happened) => this.#heard(happened)))
    }
    this.#deliver(registered.each).catch((thrown: unknown) => this.#storeFailed(thrown))
  }

  async #deliver(each: NonNullable<Outbox['registered']>['each']): Promise<void> {
    await this.#subscriptions.start(each)
    if (this.#phase === 'ended') return
    this.#phase = 'running'
    this.#options.listener.started()
    this.#pump()
  }

  #reply(id: number, value: string): void {
    this.#inbox.reply(id, value)
    this.#schedulePump()
  }

  #refuse(id: number, error: ContractError): void {
    this.#inbox.refusal(id, error)
    this.#schedulePump()
  }

  #heard(event: EncodedEvent): void {
    const { manifest, log } = this.#options
    const filter = manifest.permissions.events[event.name]?.filter
    if (filter !== undefined && !matchesFilter(filter, (JSON.parse(event.text) as { payload: unknown }).payload)) return
    if (this.#inbox.liveCount >= manifest.limits.queueEvents) {
      this.#inbox.dropLive()
      this.#liveDropped += 1
      if (this.#liveDropped === 1) log.host('warn', 'queue-full: the oldest live events are left out')
    }
    this.#inbox.live(event)
    this.#schedulePump()
  }

  #acknowledged(rows: Result<readonly HostWrite[], CellFault>, writes: readonly StoreWrite[]): void {
    if (rows.ok) this.#put(rows.value, writes)
    else this.#options.cell.end(rows.error)
  }

  #ran(label: string, at: number, writes: readonly StoreWrite[]): void {
    this.#put([[keys.schedule(this.#options.manifest.name, label), String(at)]], writes)
  }

  /** Keeps the host's own rows and what a handler stored, together. */
  #put(rows: readonly HostWrite[], writes: readonly StoreWrite[]): void {
    const { cell, store } = this.#options
    const staged = this.#storage.stage(writes)
    if (!staged.ok) {
      cell.end({ code: staged.error.code, text: staged.error.message })
      return
    }
    this.#pendingPuts += 1
    store.put([...rows, ...staged.value]).then(
      () => {
        this.#pendingPuts -= 1
        if (this.#pendingPuts === MAX_PENDING_PUTS - 1) this.#pump()
      },
      (thrown: unknown) => this.#storeFailed(thrown),
    )
  }

  #write(id: number, writes: readonly StoreWrite[]): void {
    const staged = this.#storage.stage(writes)
    if (!staged.ok) {
      this.#refuse(id, staged.error)
      return
    }
    this.#options.store.put(staged.value).then(
      () => this.#reply(id, 'null'),
      (thrown: unknown) => this.#storeFailed(thrown),
    )
  }

  async #read(id: number, kind: 'get' | 'list', key: string): Promise<void> {
    if (!this.#desk.begin()) {
      this.#refuse(id, { code: 'rate-limited', message: 'too many asks are waiting for an answer already' })
      return
    }
    const found = kind === 'get' ? ((await this.#storage.get(key)) ?? null) : await this.#storage.list(key)
    this.#desk.finish()
    this.#reply(id, JSON.stringify(found))
  }

  #storeFailed(thrown: unknown): void {
    this.end({ code: 'store-failed', text: String(thrown) })
  }
}
