// What an object inherits and is often given for itself: by assignment, which a frozen prototype would refuse. These become pairs of
// functions that behave as the plain member did.
const OVERRIDDEN = [
  'toString',
  'toLocaleString',
  'valueOf',
  'hasOwnProperty',
  'name',
  'message',
  'cause',
  'toJSON',
] as const
// Not of arrays, promises and the like: V8 takes slower ways when these cannot be seen to be the original ones.
const SUBCLASSED = [
  ...[Object, Function, Date, Map, Set],
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError],
]

const allowOverride = (holder: object, key: PropertyKey): void => {
  const descriptor = Reflect.getOwnPropertyDescriptor(holder, key)
  if (descriptor === undefined || !('value' in descriptor) || descriptor.configurable !== true) return
  const { value, enumerable = false } = descriptor
  Object.defineProperty(holder, key, {
    get: () => value as unknown,
    set(this: unknown, own: unknown) {
      if (this === holder || Object(this) !== this)
        throw new TypeError(`${String(key)} of what all objects share is fixed`)
      const target = this as object
      if (Object.hasOwn(target, key)) Reflect.set(target, key, own)
      else Object.defineProperty(target, key, { value: own, writable: true, enumerable: true, configurable: true })
    },
    enumerable,
    configurable: false,
  })
}

/** How long stacks are is for whoever reads them: packages set it, and set it back. All else of what is shared is fixed. */
const freeze = (object: object): void => {
  if (object !== Error) {
    Object.freeze(object)
    return
  }
  // Some ask for the places of a stack in this way, and give back what was there. They get the text.
  Object.defineProperty(object, 'prepareStackTrace', { get: () => undefined, set: () => {} })
  for (const key of Reflect.ownKeys(object)) {
    const isData =
      key !== 'stackTraceLimit' && Object.hasOwn(Reflect.getOwnPropertyDescriptor(object, key) ?? {}, 'value')
    Object.defineProperty(object, key, { configurable: false, ...(isData ? { writable: false } : {}) })
  }
  Object.preventExtensions(object)
}

// What no global leads to.
const hidden = (): readonly object[] => {
  const iterators = [[].values(), new Map().entries(), new Set().values(), ''[Symbol.iterator](), 'a'.matchAll(/a/g)]
  return [
    function* () {},
    async () => {},
    async function* () {},
    ...iterators,
    [].values().map(() => 0),
    Iterator.from({ next: () => ({ done: true, value: undefined }) }),
  ]
}

/**
 * Makes fast all that the objects of an isolate share. A plugin that changes it, on purpose or by one of its packages, would else
 * change what stands between itself and the core's text, and what its other packages count on.
 */
export const freezeIntrinsics = (): void => {
  const roots = Reflect.ownKeys(globalThis)
    .filter((key) => key !== 'globalThis')
    .map((key) => Reflect.get(globalThis, key) as unknown)
  const samples = hidden()
  const pending: unknown[] = [...roots, ...samples.map((sample) => Object.getPrototypeOf(sample) as unknown)]
  const reached = new Set<object>()
  while (pending.length > 0) {
    const next = pending.pop()
    if (Object(next) !== next || next === globalThis || reached.has(next as object)) continue
    const object = next as object
    reached.add(object)
    pending.push(Object.getPrototypeOf(object))
    for (const descriptor of Object.values(Object.getOwnPropertyDescriptors(object)) as PropertyDescriptor[])
      pending.push(descriptor.value, descriptor.get, descriptor.set)
    for (const symbol of Object.getOwnPropertySymbols(object)) {
      const descriptor = Object.getOwnPropertyDescriptor(object, symbol)
      pending.push(descriptor?.value, descriptor?.get, descriptor?.set)
    }
  }
  const prototypes = [...SUBCLASSED, Array, RegExp, Promise].map(({ prototype }) => prototype as object)
  for (const prototype of prototypes) for (const key of OVERRIDDEN) allowOverride(prototype, key)
  for (const { prototype } of SUBCLASSED) allowOverride(prototype as object, 'constructor')
  for (const object of reached) freeze(object)
}
