import { restoreEvent } from '../../generated/decoders.ts'
import type { Actors } from '../../generated/types.ts'
import { ActorError } from '../actor-error.ts'
import type { PluginStore } from '../plugin-api.ts'
import { actorsFor } from './asks.ts'
import { describe, fault, send } from './outgoing.ts'
import { StagedStore } from './store.ts'
import { after } from './timers.ts'
import type { StoreWrite, WireError, WireEvent } from './turn.ts'

type Payload = never
export type AnyHandler = (payload: Payload, context: RunContext) => unknown
export type AnyFilter = (payload: Payload) => boolean

const ATTEMPTS = 5
const FIRST_PAUSE_MS = 1_000

/** One attempt of a handler. Its actors and its store are made when they are first asked for. */
export class RunContext {
  readonly event: WireEvent | undefined
  readonly #key: string
  readonly #cause: readonly string[]
  #actors: Actors | undefined
  #store: StagedStore | undefined

  constructor(key: string, cause: readonly string[], event?: WireEvent) {
    this.#key = key
    this.#cause = cause
    this.event = event
  }

  get actors(): Actors {
    this.#actors ??= actorsFor({ key: this.#key, causes: this.#cause })
    return this.#actors
  }

  get store(): PluginStore {
    this.#store ??= new StagedStore()
    return this.#store
  }

  static writesOf(context: RunContext): readonly StoreWrite[] {
    return context.#store === undefined ? NOTHING : context.#store.writes()
  }
}

const NOTHING: readonly StoreWrite[] = []

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'

/** Events of one label: handled in order, one at a time, until each has succeeded and is kept, or was set aside. */
export class DurableSubscription {
  readonly label: string
  readonly #where: string
  readonly #filter: AnyFilter | undefined
  readonly #handler: AnyHandler
  readonly #restore: ((payload: unknown) => void) | undefined
  #queue: readonly WireEvent[] = []
  // All before the first are kept; of those before the second the core was told; those before the third are handled.
  #kept = 0
  #told = 0
  #next = 0
  #attempts = 0
  #running = false
  #paused = false
  #pauses = 0
  /** How often it had to go back: what was begun before counts no more. */
  #returns = 0
  /** Something was not kept: until the queue is done, the next event waits until it is known that the last one is. */
  #careful = false
  #done = 0
  #writes: StoreWrite[] = []

  constructor(label: string, name: string, filter: AnyFilter | undefined, handler: AnyHandler) {
    this.label = label
    this.#where = `events.each('${label}', '${name}')`
    this.#filter = filter
    this.#handler = handler
    this.#restore = restoreEvent[name]
  }

  /** More events. The core sends them when it has kept all that it sent before. */
  deliver(events: readonly WireEvent[]): void {
    this.#queue = events
    this.#kept = 0
    this.#told = 0
    this.#next = 0
    this.#careful = false
    const restore = this.#restore
    if (restore !== undefined) for (const event of events) restore(event.payload)
    this.#drain()
  }

  /** Adds to the outbox what was done since it was last asked. */
  report(): void {
    if (this.#done === 0) return
    send('acks', [this.label, this.#done, this.#writes])
    this.#told = this.#next
    this.#done = 0
    this.#writes = []
  }

  /** What the core was told in the last turn is kept; or it is not, and is to be done again. */
  answered(unkept: WireError | undefined): void {
    if (this.#told === this.#kept) return
    if (unkept === undefined) {
      this.#kept = this.#told
      if (this.#careful) this.#attempts = 0
      return
    }
    const isOne = this.#told - this.#kept === 1
    this.#returns += 1
    this.#told = this.#kept
    this.#next = this.#kept
    this.#done = 0
    this.#writes = []
    this.#careful = true
    this.#paused = false
    // Which of several it was comes out when they are done one by one.
    if (isOne) this.#failed(new ActorError(unkept.code, unkept.message))
    else this.#attempts = 0
    this.#drain()
  }

  #drain(): void {
    while (!this.#running && !this.#paused && this.#next < this.#queue.length) {
      const event = this.#queue[this.#next] as WireEvent
      const context = new RunContext(`${this.label}/${event.cursor}`, [event.cursor], event)
      try {
        const payload = event.payload as Payload
        const wanted = this.#filter === undefined || this.#filter(payload)
        const outcome = wanted ? this.#handler(payload, context) : undefined
        if (isThenable(outcome)) this.#await(outcome, context)
        else this.#succeed(context)
      } catch (thrown) {
        this.#failed(thrown)
      }
    }
  }

  #await(outcome: PromiseLike<unknown>, context: RunContext): void {
    const returns = this.#returns
    this.#running = true
    const settled = (act: () => void): void => {
      this.#running = false
      if (returns === this.#returns) act()
      this.#drain()
    }
    outcome.then(
      () => settled(() => this.#succeed(context)),
      (thrown: unknown) => settled(() => this.#failed(thrown)),
    )
  }

  #succeed(context: RunContext): void {
    const writes = RunContext.writesOf(context)
    for (const write of writes) this.#writes.push(write)
    this.#done += 1
    this.#next += 1
    if (this.#careful) this.#pause(1)
    else this.#attempts = 0
  }

  #failed(thrown: unknown): void {
    fault(thrown, this.#where)
    this.#attempts += 1
    if (this.#attempts < ATTEMPTS) {
      this.#pause(FIRST_PAUSE_MS * 4 ** (this.#attempts - 1))
      return
    }
    // What was done before it must be told before it.
    this.report()
    send('acks', [this.label, 1, [], describe(thrown)])
    this.#next += 1
    this.#told = this.#next
    this.#attempts = 0
  }

  #pause(ms: number): void {
    this.#paused = true
    this.#pauses += 1
    const pause = this.#pauses
    after(ms, () => {
      if (pause !== this.#pauses) return
      this.#paused = false
      this.#drain()
    })
  }
}
