import {
  type ContractError,
  type Cursor,
  type EventName,
  encodeJson,
  type HookAnswer,
  type HookName,
  parseVerdict,
  withoutSecrets,
} from '@fulgurite/plugin-sdk/contract'
import type { CancelTimer, Clock } from '../lib/clock.ts'
import type { Rng } from '../lib/rng.ts'
import type { ContractGateway, EncodedEvent } from '../node/contract-gateway.ts'
import type { Budgets } from './budgets.ts'
import type { CellProcess } from './cell-process.ts'
import type { CellFault, OutboxHeader } from './cell-protocol.ts'
import { DurableDelivery } from './durable-delivery.ts'
import { matchesFilter } from './field-filter.ts'
import { Gate } from './gate.ts'
import { type HostStore, type HostWrite, keys } from './host-store.ts'
import type { Manifest } from './manifest.ts'
import { type Outbox, parseOutbox } from './outbox.ts'
import type { PluginLog } from './plugin-log.ts'
import { PluginStorage } from './plugin-storage.ts'
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
  readonly listener: SessionListener
}

export interface SessionListener {
  /** The plugin's setup is done and all that it registered is granted. */
  started(): void
  /** A counted fault that does not end the session. */
  faulted(text: string): void
  refused(operation: string, error: ContractError): void
  ended(fault: CellFault): void
}

interface Question {
  readonly name: HookName
  readonly answer: (answer: HookReply) => void
}

export type HookReply =
  | { readonly type: 'verdict'; readonly verdict: unknown }
  | { readonly type: 'no-verdict'; readonly code: 'faulted' | 'invalid' | 'not-running' }

const BATCH_EVENTS = 512
const BATCH_CHARS = 256 * 1024
const INBOX_CHARS = 4 << 20
const HOOK_BATCH_MICROS = 2_000
const SHORTEST_WAKE_MS = 5
const BURST_MS = 2_000
const MAX_PENDING_PUTS = 64

/** One run of a plugin in a cell: assembles its inboxes, carries out its outboxes. */
export class PluginSession {
  readonly #options: SessionOptions
  readonly #gate: Gate
  readonly #storage: PluginStorage
  readonly #cpu: TokenBucket
  readonly #deliveries = new Map<string, DurableDelivery>()
  readonly #questions = new Map<number, Question>()
  readonly #unsubscribe: (() => void)[] = []
  readonly #hooks = new Set<string>()
  #replies: string[] = []
  #repliesChars = 0
  #asked: string[] = []
  #live: EncodedEvent[] = []
  #liveDropped = 0
  #lastQuestion = 0
  #inFlight = 0
  #pendingPuts = 0
  #auditCount = 0
  #wakeAt: number | undefined
  #cancelWake: CancelTimer | undefined
  #cancelThrottle: CancelTimer | undefined
  #pumpScheduled = false
  #microsPerEvent = 10
  #sentEvents = 0
  #phase: 'loading' | 'starting' | 'running' | 'ended' = 'loading'

  constructor(options: SessionOptions) {
    this.#options = options
    const { manifest, clock, budgets, store, log } = options
    this.#gate = new Gate(manifest, budgets, clock.now())
    this.#storage = new PluginStorage(store, manifest.name, manifest.permissions.storage.bytes)
    const { cpuShare } = manifest.limits
    this.#cpu = new TokenBucket(cpuShare * 1_000, BURST_MS, clock.now())
    log.host('info', `starting ${manifest.name} ${manifest.version}`)
  }

