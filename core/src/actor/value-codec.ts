import { isActorRef } from './ref.ts'
import type { AnyActorRef } from './types.ts'

// How values look inside a packet. Everything stands for itself but these, each an object with one key:
//   { $r: path }    a ref to an actor on the sender's side
//   { $h: path }    a ref that leads back to the receiver's side
//   { $n: digits }  a bigint        (text only: structured clone carries it)
//   { $b: base64 }  a Uint8Array    (text only)
//   { $u: 0 }       undefined in an array (text only; a property that is undefined is left out)
// A property whose name begins with `$` has one more `$` put before it.

/** Turns refs into data that crosses, and back. */
export interface RefCodec {
  pack(ref: AnyActorRef): { readonly $r: string } | { readonly $h: string }
  unpackTheirs(path: string): AnyActorRef
  unpackOurs(path: string): AnyActorRef
}

export interface ValueCodec {
  /** Throws a `TypeError` for values that are not plain data or nest too deep. */
  pack(value: unknown): unknown
  /** Throws an `UnpackError` for data that `pack` cannot have made. */
  unpack(value: unknown): unknown
}

const MAX_DEPTH = 64
const MAX_DIGITS = 1000
const BIGINT = /^(0|-?[1-9]\d*)$/
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

const notPlain = (what: string): TypeError => new TypeError(`${what} cannot be sent to another actor system`)

/** The other side sent something that is not a packed value. */
export class UnpackError extends Error {}

const malformed = (): UnpackError => new UnpackError('not a packed value')

const isPlainObject = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** `text` is for JSON, without it for structured clone. */
export const valueCodec = (refs: RefCodec, { text }: { readonly text: boolean }): ValueCodec => {
  const pack = (value: unknown, depth: number): unknown => {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value
      case 'number':
        if (!Number.isFinite(value)) throw notPlain('a number that is not finite')
        return value
      case 'bigint':
        return text ? { $n: value.toString() } : value
      case 'undefined':
        return text ? { $u: 0 } : value
      case 'object':
        return value === null ? null : packObject(value, depth + 1)
      default:
        throw notPlain(`a ${typeof value}`)
    }
  }

  const packObject = (value: object, depth: number): unknown => {
    if (depth > MAX_DEPTH) throw notPlain('a value that nests so deep')
    if (Array.isArray(value)) return value.map((item) => pack(item, depth))
    if (value instanceof Uint8Array) {
      return text ? { $b: Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64') } : value
    }
    // Structured clone carries the others, too, and shares what is over shared memory.
    if (!text && ArrayBuffer.isView(value)) return value
    if (isActorRef(value)) return refs.pack(value)
    if (!isPlainObject(value)) throw notPlain('an instance of a class')
    const packed: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(value)) {
      if (key === '__proto__') throw notPlain('a property named __proto__')
      if (item !== undefined) packed[key.startsWith('$') ? `$${key}` : key] = pack(item, depth)
    }
    return packed
  }

  const unpack = (value: unknown, depth: number): unknown => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
    if (depth > MAX_DEPTH) throw malformed()
    if (Array.isArray(value)) return value.map((item) => unpack(item, depth + 1))
    const unpacked: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(value)) {
      if (key === '__proto__') throw malformed()
      if (!key.startsWith('$')) unpacked[key] = unpack(item, depth + 1)
      else if (key.startsWith('$$')) unpacked[key.slice(1)] = unpack(item, depth + 1)
      else return unpackTagged(value)
    }
    return unpacked
  }

  const unpackTagged = (value: object): unknown => {
    const entries = Object.entries(value)
    const [key, item] = entries[0] as [string, unknown]
    if (entries.length !== 1) throw malformed()
    if (typeof item === 'string') {
      if (key === '$r') return refs.unpackTheirs(item)
      if (key === '$h') return refs.unpackOurs(item)
      if (text && key === '$n' && item.length <= MAX_DIGITS && BIGINT.test(item)) return BigInt(item)
      if (text && key === '$b' && BASE64.test(item)) return bytesOf(item)
    }
    if (text && key === '$u' && item === 0) return undefined
    throw malformed()
  }

  return { pack: (value) => pack(value, 0), unpack: (value) => unpack(value, 0) }
}

const bytesOf = (base64: string): Uint8Array => {
  const buffer = Buffer.from(base64, 'base64')
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}
