import type { CancelTimer, Clock } from '../lib/clock.ts'
import { invariant } from '../lib/errors.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Rng } from '../lib/rng.ts'
import type { Dispatcher, Runnable } from './dispatcher.ts'
import { LocalRef, NO_META } from './local-ref.ts'
import { type Envelope, Mailbox, type Reply } from './mailbox.ts'
import { Backoff } from './supervision.ts'
import type {
  ActorContext,
  ActorFault,
  ActorRef,
  ActorReport,
  AskFailure,
  Behaviour,
  BehaviourFactory,
  EndReason,
  Protocol,
  SpawnOptions,
  Supervision,
} from './types.ts'

/** What a cell needs of its system. */
export interface ActorHost {
  readonly clock: Clock
  readonly rng: Rng
  readonly dispatcher: Dispatcher
  readonly stopTimeoutMs: number
  readonly cells: Map<string, ActorCell>
  report(report: ActorReport): void
  /** A fault that nobody below wanted to decide about. */
  escalated(): void
}

type AnyHandler = (request: unknown, context: Envelope) => unknown
type AnyFactory = BehaviourFactory<Protocol>
type AnyOptions = SpawnOptions<Protocol>

/** One actor at run time: its mailbox, its behaviour in use, its children. */
export class ActorCell implements Runnable {
  readonly ref: ActorRef<Protocol>
  readonly path: string
  readonly #host: ActorHost
  readonly #parent: ActorCell | undefined
  readonly #factory: AnyFactory
  readonly #supervision: AnyOptions['supervision']
  readonly #mailbox: Mailbox
  readonly #backoff: Backoff
  readonly #children = new Set<ActorCell>()
  readonly #watchers = new Set<(reason: EndReason) => void>()
  readonly #unanswered = new Set<Reply>()
  readonly #timers = new Set<CancelTimer>()
  #behaviour: Behaviour<Protocol> | undefined
  #handlers: ReadonlyMap<string, AnyHandler> = new Map()
  #phase: 'running' | 'paused' | 'ending' | 'ended' = 'paused'
  #restarts = 0
  #restarting = false
  #lastFailure: { readonly error: unknown } | undefined
  #ended: { readonly reason: EndReason; readonly done: Promise<void> } | undefined
  #enqueued = false
  #handledSinceDrained = false
  #drainPutOff = false

  constructor(host: ActorHost, parent: ActorCell | undefined, path: string, factory: AnyFactory, options: AnyOptions) {
    invariant(!host.cells.has(path), `an actor already lives at ${path}`)
    this.path = path
    this.#host = host
    this.#parent = parent
    this.#factory = factory
    this.#supervision = options.supervision
    this.#mailbox = new Mailbox({ ...options, ...this.#pressureOption(options) })
    this.#backoff = new Backoff(host.clock)
    this.ref = new LocalRef(this, host.clock)
    host.cells.set(path, this)
    if (parent !== undefined) parent.#children.add(this)
    this.#begin()
  }

  // -- messages

