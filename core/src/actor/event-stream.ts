import { AsyncLocalStorage } from 'node:async_hooks'
import { config, Observable, Subject } from './rxjs.ts'

/** The event of a union `E` whose `type` is `T`. */
export type EventOf<E extends { readonly type: string }, T extends E['type']> = Extract<E, { readonly type: T }>

type OnSubscriberError = (error: unknown) => void

// RxJS hands an error that a subscriber throws to one handler of the whole process, in a later turn, without saying whose it was; unhandled
// it would end the process.
const handlers = new Set<OnSubscriberError>()
// Set while a handler runs: errors of the handler's own subscribers must not come back to it for ever.
const handling = new AsyncLocalStorage<true>()

const catchSubscriberErrors = (handler: OnSubscriberError): (() => void) => {
  handlers.add(handler)
  config.onUnhandledError = (error) => {
    if (handling.getStore() === undefined) handling.run(true, () => handlers.forEach((each) => void each(error)))
  }
  return () => {
    handlers.delete(handler)
    if (handlers.size === 0) config.onUnhandledError = null
  }
}

/**
 * Events as they happen: a live stream without memory. If a subscriber throws, directly or in an operator, that is reported; the publisher
 * and the other subscribers never notice. Every subscriber sees events in the order in which they were published, including those that a
 * subscriber publishes.
 */
export class EventStream<E extends { readonly type: string }> extends Observable<E> {
  readonly #all: Subject<E>
  readonly #byType = new Map<string, Subject<E>>()
  readonly #waiting: E[] = []
  readonly #forget: () => void
  #publishing = false

  /** `onSubscriberError` is called, in a later turn, with what a subscriber of any live stream of this process threw. */
  constructor(onSubscriberError: OnSubscriberError) {
    const all = new Subject<E>()
    super((subscriber) => all.subscribe(subscriber))
    this.#all = all
    this.#forget = catchSubscriberErrors(onSubscriberError)
  }

  /** The events of one type, without a filter in between. */
  of<T extends E['type']>(type: T): Observable<EventOf<E, T>> {
    let subject = this.#byType.get(type)
    if (subject === undefined) {
      subject = new Subject<E>()
      this.#byType.set(type, subject)
      if (this.#all.isStopped) subject.complete()
    }
    return subject.asObservable() as unknown as Observable<EventOf<E, T>>
  }

  /** When it returns, every subscriber has been called, unless a subscriber called it: then they are called right after that one. */
  publish(event: E): void {
    this.#waiting.push(event)
    if (this.#publishing) return
    this.#publishing = true
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#all.next(next)
      this.#byType.get(next.type)?.next(next)
    }
    this.#publishing = false
  }

  /** Ends every subscription. */
  complete(): void {
    this.#all.complete()
    for (const subject of this.#byType.values()) subject.complete()
    // Errors that subscribers threw for the last events are still on their way.
    setTimeout(this.#forget, 1)
  }
}