  /** Loads and starts the plugin in its cell. */
  async start(code: string): Promise<void> {
    const { manifest, cell } = this.#options
    await this.#storage.load()
    const { memoryMb, turnMs, outboxBytes } = manifest.limits
    // On the wall a turn may take longer: a busy machine gives a cell little.
    const frame = { code, memoryMb, wallMs: 10 * turnMs, outboxBytes }
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

  /** Whether the plugin answers this question. */
  wants(name: HookName, request: unknown): boolean {
    const filter = this.#options.manifest.permissions.hooks[name]?.filter
    return this.#hooks.has(name) && (filter === undefined || matchesFilter(filter, request))
  }

  /** Asks the plugin a question; `answer` is called once, if it answers at all. */
  ask(name: HookName, request: unknown, answer: (answer: HookReply) => void): void {
    this.#lastQuestion += 1
    this.#questions.set(this.#lastQuestion, { name, answer })
    this.#asked.push(`[${this.#lastQuestion},${JSON.stringify(name)},${encodeJson(request)}]`)
    this.#schedulePump()
  }

  #begin(): void {
    void this.#firstTurn()
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
    for (const delivery of this.#deliveries.values()) delivery.stop()
    for (const { answer } of this.#questions.values()) answer({ type: 'no-verdict', code: 'faulted' })
    this.#questions.clear()
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
    const debtMs = this.#cpu.debtMs(now)
    // A question is answered on credit, within limits: it has a deadline.
    if (debtMs > 0 && (this.#asked.length === 0 || debtMs > BURST_MS)) {
      this.#cancelThrottle ??= clock.setTimer(debtMs, () => {
        this.#cancelThrottle = undefined
        this.#pump()
      })
      return
    }
    const events = this.#pendingPuts < MAX_PENDING_PUTS ? this.#takeEvents() : ''
    const woken = this.#wakeAt !== undefined && this.#wakeAt <= now
    if (this.#asked.length === 0 && this.#replies.length === 0 && this.#live.length === 0 && events === '' && !woken) {
      return
    }
    if (woken) this.#wakeAt = undefined
    cell.turn(this.#inbox(now, events))
  }

  #inbox(now: number, events: string): string {
    let text = `{"now":${now},"seed":${this.#options.rng.below(0x100000000)}`
    if (this.#asked.length > 0) {
      text += `,"hooks":[${this.#asked.join(',')}]`
      this.#asked = []
    }
    if (this.#replies.length > 0) {
      text += `,"replies":[${this.#replies.join(',')}]`
      this.#replies = []
      this.#repliesChars = 0
    }
    if (this.#live.length > 0) {
      const taken = this.#live.splice(0, BATCH_EVENTS)
      text += `,"live":[${taken.map((event) => event.text).join(',')}]`
    }
    if (events !== '') text += `,"each":[${events}]`
    return `${text}}`
  }

  #takeEvents(): string {
    let count = BATCH_EVENTS
    // A question must not wait long behind events.
    if (this.#hooks.size > 0) count = Math.max(1, Math.min(count, Math.floor(HOOK_BATCH_MICROS / this.#microsPerEvent)))
    let text = ''
    this.#sentEvents = 0
    for (const delivery of this.#deliveries.values()) {
      const taken = delivery.take(count, BATCH_CHARS)
      if (taken.length === 0) continue
      this.#sentEvents += taken.length
      let list = ''
      for (const event of taken) list = list === '' ? event.text : `${list},${event.text}`
      text += `${text === '' ? '' : ','}[${JSON.stringify(delivery.label)},[${list}]]`
    }
    return text
  }

  // Outboxes

  #outbox({ cpuMicros, fault }: OutboxHeader, text: string): void {
    const { clock, cell } = this.#options
    const now = clock.now()
    this.#cpu.charge(now, cpuMicros / 1_000)
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
    this.#pump()
  }