  deliver(envelope: Envelope): void {
    if (this.#ended !== undefined) this.#refuse(envelope, 'actor-stopped')
    else if (!this.#mailbox.push(envelope)) this.#refuse(envelope, 'mailbox-full')
    else this.#wake()
  }

  /** Handles a batch, then signals `drained` if that left nothing. */
  run(batch: number): number {
    let handled = 0
    while (handled < batch && this.#phase === 'running') {
      const envelope = this.#mailbox.next()
      if (envelope === undefined) break
      handled += 1
      this.#handle(envelope)
    }
    this.#handledSinceDrained ||= handled > 0
    this.#enqueued = false
    if (this.#phase !== 'running') return handled
    if (!this.#mailbox.empty) {
      this.#wake()
    } else if (this.#behaviour?.drained !== undefined && this.#handledSinceDrained) {
      // Those who were runnable before may have more for this actor: it is drained after their turn. Once only, or two
      // actors that keep each other busy would never get there.
      if (!this.#drainPutOff && this.#host.dispatcher.busy) {
        this.#drainPutOff = true
        this.#enqueued = true
        this.#host.dispatcher.enqueue(this)
      } else {
        this.#drained()
      }
    }
    return handled
  }

  #wake(): void {
    if (this.#enqueued || this.#phase !== 'running') return
    this.#enqueued = true
    this.#host.dispatcher.enqueue(this)
  }

  #handle(envelope: Envelope): void {
    const { command, reply } = envelope
    const handler = this.#handlers.get(command)
    if (handler === undefined) {
      this.#refuse(envelope, 'unknown-command')
      return
    }
    let value: unknown
    try {
      value = handler(envelope.request, envelope)
    } catch (error) {
      reply?.(err({ code: 'handler-failed', path: this.path }))
      this.#fault(error, command)
      return
    }
    if (value instanceof Promise) this.#replyLater(value, envelope)
    else reply?.(ok(value))
  }

  #replyLater(value: Promise<unknown>, { command, reply }: Envelope): void {
    const behaviour = this.#behaviour
    if (reply !== undefined) this.#unanswered.add(reply)
    const answer = (result: Result<unknown, AskFailure>): void => {
      if (reply !== undefined && this.#unanswered.delete(reply)) reply(result)
    }
    value.then(
      (resolved) => answer(ok(resolved)),
      (error: unknown) => {
        answer(err({ code: 'handler-failed', path: this.path }))
        if (this.#behaviour === behaviour && this.#ended === undefined) this.#fault(error, command)
        else this.#host.report({ type: 'actor-faulted', ...this.#faultOf(error, command), decision: 'resume' })
      },
    )
  }

  #drained(): void {
    this.#handledSinceDrained = false
    this.#drainPutOff = false
    try {
      this.#behaviour?.drained?.()
    } catch (error) {
      this.#fault(error)
    }
  }

  #refuse({ command, reply }: Envelope, cause: 'actor-stopped' | 'mailbox-full' | 'unknown-command'): void {
    const { path } = this
    if (reply === undefined) this.#host.report({ type: 'message-dropped', path, command, cause })
    else reply(err(cause === 'unknown-command' ? { code: cause, path, command } : { code: cause, path }))
  }

  // -- supervision

  #begin(): void {
    try {
      const behaviour = this.#factory(this.#context())
      this.#handlers = new Map(Object.entries(behaviour.handlers))
      this.#behaviour = behaviour
    } catch (error) {
      this.#fault(error)
      return
    }
    this.#handledSinceDrained = false
    this.#drainPutOff = false
    // The factory may have stopped the actor.
    if (this.#ended === undefined) this.#resume()
  }

  #resume(): void {
    this.#phase = 'running'
    if (!this.#mailbox.empty) this.#wake()
  }

  #fault(error: unknown, command?: string): void {
    const fault = this.#faultOf(error, command)
    this.#lastFailure = { error }
    const decision = this.#decide(fault)
    this.#host.report({ type: 'actor-faulted', ...fault, decision: decision.type })
    this.#obey(decision, fault)
  }

  #faultOf(error: unknown, command?: string): ActorFault {
    return { path: this.path, ...(command !== undefined && { command }), error, restarts: this.#restarts }
  }

  #decide(fault: ActorFault): Supervision {
    if (typeof this.#supervision !== 'function') return this.#supervision ?? { type: 'resume' }
    try {
      return this.#supervision(fault)
    } catch (error) {
      this.#callbackThrew('supervision', error)
      return { type: 'stop' }
    }
  }

