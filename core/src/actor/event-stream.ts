import { config, type Observable, Subject } from 'rxjs'

/** The event of a union `E` whose `type` is `T`. */
export type EventOf<E extends { readonly type: string }, T extends E['type']> = Extract<E, { readonly type: T }>

/**
 * What happens, as it happens: a live stream without memory. A subscriber that throws, directly or in an operator, is
 * reported and loses its subscription at most; the publisher and the other subscribers never notice.
 */
export interface EventStream<E extends { readonly type: string }> {
  readonly all: Observable<E>
  /** The events of one type, without a filter in between. */
  of<T extends E['type']>(type: T): Observable<EventOf<E, T>>
  /** Calls every subscriber before it returns. */
  publish(event: E): void
  /** Completes every subscription. */
  complete(): void
}

type Report = (error: unknown) => void

// RxJS hands what a subscriber throws to one handler of the process, later, without saying whose it was; left alone it
// would end the process.
const reporters = new Set<Report>()

const reportTo = (report: Report): (() => void) => {
  reporters.add(report)
  config.onUnhandledError = (error) => {
    for (const each of reporters) each(error)
  }
  return () => {
    reporters.delete(report)
    if (reporters.size === 0) config.onUnhandledError = null
  }
}

/** `onSubscriberError` is told what a subscriber of any live stream of this process threw, in a later turn. */
export const createEventStream = <E extends { readonly type: string }>(onSubscriberError: Report): EventStream<E> => {
  const all = new Subject<E>()
  const byType = new Map<string, Subject<E>>()
  const forget = reportTo(onSubscriberError)
  let completed = false
  return {
    all: all.asObservable(),
    of<T extends E['type']>(type: T) {
      let subject = byType.get(type)
      if (subject === undefined) {
        subject = new Subject<E>()
        if (completed) subject.complete()
        else byType.set(type, subject)
      }
      return subject.asObservable() as unknown as Observable<EventOf<E, T>>
    },
    publish(event) {
      all.next(event)
      byType.get(event.type)?.next(event)
    },
    complete() {
      completed = true
      all.complete()
      for (const subject of byType.values()) subject.complete()
      byType.clear()
      // What the last events made subscribers throw is still on its way.
      setTimeout(forget, 1)
    },
  }
}
