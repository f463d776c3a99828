import type { CancelTimer, Clock } from '../lib/clock.ts'
import { invariant } from '../lib/errors.ts'
import type { Rng } from '../lib/rng.ts'
import { ActorInbox } from './actor-inbox.ts'
import { ActorTimers } from './actor-timers.ts'
import type { Dispatcher } from './dispatcher.ts'
import { LocalRef, NO_META } from './local-ref.ts'
import { type Envelope, Mailbox } from './mailbox.ts'
import { Backoff } from './supervision.ts'
import type {
  ActorContext,
  ActorFault,
  ActorRef,
  ActorReport,
  Behaviour,
  BehaviourFactory,
  EndReason,
  Protocol,
  SpawnOptions,
  Supervision,
} from './types.ts'
import { Watchers } from './watchers.ts'

/** What an actor needs from its system. */
export interface ActorHost {
  readonly clock: Clock
  readonly rng: Rng
  readonly dispatcher: Dispatcher
  readonly stopTimeoutMs: number
  readonly actors: Map<string, LocalActor>
  report(report: ActorReport): void
  /** A fault that no actor below wanted to decide about. */
  escalated(): void
}

type AnyFactory = BehaviourFactory<Protocol>
type AnyOptions = SpawnOptions<Protocol>

/** One actor at run time: its current behaviour, how it deals with faults, its children and its end. */
export class LocalActor {
  readonly ref: ActorRef<Protocol>
  readonly path: string
  readonly #host: ActorHost
  readonly #parent: LocalActor | undefined
  readonly #factory: AnyFactory
  readonly #supervision: AnyOptions['supervision']
  readonly #inbox: ActorInbox
  readonly #timers: ActorTimers
  readonly #backoff: Backoff
  readonly #children = new Set<LocalActor>()
  readonly #watchers = new Watchers((error) => this.#callbackThrew('watch', error))
  #behaviour: Behaviour<Protocol> | undefined
  #restarts = 0
  #restarting = false
  #lastFailure: { readonly error: unknown } | undefined
  #ended: Promise<void> | undefined

  constructor(host: ActorHost, parent: LocalActor | undefined, path: string, factory: AnyFactory, options: AnyOptions) {
    invariant(!host.actors.has(path), `an actor already lives at ${path}`)
    this.path = path
    this.#host = host
    this.#parent = parent
    this.#factory = factory
    this.#supervision = options.supervision
    this.#timers = new ActorTimers(host.clock)
    this.#inbox = new ActorInbox({
      path,
      mailbox: new Mailbox({ ...options, ...this.#pressureOption(options) }),
      dispatcher: host.dispatcher,
      report: (report) => host.report(report),
      fault: (error, command) => this.#fault(error, command),
      lateFault: (behaviour, error, command) => this.#lateFault(behaviour, error, command),
    })
    this.#backoff = new Backoff(host.clock)
    this.ref = new LocalRef(this, host.clock)
    host.actors.set(path, this)
    if (parent !== undefined) parent.#children.add(this)
    this.#begin()
  }

  deliver(envelope: Envelope): void {
    this.#inbox.deliver(envelope)
  }

  watch(onEnd: (reason: EndReason) => void): () => void {
    return this.#watchers.add(onEnd)
  }

  // -- supervision

  #begin(): void {
    try {
      const behaviour = this.#factory(this.#context())
      this.#inbox.use(behaviour)
      this.#behaviour = behaviour
    } catch (error) {
      this.#fault(error)
      return
    }
    // The factory may have stopped the actor.
    if (this.#ended === undefined) this.#inbox.open()
  }

  #fault(error: unknown, command?: string): void {
    const fault = this.#faultOf(error, command)
    this.#lastFailure = { error }
    const decision = this.#decide(fault)
    this.#host.report({ type: 'actor-faulted', ...fault, decision: decision.type })
    this.#obey(decision, fault)
  }

  #lateFault(behaviour: Behaviour<Protocol> | undefined, error: unknown, command: string): void {
    if (this.#behaviour === behaviour && this.#ended === undefined) this.#fault(error, command)
    else this.#host.report({ type: 'actor-faulted', ...this.#faultOf(error, command), decision: 'resume' })
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
        // A factory that threw left no behaviour to go on with.
        if (this.#behaviour === undefined) void this.end('failed')
        else if (this.#inbox.isPaused) this.#inbox.open()
        return
      case 'restart':
        // Two children may escalate before the first restart is done.
        if (!this.#restarting) void this.#restart(this.#backoff.next(decision))
        return
      case 'stop':
        void this.end('failed')
        return
      case 'escalate':
        this.#inbox.pause()
        if (this.#parent === undefined) this.#host.escalated()
        else this.#parent.#childEscalated(this, fault)
    }
  }

  #childEscalated(child: LocalActor, fault: ActorFault): void {
    if (this.#ended !== undefined) return
    const decision = this.#decide(fault)
    this.#host.report({ type: 'actor-faulted', ...fault, path: this.path, decision: decision.type })
    if (decision.type === 'resume') child.#obey(decision, fault)
    else this.#obey(decision, fault)
  }

  async #restart(pauseMs: number): Promise<void> {
    this.#inbox.pause()
    this.#restarting = true
    const old = this.#behaviour
    this.#behaviour = undefined
    this.#timers.cancelAll()
    await this.#endChildren('stopped')
    await this.#callback('restarting', () => old?.restarting?.())
    if (this.#ended !== undefined) return
    this.#timers.set(pauseMs, () => {
      this.#restarting = false
      this.#restarts += 1
      this.#begin()
    })
  }

  // -- the end

  /** Ends the actor: refuses the messages that are queued or still come, ends its children, calls `stopped`, tells the watchers. */
  end(code: EndReason['code']): Promise<void> {
    if (this.#ended !== undefined) return this.#ended
    const done = Promise.withResolvers<void>()
    this.#ended = done.promise
    void this.#finish({ code }).then(done.resolve)
    return done.promise
  }

  async #finish(reason: EndReason): Promise<void> {
    this.#timers.cancelAll()
    this.#inbox.close()
    await this.#endChildren('stopped')
    await this.#callback('stopped', () => this.#behaviour?.stopped?.())
    this.#host.actors.delete(this.path)
    if (this.#parent !== undefined) this.#parent.#children.delete(this)
    this.#watchers.tell(reason)
  }

  /** Youngest first, one after the other. */
  async #endChildren(code: EndReason['code']): Promise<void> {
    for (const child of [...this.#children].reverse()) await child.end(code)
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
    return createLocalActor(this.#host, this, name, factory, options).ref as unknown as ActorRef<C>
  }

  #schedule(delayMs: number, command: string, request: unknown): CancelTimer {
    if (this.#ended !== undefined) return () => {}
    return this.#timers.set(delayMs, () => this.deliver({ command, request, meta: NO_META, reply: undefined }))
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

  /** Waits for a callback that may take some time, but not for ever. */
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
export const createLocalActor = <P extends Protocol>(
  host: ActorHost,
  parent: LocalActor | undefined,
  name: string,
  factory: BehaviourFactory<P>,
  options: SpawnOptions<P> = {},
): LocalActor => {
  invariant(name !== '' && !name.includes('/'), 'an actor has a name without a slash')
  // It treats every protocol alike; its ref gives the types back.
  const anyFactory = factory as unknown as AnyFactory
  return new LocalActor(host, parent, `${parent?.path ?? ''}/${name}`, anyFactory, options as unknown as AnyOptions)
}
