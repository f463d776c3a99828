// As the web's for what a plugin has: plain values, dates, expressions, arrays, maps, sets, buffers and their views, errors, and objects
// that hold such, cycles included. Nothing is transferred.

const ERRORS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError } as const

const refuse = (what: string): never => {
  throw new TypeError(`${what} cannot be cloned`)
}

type Kind = (value: object) => object

const isView = ArrayBuffer.isView

export const structuredClone = (value: unknown, options?: { readonly transfer?: readonly unknown[] }): unknown => {
  if ((options?.transfer ?? []).length > 0) return refuse('what is to be transferred')
  const done = new Map<object, object>()

  const clone = (from: unknown): unknown => {
    if (typeof from === 'symbol') return refuse('a symbol')
    if (typeof from === 'function') return refuse('a function')
    if (typeof from !== 'object' || from === null) return from
    const known = done.get(from)
    if (known !== undefined) return known
    return kindOf(from)(from)
  }

  const keep = <To extends object>(from: object, to: To): To => {
    done.set(from, to)
    return to
  }

  const members = (from: object, to: object): object => {
    for (const key of Object.keys(from)) {
      const value = clone((from as Record<string, unknown>)[key])
      Object.defineProperty(to, key, { value, writable: true, enumerable: true, configurable: true })
    }
    return to
  }

  const KINDS: readonly (readonly [is: (value: object) => boolean, copy: Kind])[] = [
    [Array.isArray, (from) => members(from, keep(from, new Array((from as unknown[]).length)))],
    [(from) => from instanceof Date, (from) => keep(from, new Date((from as Date).getTime()))],
    [
      (from) => from instanceof RegExp,
      (from) => keep(from, new RegExp((from as RegExp).source, (from as RegExp).flags)),
    ],
    [(from) => from instanceof ArrayBuffer, (from) => keep(from, (from as ArrayBuffer).slice(0))],
    [isView, (from) => keep(from, viewOf(from as ArrayBufferView, clone))],
    [
      (from) => from instanceof Map,
      (from) => {
        const to = keep(from, new Map<unknown, unknown>())
        for (const [key, member] of [...(from as Map<unknown, unknown>)]) to.set(clone(key), clone(member))
        return to
      },
    ],
    [
      (from) => from instanceof Set,
      (from) => {
        const to = keep(from, new Set<unknown>())
        for (const member of [...(from as Set<unknown>)]) to.add(clone(member))
        return to
      },
    ],
    [
      (from) => from instanceof Error,
      (from) => {
        const { name, message, stack } = from as Error
        const Kind = Object.hasOwn(ERRORS, name) ? ERRORS[name as keyof typeof ERRORS] : Error
        const to = keep(from, new Kind(message))
        if (stack !== undefined)
          Object.defineProperty(to, 'stack', { value: stack, writable: true, configurable: true })
        if (Object.hasOwn(from, 'cause'))
          Object.defineProperty(to, 'cause', {
            value: clone((from as Error).cause),
            writable: true,
            configurable: true,
          })
        return to
      },
    ],
    [
      (from) => from instanceof Boolean || from instanceof Number || from instanceof String,
      (from) => keep(from, Object(from.valueOf()) as object),
    ],
    [
      (from) => from instanceof Promise || from instanceof WeakMap || from instanceof WeakSet,
      () => refuse('a promise or a weak collection'),
    ],
  ]

  const kindOf = (from: object): Kind =>
    KINDS.find(([is]) => is(from))?.[1] ?? ((plain) => members(plain, keep(plain, {})))

  return clone(value)
}

type View = { new (buffer: ArrayBuffer, offset: number, length: number): ArrayBufferView }

const viewOf = (from: ArrayBufferView, clone: (value: unknown) => unknown): ArrayBufferView => {
  const buffer = clone(from.buffer) as ArrayBuffer
  const length = from instanceof DataView ? from.byteLength : (from as Uint8Array).length
  const tag = (from as unknown as { readonly [Symbol.toStringTag]: string })[Symbol.toStringTag]
  const View = (globalThis as unknown as Readonly<Record<string, View>>)[tag]
  return View === undefined ? refuse('a view') : new View(buffer, from.byteOffset, length)
}
