const state = { seed: 0 }

/** Sets where the turn's randomness comes from. */
export const seedRandom = (seed: number): void => {
  state.seed = seed >>> 0
}

const next = (): number => {
  // mulberry32: small, and good enough where nobody may count on secrecy.
  state.seed = (state.seed + 0x6d2b79f5) >>> 0
  let z = state.seed
  z = Math.imul(z ^ (z >>> 15), z | 1)
  z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
  return (z ^ (z >>> 14)) >>> 0
}

/** `Math.random`. */
export const random = (): number => next() / 0x100000000

const MAX_BYTES = 65_536
const INTEGERS = /^(Big)?(Ui|I)nt(8|16|32|64)(Clamped)?Array$/

const getRandomValues = <View extends ArrayBufferView>(view: View): View => {
  const tag = (view as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? ''
  if (!ArrayBuffer.isView(view) || !INTEGERS.test(tag)) throw new TypeError('an array of integers is needed')
  if (view.byteLength > MAX_BYTES) throw new RangeError(`more than ${MAX_BYTES} bytes at once`)
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  for (let at = 0; at < bytes.length; at++) bytes[at] = next() & 0xff
  return view
}

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')

const randomUUID = (): string => {
  const bytes = getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/**
 * What packages look for under `crypto`. It is drawn from the turn's seed, so that a turn can be repeated: it tells things apart, and is
 * no secret. No key may be made of it.
 */
export const crypto = { getRandomValues, randomUUID } as const
