import { Observable, type Observer, Subscriber, Subscription } from 'rxjs'
import { fault } from './outgoing.ts'
import { turnUptime } from './prelude.ts'
import { after } from './timers.ts'

type Next = (value: unknown) => void
type Subscribe = (this: Observable<unknown>, observer?: Given) => Subscription
type Given = Partial<Observer<unknown>> | Next | null | undefined

/** Faults of a view in so long, after which it waits before it looks again: one that fails by itself would never end. */
const FAULTS = 8
const WITHIN_MS = 1_000
const PAUSE_MS = 1_000

/** The events that are looked at by what is just being subscribed. */
let looking: Set<string> | undefined

/** Sources of live events, and what they are called in the plugin. */
const sources = new WeakMap<object, string>()

/** A source of live events: whoever subscribes to it, and however many operators stand between, is a view. */
export const viewed = <Value>(source: Observable<Value>, where: string): Observable<Value> => {
  const observable = new Observable<Value>((subscriber) => {
    looking?.add(where)
    return source.subscribe(subscriber)
  })
  sources.set(observable, where)
  return observable
}

/**
 * Makes what a view throws, in its operators or at its end, a fault like others, after which it is subscribed again: by itself
 * RxJS would end it, and the plugin would go on without. A view that has a handler for errors is left to it.
 */
export const watchViews = (): void => {
  const { prototype } = Observable
  const plain = prototype.subscribe as Subscribe
  const watched = function (this: Observable<unknown>, given?: Given, error?: unknown, complete?: () => void) {
    // Operators subscribe with these, one to the other.
    if (given instanceof Subscriber) return plain.call(this, given)
    const observer = typeof given === 'function' || given == null ? { next: given, error, complete } : given
    if (typeof observer.error === 'function') return plain.call(this, observer as Given)
    return new View(this, observer as Partial<Observer<unknown>>, plain).subscription
  }
  prototype.subscribe = watched as typeof prototype.subscribe
}

/** One subscription of a plugin's, and those that follow it when it fails. */
class View {
  readonly subscription = new Subscription()
  readonly #source: Observable<unknown>
  readonly #observer: Partial<Observer<unknown>>
  readonly #plain: Subscribe
  readonly #events = new Set<string>()
  #faults: number[] = []

  constructor(source: Observable<unknown>, observer: Partial<Observer<unknown>>, plain: Subscribe) {
    this.#source = source
    this.#observer = observer
    this.#plain = plain
    // What is shared is subscribed to once, by the first.
    for (let at: Observable<unknown> | undefined = source; at !== undefined; at = at.source) {
      const where = sources.get(at)
      if (where !== undefined) this.#events.add(where)
    }
    this.#look()
  }

  #look(): void {
    const outer = looking
    looking = this.#events
    const inner = new Subscription()
    try {
      const looked = this.#plain.call(this.#source, {
        next: (value) => this.#next(value),
        error: (thrown) => {
          this.subscription.remove(inner)
          this.#failed(thrown)
        },
        complete: () => this.#complete(),
      })
      inner.add(looked)
      if (!looked.closed) this.subscription.add(inner)
    } finally {
      looking = outer
    }
  }

  #next(value: unknown): void {
    try {
      this.#observer.next?.(value)
    } catch (thrown) {
      fault(thrown, this.#where)
    }
  }

  #complete(): void {
    try {
      this.#observer.complete?.()
    } catch (thrown) {
      fault(thrown, this.#where)
    }
    this.subscription.unsubscribe()
  }

  #failed(thrown: unknown): void {
    fault(thrown, this.#where)
    // What is no view would begin from its beginning.
    if (this.#events.size === 0) {
      this.subscription.unsubscribe()
      return
    }
    const now = turnUptime()
    this.#faults = [...this.#faults.filter((at) => at > now - WITHIN_MS), now]
    const again = (): void => {
      if (!this.subscription.closed) this.#look()
    }
    if (this.#faults.length < FAULTS) again()
    else after(PAUSE_MS, again)
  }

  get #where(): string {
    return this.#events.size === 0 ? 'an observable' : [...this.#events].join(' and ')
  }
}
