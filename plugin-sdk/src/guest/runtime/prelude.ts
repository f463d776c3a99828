// Runs first in every context, before anything of the plugin exists. It takes away what an isolate's memory limit does not
// count (growable and shared memory, WebAssembly), what tells real time, and what shows the garbage collector at work.

const clock = { now: 0 }
const random = { state: 0 }

/** Sets the turn's time and randomness. */
export const setTurn = (now: number, seed: number): void => {
  clock.now = now
  random.state = seed >>> 0
}

export const turnTime = (): number => clock.now

// mulberry32: small, and good enough where nobody may count on secrecy.
const nextRandom = (): number => {
  random.state = (random.state + 0x6d2b79f5) >>> 0
  let z = random.state
  z = Math.imul(z ^ (z >>> 15), z | 1)
  z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
  return ((z ^ (z >>> 14)) >>> 0) / 0x100000000
}

const define = (target: object, key: PropertyKey, value: unknown): void => {
  Object.defineProperty(target, key, { value, writable: false, enumerable: false, configurable: false })
}

const removeGlobals = (): void => {
  for (const name of ['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'WeakRef', 'FinalizationRegistry']) {
    Reflect.deleteProperty(globalThis, name)
  }
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
  define(Original.prototype, 'constructor', TurnDate)
  define(globalThis, 'Date', TurnDate)

  const temporal = (globalThis as { Temporal?: object }).Temporal
  if (temporal !== undefined) Reflect.deleteProperty(temporal, 'Now')

  // Formats the current moment when it is given none.
  const formats = Intl.DateTimeFormat.prototype
  const { format: original } = Object.getOwnPropertyDescriptors(formats)
  const { formatToParts } = formats
  Object.defineProperty(formats, 'format', {
    get(this: Intl.DateTimeFormat) {
      const format = original.get?.call(this) as (date?: unknown) => string
      return (date: unknown = clock.now) => format(date)
    },
    configurable: false,
  })
  define(formats, 'formatToParts', function (this: Intl.DateTimeFormat, date: Date | number = clock.now) {
    return formatToParts.call(this, date)
  })
}

/** Hardens the context. Called once, before the plugin's code is compiled. */
export const harden = (): void => {
  removeGlobals()
  fixArrayBuffers()
  fixTime()
  define(Math, 'random', nextRandom)
  // Amounts leave as decimal strings, as they come.
  define(BigInt.prototype, 'toJSON', function (this: bigint) {
    return this.toString()
  })
}
