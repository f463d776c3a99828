// The language, as far as all that it allocates is on the isolate's heap, which is limited, and as far as it tells nothing of
// the machine. Whatever V8 brings beside this, now or in a later version, a plugin does not have: `Intl` (its objects live outside
// the heap), WebAssembly and shared memory, `Atomics`, weak references (they show the collector at work), `Temporal` (a clock).
const LANGUAGE = [
  ...['globalThis', 'Infinity', 'NaN', 'undefined', 'eval', 'isFinite', 'isNaN', 'parseFloat', 'parseInt'],
  ...['decodeURI', 'decodeURIComponent', 'encodeURI', 'encodeURIComponent', 'escape', 'unescape'],
  ...['Object', 'Function', 'Boolean', 'Symbol', 'Number', 'BigInt', 'Math', 'String', 'RegExp', 'Date', 'JSON'],
  ...['Array', 'Map', 'Set', 'WeakMap', 'WeakSet', 'Iterator', 'Promise', 'Proxy', 'Reflect'],
  ...['Error', 'AggregateError', 'EvalError', 'RangeError', 'ReferenceError', 'SuppressedError', 'SyntaxError'],
  ...['TypeError', 'URIError', 'DisposableStack', 'AsyncDisposableStack'],
  ...['ArrayBuffer', 'DataView', 'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array'],
  ...['Int32Array', 'Uint32Array', 'Float16Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array'],
] as const

const ALLOWED: ReadonlySet<PropertyKey> = new Set(LANGUAGE)

/** Takes away every global that is not on the list. Ours are added after it. */
export const keepAllowedGlobals = (): void => {
  for (const key of Reflect.ownKeys(globalThis)) {
    if (ALLOWED.has(key)) continue
    if (!Reflect.deleteProperty(globalThis, key)) throw new Error(`the global ${String(key)} cannot be taken away`)
  }
}
