import { keepAllowedGlobals } from './allowed-globals.ts'
import type { Inbox } from './turn.ts'
import { random, seedRandom } from './turn-random.ts'
import { removeLocales } from './without-locale.ts'

// Runs first in every context, before anything of the plugin exists. It leaves the plugin what is on a list of globals, and takes from
// those what an isolate's memory limit does not count (buffers that grow, objects of `Intl`) and what tells real time.

const clock = { now: 0, uptime: 0 }

/** Sets the turn's time and randomness. */
export const setTurn = ({ now, uptime, seed }: Pick<Inbox, 'now' | 'uptime' | 'seed'>): void => {
  clock.now = now
  clock.uptime = uptime
  seedRandom(seed)
}

/** A date, by the clock on the wall. */
export const turnTime = (): number => clock.now

/** For what is waited for: it goes on evenly when the clock on the wall is set. */
export const turnUptime = (): number => clock.uptime

const define = (target: object, key: PropertyKey, value: unknown): void => {
  Object.defineProperty(target, key, { value, writable: false, enumerable: false, configurable: false })
}

const fixArrayBuffers = (): void => {
  const Original = ArrayBuffer
  const Fixed = function (this: unknown, length?: unknown, options?: unknown): ArrayBuffer {
    if (new.target === undefined) throw new TypeError("Constructor ArrayBuffer requires 'new'")
    if (options !== undefined) throw new TypeError('array buffers have a fixed size here')
    return Reflect.construct(Original, [length], new.target) as ArrayBuffer
  }
  define(Fixed, 'name', 'ArrayBuffer')
  define(Fixed, 'isView', Original.isView)
  Object.defineProperty(Fixed, Symbol.species, {
    get(this: unknown) {
      return this
    },
  })
  define(Fixed, 'prototype', Original.prototype)
  define(Original.prototype, 'constructor', Fixed)
  Reflect.deleteProperty(Original.prototype, 'resize')
  define(globalThis, 'ArrayBuffer', Fixed)
}

const fixTime = (): void => {
  const Original = Date
  const TurnDate = function (this: unknown, ...args: unknown[]): unknown {
    if (new.target === undefined) return new Original(clock.now).toString()
    return Reflect.construct(Original, args.length === 0 ? [clock.now] : args, new.target)
  }
  define(TurnDate, 'name', 'Date')
  define(TurnDate, 'length', 7)
  define(TurnDate, 'now', turnTime)
  define(TurnDate, 'parse', Original.parse)
  define(TurnDate, 'UTC', Original.UTC)
  define(TurnDate, 'prototype', Original.prototype)
  // Left open for what makes inherited members overridable, and then freezes it.
  Object.defineProperty(Original.prototype, 'constructor', { value: TurnDate })
  define(globalThis, 'Date', TurnDate)
}

/** Hardens the context. Called once, before the plugin's code is compiled. */
export const harden = (): void => {
  keepAllowedGlobals()
  fixArrayBuffers()
  fixTime()
  removeLocales()
  define(Math, 'random', random)
  // Amounts leave as decimal strings, as they come. Packages that need the same put the same there: it is there.
  const toJSON = function (this: bigint): string {
    return this.toString()
  }
  Object.defineProperty(BigInt.prototype, 'toJSON', { get: () => toJSON, set: () => {}, configurable: false })
}
