export const EMPTY: Uint8Array = new Uint8Array(0)

/** Lower-case hexadecimal. */
export const toHex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')

/** Reads hexadecimal of either case; throws a `RangeError` on any other text. */
export const fromHex = (hex: string): Uint8Array => {
  if (!isHex(hex)) throw new RangeError('not a whole number of hexadecimal bytes')
  const buffer = Buffer.from(hex, 'hex')
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}

/** Whether the text is a whole number of hexadecimal bytes, `byteLength` of them if given. */
export const isHex = (text: string, byteLength?: number): boolean =>
  text.length % 2 === 0 && (byteLength === undefined || text.length === byteLength * 2) && /^[0-9a-fA-F]*$/.test(text)

/** `utf8Decode` reads the text back if it is well formed. Lone surrogates have no UTF-8: callers refuse them first. */
export const utf8Encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Every byte counts: a byte order mark is a character here. Throws a `TypeError` if the bytes are not UTF-8. */
export const utf8Decode = (bytes: Uint8Array): string =>
  new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)

/** `utf8Decode` for bytes from outside: `undefined` if they are not UTF-8. */
export const tryUtf8Decode = (bytes: Uint8Array): string | undefined => {
  try {
    return utf8Decode(bytes)
  } catch {
    return undefined
  }
}

export const concat = (...parts: readonly Uint8Array[]): Uint8Array => {
  let length = 0
  for (const part of parts) length += part.length
  const result = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    result.set(part, offset)
    offset += part.length
  }
  return result
}

/** The first key that can follow this one, in the order of their bytes. */
export const keyAfter = (key: Uint8Array): Uint8Array => concat(key, Uint8Array.of(0))

/** Not constant-time: for public values only. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Lexicographic order, a shorter prefix first: negative, zero or positive. */
export const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** A reversed copy: the input is left as it is. */
export const reversed = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes).reverse()

export const isAllZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

export const u16be = (value: number): Uint8Array => Uint8Array.of((value >>> 8) & 0xff, value & 0xff)

export const u32be = (value: number): Uint8Array =>
  Uint8Array.of((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)

export const u64be = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes
}
