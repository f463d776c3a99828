import { restoreEvent } from '../../generated/decoders.ts'
import type { Actors } from '../../generated/types.ts'
import type { PluginStore } from '../plugin-api.ts'
import { actorsFor } from './asks.ts'
import { describe, fault, send } from './outgoing.ts'
import { StagedStore } from './store.ts'
import { after } from './timers.ts'
import type { StoreWrite, WireEvent } from './turn.ts'

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

/** Events of one label: handled in order, one at a time, until each has succeeded or was set aside. */
export class DurableSubscription {
  readonly label: string
  readonly #filter: AnyFilter | undefined
  readonly #handler: AnyHandler
  readonly #restore: ((payload: unknown) => void) | undefined
  #queue: readonly WireEvent[] = []
  #next = 0
  #attempts = 0
  #busy = false
  #done = 0
  #writes: StoreWrite[] = []

  constructor(label: string, name: string, filter: AnyFilter | undefined, handler: AnyHandler) {
    this.label = label
    this.#filter = filter
    this.#handler = handler
    this.#restore = restoreEvent[name]
  }

  deliver(events: readonly WireEvent[]): void {
    this.#queue = this.#next === this.#queue.length ? events : [...this.#queue.slice(this.#next), ...events]
    this.#next = 0
    const restore = this.#restore
    if (restore !== undefined) for (const event of events) restore(event.payload)
    if (!this.#busy) this.#drain()
  }

  /** Adds to the outbox what was done since it was last asked. */
  report(): void {
    if (this.#done === 0) return
    send('acks', [this.label, this.#done, this.#writes])
    this.#done = 0
    this.#writes = []
  }

  #drain(): void {
    while (this.#next < this.#queue.length) {
      const event = this.#queue[this.#next] as WireEvent
      const context = new RunContext(`${this.label}/${event.cursor}`, [event.cursor], event)
      try {
        const payload = event.payload as Payload
        const wanted = this.#filter === undefined || this.#filter(payload)
        const outcome = wanted ? this.#handler(payload, context) : undefined
        if (isThenable(outcome)) {
          this.#busy = true
          outcome.then(
            () => {
              this.#busy = false
              this.#succeed(context)
              this.#drain()
            },
            (thrown: unknown) => {
              this.#busy = false
              if (this.#failed(thrown)) this.#drain()
            },
          )
          return
        }
        this.#succeed(context)
      } catch (thrown) {
        if (!this.#failed(thrown)) return
      }
    }
  }

  #succeed(context: RunContext): void {
    const writes = RunContext.writesOf(context)
    for (const write of writes) this.#writes.push(write)
    this.#advance()
  }

  #advance(): void {
    this.#done += 1
    this.#next += 1
    this.#attempts = 0
  }

  /** Whether to go on with the next event now. */
  #failed(thrown: unknown): boolean {
    fault(thrown)
    this.#attempts += 1
    if (this.#attempts >= ATTEMPTS) {
      // What was done before it must be told before it.
      this.report()
      send('acks', [this.label, 1, [], describe(thrown)])
      this.#next += 1
      this.#attempts = 0
      return true
    }
    this.#busy = true
    after(FIRST_PAUSE_MS * 4 ** (this.#attempts - 1), () => {
      this.#busy = false
      this.#drain()
    })
    return false
  }
}