  #obey(decision: Supervision, fault: ActorFault): void {
    if (this.#ended !== undefined) return
    switch (decision.type) {
      case 'resume':
        // A factory that threw left nothing to go on with.
        if (this.#behaviour === undefined) void this.end('failed')
        else if (this.#phase === 'paused') this.#resume()
        return
      case 'restart':
        // Two children may escalate before the first restart is done.
        if (!this.#restarting) void this.#restart(this.#backoff.next(decision))
        return
      case 'stop':
        void this.end('failed')
        return
      case 'escalate':
        this.#phase = 'paused'
        if (this.#parent === undefined) this.#host.escalated()
        else this.#parent.#childEscalated(this, fault)
    }
  }

  #childEscalated(child: ActorCell, fault: ActorFault): void {
    if (this.#ended !== undefined) return
    const decision = this.#decide(fault)
    this.#host.report({ type: 'actor-faulted', ...fault, path: this.path, decision: decision.type })
    if (decision.type === 'resume') child.#obey(decision, fault)
    else this.#obey(decision, fault)
  }

  async #restart(pauseMs: number): Promise<void> {
    this.#phase = 'paused'
    this.#restarting = true
    const old = this.#behaviour
    this.#behaviour = undefined
    this.#cancelTimers()
    await this.#endChildren('stopped')
    await this.#callback('restarting', () => old?.restarting?.())
    if (this.#ended !== undefined) return
    const cancel = this.#host.clock.setTimer(pauseMs, () => {
      this.#timers.delete(cancel)
      this.#restarting = false
      this.#restarts += 1
      this.#begin()
    })
    this.#timers.add(cancel)
  }

  // -- the end

  /** Ends the actor: refuses what is queued and to come, ends its children, calls `stopped`, tells the watchers. */
  end(code: EndReason['code']): Promise<void> {
    if (this.#ended !== undefined) return this.#ended.done
    const done = Promise.withResolvers<void>()
    this.#ended = { reason: { code }, done: done.promise }
    void this.#finish().then(done.resolve)
    return done.promise
  }

  async #finish(): Promise<void> {
    this.#phase = 'ending'
    this.#cancelTimers()
    for (let next = this.#mailbox.next(); next !== undefined; next = this.#mailbox.next()) {
      this.#refuse(next, 'actor-stopped')
    }
    for (const reply of this.#unanswered) reply(err({ code: 'actor-stopped', path: this.path }))
    this.#unanswered.clear()
    await this.#endChildren('stopped')
    await this.#callback('stopped', () => this.#behaviour?.stopped?.())
    this.#phase = 'ended'
    this.#host.cells.delete(this.path)
    if (this.#parent !== undefined) this.#parent.#children.delete(this)
    for (const watcher of this.#watchers) this.#tellWatcher(watcher)
    this.#watchers.clear()
  }

  /** Youngest first, one after the other. */
  async #endChildren(code: EndReason['code']): Promise<void> {
    for (const child of [...this.#children].reverse()) await child.end(code)
  }

  watch(onEnd: (reason: EndReason) => void): () => void {
    if (this.#phase === 'ended') {
      this.#tellWatcher(onEnd)
      return () => {}
    }
    // Wrapped, so that the same function given twice is two watchers.
    const watcher = (reason: EndReason): void => onEnd(reason)
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  #tellWatcher(watcher: (reason: EndReason) => void): void {
    try {
      watcher(this.#ended?.reason ?? { code: 'stopped' })
    } catch (error) {
      this.#callbackThrew('watch', error)
    }
  }

  // -- what the behaviour is given

  #context(): ActorContext<Protocol> {
    const { clock, rng } = this.#host
    const restarts = this.#restarts
    return {
      self: this.ref,
      clock,
      rng,
      restarts,
      ...(this.#lastFailure !== undefined && { lastFailure: this.#lastFailure.error }),
      spawn: (name, factory, options) => this.#spawn(name, factory, options),
      stop: () => void this.end('stopped'),
      schedule: (delayMs, command, request) =>
        restarts === this.#restarts && !this.#restarting ? this.#schedule(delayMs, command, request) : () => {},
    }
  }

  #spawn<C extends Protocol>(name: string, factory: BehaviourFactory<C>, options?: SpawnOptions<C>): ActorRef<C> {
    invariant(this.#ended === undefined, `${this.path} has ended and cannot have children`)
    return createActorCell(this.#host, this, name, factory, options).ref as unknown as ActorRef<C>
  }

  #schedule(delayMs: number, command: string, request: unknown): CancelTimer {
    if (this.#ended !== undefined) return () => {}
    const cancel = this.#host.clock.setTimer(delayMs, () => {
      this.#timers.delete(cancel)
      this.deliver({ command, request, meta: NO_META, reply: undefined })
    })
    this.#timers.add(cancel)
    return () => {
      this.#timers.delete(cancel)
      cancel()
    }
  }

  #cancelTimers(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  #pressureOption({ onPressure }: AnyOptions): Pick<AnyOptions, 'onPressure'> {
    if (onPressure === undefined) return {}
    return {
      onPressure: (lane, full) => {
        try {
          onPressure(lane, full)
        } catch (error) {
          this.#callbackThrew('onPressure', error)
        }
      },
    }
  }

  /** Waits for a callback that may take its time, but not for ever. */
  async #callback(callback: string, call: () => void | Promise<void>): Promise<void> {
    let cancel: CancelTimer | undefined
    try {
      const pending = call()
      if (!(pending instanceof Promise)) return
      const late = new Promise<never>((_, reject) => {
        const fire = (): void => reject(new Error(`${callback} is not done in ${this.#host.stopTimeoutMs} ms`))
        cancel = this.#host.clock.setTimer(this.#host.stopTimeoutMs, fire)
      })
      await Promise.race([pending, late])
    } catch (error) {
      this.#callbackThrew(callback, error)
    } finally {
      cancel?.()
    }
  }

  #callbackThrew(callback: string, error: unknown): void {
    this.#host.report({ type: 'callback-threw', callback, path: this.path, error })
  }
}

/** Makes the actor `name` under `parent` (under the root if there is none) and its first behaviour. */
export const createActorCell = <P extends Protocol>(
  host: ActorHost,
  parent: ActorCell | undefined,
  name: string,
  factory: BehaviourFactory<P>,
  options: SpawnOptions<P> = {},
): ActorCell => {
  invariant(name !== '' && !name.includes('/'), 'an actor has a name without a slash')
  // A cell treats every protocol alike; its ref gives the types back.
  const anyFactory = factory as unknown as AnyFactory
  return new ActorCell(host, parent, `${parent?.path ?? ''}/${name}`, anyFactory, options as unknown as AnyOptions)
}