  #fault(text: string): void {
    this.#options.listener.faulted(text)
  }

  #carryOut(outbox: Outbox, now: number): void {
    for (const [id, ...verdict] of outbox.verdicts ?? []) this.#verdict(id, verdict, now)
    for (const [label, count, writes] of outbox.acks ?? []) this.#acknowledged(label, count, writes)
    for (const [label, error] of outbox.parked ?? []) this.#parked(label, error, now)
    for (const [label, at, writes] of outbox.ran ?? []) this.#ran(label, at, writes)
    for (const [id, writes] of outbox.writes ?? []) this.#write(id, writes)
    for (const [id, kind, key] of outbox.reads ?? []) void this.#read(id, kind, key)
    for (const [id, actor, operation, request, options] of outbox.asks ?? []) {
      void this.#ask(id, actor, operation, request, options, now)
    }
  }

  #wake(at: number | undefined, now: number): void {
    this.#cancelWake?.()
    this.#cancelWake = undefined
    this.#wakeAt = at === undefined ? undefined : Math.max(at, now + SHORTEST_WAKE_MS)
    if (this.#wakeAt === undefined) return
    this.#cancelWake = this.#options.clock.setTimer(this.#wakeAt - now, () => {
      // A timer may fire a moment before its time: the turn takes place all the same.
      this.#wakeAt = 0
      this.#pump()
    })
  }

  #register({ registered }: Outbox): void {
    const { manifest, gateway, cell, log } = this.#options
    const { events, hooks } = manifest.permissions
    if (registered === undefined) {
      cell.end({ code: 'protocol-violation', text: 'the first turn registered nothing' })
      return
    }
    const event = [...registered.live, ...registered.each.map(([, name]) => name)].find(
      (name) => events[name] === undefined,
    )
    const hook = registered.hooks.find((name) => hooks[name] === undefined)
    const refused = event === undefined ? hook : event
    if (refused !== undefined) {
      const kind = event === undefined ? 'hook' : 'event'
      const text = `the plugin's manifest does not ask for the ${kind} ${refused}`
      this.#options.listener.refused(refused, { code: 'not-granted', message: text })
      cell.end({ code: 'not-granted', text })
      return
    }
    for (const name of registered.hooks) this.#hooks.add(name)
    if (registered.live.length > 0) {
      const names = registered.live as readonly EventName[]
      this.#unsubscribe.push(gateway.events.subscribe({ names }, (happened) => this.#heard(happened)))
    }
    void this.#deliver(registered.each).catch((thrown: unknown) => {
      log.host('error', `store-failed: ${String(thrown)}`)
      cell.end({ code: 'store-failed', text: String(thrown) })
    })
  }

  async #deliver(each: NonNullable<Outbox['registered']>['each']): Promise<void> {
    const { manifest, gateway, store, listener, log } = this.#options
    const { name: plugin, permissions, limits } = manifest
    for (const [label, name, from] of each) {
      const key = keys.cursor(plugin, label)
      let cursor = await store.get(key)
      if (cursor === undefined) {
        cursor = this.#origin(from)
        await store.put([[key, cursor]])
      }
      if (this.#phase === 'ended') return
      this.#deliveries.set(
        label,
        new DurableDelivery({
          log: gateway.events,
          label,
          name: name as EventName,
          filter: permissions.events[name]?.filter,
          cursor,
          capacity: limits.queueEvents,
          onAvailable: () => this.#schedulePump(),
          onError: ({ code, message }) => log.host('warn', `${label}: ${code}: ${message}`),
        }),
      )
    }
    this.#phase = 'running'
    listener.started()
    this.#pump()
  }

  #origin(from: string): Cursor {
    if (from === 'now') return this.#options.gateway.events.head()
    return from.startsWith('after:') ? from.slice('after:'.length) : this.#options.installCursor
  }

  #heard(event: EncodedEvent): void {
    const { manifest, log } = this.#options
    const filter = manifest.permissions.events[event.name]?.filter
    if (filter !== undefined && !matchesFilter(filter, (JSON.parse(event.text) as { payload: unknown }).payload)) return
    if (this.#live.length >= manifest.limits.queueEvents) {
      this.#live.shift()
      this.#liveDropped += 1
      if (this.#liveDropped === 1) log.host('warn', 'queue-full: the oldest live events are left out')
    }
    this.#live.push(event)
    this.#schedulePump()
  }

  #acknowledged(label: string, count: number, writes: readonly (readonly [string, string | null])[]): void {
    const delivery = this.#deliveries.get(label)
    const last = count === 0 ? undefined : delivery?.done(count)
    if (last === undefined) {
      this.#options.cell.end({ code: 'protocol-violation', text: `${label}: more events acknowledged than were sent` })
      return
    }
    this.#put([[keys.cursor(this.#options.manifest.name, label), last.cursor]], writes)
  }

  #parked(label: string, error: string, now: number): void {
    const { manifest, cell, log } = this.#options
    const event = this.#deliveries.get(label)?.done(1)
    if (event === undefined) {
      cell.end({ code: 'protocol-violation', text: `${label}: an event was set aside that was not sent` })
      return
    }
    const row = JSON.stringify({ at: now, error: error.slice(0, 4_096), event: event.text })
    const { name } = manifest
    log.host('error', `event-parked: ${label}: ${event.name} at ${event.cursor} failed repeatedly and is set aside`)
    this.#put(
      [
        [keys.parked(name, label, event.cursor), row],
        [keys.cursor(name, label), event.cursor],
      ],
      [],
    )
  }

  #ran(label: string, at: number, writes: readonly (readonly [string, string | null])[]): void {
    this.#put([[keys.schedule(this.#options.manifest.name, label), String(at)]], writes)
  }

  /** Keeps the host's own rows and what a handler stored, together. */
  #put(rows: readonly HostWrite[], writes: readonly (readonly [string, string | null])[]): void {
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
      (thrown: unknown) => cell.end({ code: 'store-failed', text: String(thrown) }),
    )
  }

  #write(id: number, writes: readonly (readonly [string, string | null])[]): void {
    const staged = this.#storage.stage(writes)
    if (!staged.ok) {
      this.#reply(id, staged.error)
      return
    }
    this.#options.store.put(staged.value).then(
      () => this.#reply(id, undefined, 'null'),
      (thrown: unknown) => this.#options.cell.end({ code: 'store-failed', text: String(thrown) }),
    )
  }

  async #read(id: number, kind: 'get' | 'list', key: string): Promise<void> {
    if (this.#inFlight >= this.#options.manifest.limits.asksInFlight) {
      this.#reply(id, { code: 'rate-limited', message: 'too many asks are waiting for an answer already' })
      return
    }
    this.#inFlight += 1
    const found = kind === 'get' ? ((await this.#storage.get(key)) ?? null) : await this.#storage.list(key)
    this.#inFlight -= 1
    this.#reply(id, undefined, JSON.stringify(found))
  }

  async #ask(
    id: number,
    actor: string,
    operation: string,
    request: unknown,
    options: Parameters<Gate['admit']>[5],
    now: number,
  ): Promise<void> {
    const { gateway, manifest, store, budgets } = this.#options
    const { name, version } = manifest
    const admitted = this.#gate.admit(now, this.#inFlight, actor, operation, request, options)
    if (!admitted.ok) {
      this.#refused(actor, operation, request, options, admitted.error, now)
      this.#reply(id, admitted.error)
      return
    }
    const { command, key, secrets } = admitted.value
    const { reason, causes, timeoutMs } = options
    this.#inFlight += 1
    // What may be spent is kept before it can be spent.
    if (admitted.value.spends) await store.put([[keys.budget(name), budgets.encode()]])
    const result = await gateway.ask(actor, operation, admitted.value.request, {
      caller: { kind: 'plugin', name, version },
      ...(reason === undefined ? {} : { reason: withDefined(reason) }),
      ...(causes === undefined ? {} : { causes }),
      ...(key === undefined ? {} : { key }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    })
    this.#inFlight -= 1
    if (command) this.#audit(now, `${actor}.${operation}`, request, options, result.ok ? 'done' : result.error.code)
    if (!result.ok) {
      this.#reply(id, result.error)
      return
    }
    const shown = secrets ? result.value : withoutSecrets(actor, operation, result.value)
    this.#reply(id, undefined, encodeJson(shown))
  }

  #refused(
    actor: string,
    operation: string,
    request: unknown,
    options: Parameters<Gate['admit']>[5],
    error: ContractError,
    now: number,
  ): void {
    const { listener } = this.#options
    // A mistake in a request is the author's to see; the rest is the operator's.
    if (error.code === 'invalid-request' || error.code === 'unknown-operation') return
    listener.refused(`${actor}.${operation}`, error)
    if (error.code !== 'rate-limited') this.#audit(now, `${actor}.${operation}`, request, options, error.code)
  }

  #audit(
    at: number,
    operation: string,
    request: unknown,
    { reason, causes, key }: Parameters<Gate['admit']>[5],
    outcome: string,
  ): void {
    const { manifest, store, cell } = this.#options
    const { name, version } = manifest
    this.#auditCount += 1
    const row = JSON.stringify({ at, plugin: name, version, operation, request, reason, causes, key, outcome })
    store.put([[keys.audit(name, at, this.#auditCount), row]]).catch((thrown: unknown) => {
      cell.end({ code: 'store-failed', text: String(thrown) })
    })
  }

  #reply(id: number, error: ContractError | undefined, value = ''): void {
    if (this.#phase === 'ended') return
    let text = error === undefined ? `[${id},1,${value}]` : `[${id},0,${JSON.stringify(error)}]`
    if (text.length + this.#repliesChars > INBOX_CHARS) {
      text = `[${id},0,{"code":"reply-too-large","message":"ask for less at a time"}]`
    }
    this.#repliesChars += text.length
    this.#replies.push(text)
    this.#schedulePump()
  }

  #verdict(id: number, [ok, value]: readonly [0 | 1, unknown] | readonly unknown[], now: number): void {
    const { manifest, listener } = this.#options
    const question = this.#questions.get(id)
    if (question === undefined) return
    this.#questions.delete(id)
    const { name, answer } = question
    if (ok !== 1) {
      answer({ type: 'no-verdict', code: 'faulted' })
      return
    }
    const parsed = parseVerdict(name, value)
    if (!parsed.ok) {
      this.#fault(`${name}: ${parsed.error.message}`)
      answer({ type: 'no-verdict', code: 'invalid' })
      return
    }
    const { type } = parsed.value
    const granted = manifest.permissions.hooks[name]?.verdicts.includes(type) === true
    this.#audit(now, name, undefined, {}, granted ? type : 'not-granted')
    if (!granted) {
      listener.refused(name, { code: 'not-granted', message: `the verdict ${type} is not granted` })
      answer({ type: 'no-verdict', code: 'invalid' })
      return
    }
    answer({ type: 'verdict', verdict: parsed.value })
  }
}

/** A plugin's answer as the core takes it. */
export const hookAnswer = <Name extends HookName>(plugin: string, answer: HookReply): HookAnswer<Name> =>
  (answer.type === 'verdict'
    ? { type: 'verdict', plugin, verdict: answer.verdict }
    : { type: 'no-verdict', plugin, code: answer.code }) as HookAnswer<Name>

const withDefined = ({ code, text }: { readonly code: string; readonly text?: string | undefined }) =>
  text === undefined ? { code } : { code, text }
