import { restoreReply } from '../../generated/decoders.ts'
import type { Actors } from '../../generated/types.ts'
import { ActorError } from '../actor-error.ts'
import { send } from './outgoing.ts'
import type { StoreWrite, WireError } from './turn.ts'

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  /** Name of the operation whose amounts are to be restored. */
  readonly operation: string | undefined
  readonly place: Place | undefined
}

/** Its stack is put into words when somebody reads it. */
interface Place {
  readonly stack?: string
}

// Kept before the plugin can replace it.
const { captureStackTrace } = Error

/** So many asks of a turn keep where they were asked, which is a tenth of what an ask costs. Of those after them it is known where they are awaited. */
const PLACES = 4

const pending = new Map<number, Pending>()
let lastId = 0
let places = 0

/** A turn begins. */
export const resetPlaces = (): void => {
  places = 0
}

const placeOf = (caller: (...args: never[]) => unknown): Place => {
  const place: Place = {}
  captureStackTrace(place, caller)
  return place
}

type Begin = (id: number) => void

const waitFor = (operation: string | undefined, begin: Begin): Promise<unknown> => {
  if (places >= PLACES) return awaited(answerTo(operation, begin))
  places += 1
  return answerTo(operation, begin, placeOf(waitFor))
}

const answerTo = (operation: string | undefined, begin: Begin, place?: Place): Promise<unknown> =>
  new Promise((resolve, reject) => {
    lastId += 1
    pending.set(lastId, { resolve, reject, operation, place })
    begin(lastId)
  })

const awaited = async (answer: Promise<unknown>): Promise<unknown> => {
  try {
    return await answer
  } catch (error) {
    putPlace(error as ActorError, placeOf(awaited))
    throw error
  }
}

/** An answer comes in a turn of its own, whose stack has nothing of the plugin: the error has the place where it asked. */
const putPlace = (error: ActorError, { stack = '' }: Place): void => {
  const places = stack.slice(stack.indexOf('\n') + 1)
  Object.defineProperty(error, 'stack', {
    value: `${error.name}: ${error.message}\n${places}`,
    writable: true,
    configurable: true,
  })
}

const rejection = ({ code, message, field, details }: WireError, place: Place | undefined): ActorError => {
  const error = new ActorError(code, message, field, details)
  if (place !== undefined) putPlace(error, place)
  return error
}

/** Settles the promise that waits for this reply. */
export const settle = (id: number, ok: 0 | 1, value: unknown): void => {
  const waiting = pending.get(id)
  if (waiting === undefined) return
  pending.delete(id)
  if (ok === 1) {
    if (waiting.operation !== undefined) restoreReply[waiting.operation]?.(value)
    waiting.resolve(value)
  } else {
    waiting.reject(rejection(value as WireError, waiting.place))
  }
}

/** Asks the core for stored values: one, or some of those whose keys begin so and come after another. */
export const read = (kind: 'get' | 'list', key: string, after?: string): Promise<unknown> =>
  waitFor(undefined, (id) => send('reads', after === undefined ? [id, kind, key] : [id, kind, key, after]))

/** Has the core keep values. */
export const write = (writes: readonly StoreWrite[]): Promise<unknown> =>
  waitFor(undefined, (id) => send('writes', [id, writes]))

/** What a handler's asks have in common. */
export interface Cause {
  /** Names the handler's run: the same on every attempt. */
  readonly key: string
  readonly causes: readonly string[]
}

type Operation = (request?: unknown, options?: Readonly<Record<string, unknown>>) => Promise<unknown>

/**
 * References to the core's actors. Where there is a cause, each ask carries it, and a key: the run's name with the label
 * that the author gave as key, or else with the operation and how many times the run has asked it before. An attempt that
 * repeats the run repeats its keys, so that nothing is spent twice.
 */
export const actorsFor = (cause?: Cause): Actors => {
  const counts = new Map<string, number>()
  const optionsFor = (name: string, options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
    if (cause === undefined) return options
    const count = counts.get(name) ?? 0
    counts.set(name, count + 1)
    const label = options.key === undefined ? `${name}#${count}` : String(options.key)
    return { ...options, key: `${cause.key}/${label}`, causes: options.causes ?? cause.causes }
  }
  const operation =
    (actor: string, name: string): Operation =>
    (request = {}, options = {}) => {
      const full = `${actor}.${name}`
      return waitFor(full, (id) => send('asks', [id, actor, name, request, optionsFor(full, options)]))
    }
  return named((actor) => named((name) => operation(actor, name))) as unknown as Actors
}

/** An object whose members are made when they are first asked for. */
const named = (make: (name: string) => object): object => {
  const made = new Map<string, object>()
  return new Proxy(Object.freeze(Object.create(null)), {
    get(_, key) {
      // `then` would make it a promise in the eyes of `await`.
      if (typeof key !== 'string' || key === 'then') return undefined
      let member = made.get(key)
      if (member === undefined) {
        member = make(key)
        made.set(key, member)
      }
      return member
    },
  })
}
