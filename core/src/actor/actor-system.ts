import { type Clock, systemClock } from '../lib/clock.ts'
import { type Rng, systemRng } from '../lib/rng.ts'
import { Dispatcher } from './dispatcher.ts'
import { EventStream } from './event-stream.ts'
import { type ActorHost, createLocalActor, type LocalActor } from './local-actor.ts'
import { type Observable, Subject } from './rxjs.ts'
import type { ActorRef, ActorReport, BehaviourFactory, Protocol, SpawnOptions } from './types.ts'

export interface ActorSystemOptions {
  /** The system's clock if absent. */
  readonly clock?: Clock
  /** The system's generator if absent. */
  readonly rng?: Rng
  /** How long one actor's `stopped` (or `restarting`) is waited for; 10,000 if absent. */
  readonly stopTimeoutMs?: number
}

/** Where actors live: their clock, randomness and event stream, and who is at which path. */
export interface ActorSystem<E extends { readonly type: string }> {
  readonly clock: Clock
  readonly rng: Rng
  readonly events: EventStream<E>
  /** Faults, dropped messages, callbacks that threw: for the log. */
  readonly reports: Observable<ActorReport>
  /** Adds to `reports`; for parts of the kernel such as transports. */
  report(report: ActorReport): void
  /** Makes an actor at `/name`, and its behaviour at once. Throws if the path is taken or the system has been stopped. */
  spawn<P extends Protocol>(name: string, factory: BehaviourFactory<P>, options?: SpawnOptions<P>): ActorRef<P>
  /** The actor that lives at the path now. The caller vouches for its protocol. */
  find<P extends Protocol>(path: string): ActorRef<P> | undefined
  /** The paths of all living actors, oldest first. */
  paths(): readonly string[]
  /** Ends the actor at the path, if there is one, and its children before it. */
  stopActor(path: string): Promise<void>
  /** Ends every actor, youngest first, then the streams. The same promise for every call. */
  stop(): Promise<void>
  /**
   * Resolves when no message is waiting and only work that needs I/O or timers is left. For tests: with the virtual clock, everything that
   * can happen now has happened then.
   */
  settled(): Promise<void>
}

export const createActorSystem = <E extends { readonly type: string }>({
  clock = systemClock,
  rng = systemRng,
  stopTimeoutMs = 10_000,
}: ActorSystemOptions = {}): ActorSystem<E> => {
  const reports = new Subject<ActorReport>()
  const report = (entry: ActorReport): void => reports.next(entry)
  const events = new EventStream<E>((error) => report({ type: 'callback-threw', callback: 'subscriber', error }))
  const dispatcher = new Dispatcher(clock)
  const actors = new Map<string, LocalActor>()
  let stopping: Promise<void> | undefined

  const stopAll = async (): Promise<void> => {
    const roots = [...actors.values()].filter(({ path }) => path.lastIndexOf('/') === 0)
    for (const root of roots.reverse()) await root.end('stopped')
    events.complete()
    // Watchers and subscribers of the end may still send something.
    setImmediate(() => reports.complete())
  }
  const stop = (): Promise<void> => {
    stopping ??= stopAll()
    return stopping
  }
  const host: ActorHost = { clock, rng, dispatcher, stopTimeoutMs, actors, report, escalated: () => void stop() }

  return {
    clock,
    rng,
    events,
    reports: reports.asObservable(),
    report,
    spawn<P extends Protocol>(name: string, factory: BehaviourFactory<P>, options?: SpawnOptions<P>) {
      if (stopping !== undefined) throw new Error('the actor system has been stopped')
      return createLocalActor(host, undefined, name, factory, options).ref as unknown as ActorRef<P>
    },
    find: <P extends Protocol>(path: string) => actors.get(path)?.ref as unknown as ActorRef<P> | undefined,
    paths: () => [...actors.keys()],
    stopActor: (path) => actors.get(path)?.end('stopped') ?? Promise.resolve(),
    stop,
    async settled() {
      do await new Promise((resolve) => setImmediate(resolve))
      while (dispatcher.busy)
    },
  }
}
