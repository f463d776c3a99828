import { randomFillSync } from 'node:crypto'

/** Where randomness comes from. */
export interface Rng {
  /** `length` fresh random bytes. */
  bytes(length: number): Uint8Array
  /** A whole number from 0 up to, but not including, `bound` (at most 2^32). */
  below(bound: number): number
}

const fromBytes = (bytes: (length: number) => Uint8Array, word: () => number): Rng => ({
  bytes,
  below(bound) {
    if (!Number.isInteger(bound) || bound < 1 || bound > 0x100000000) throw new RangeError('bound out of range')
    // Values past the last whole multiple are drawn again, so that every result is equally likely.
    const limit = Math.floor(0x100000000 / bound) * bound
    for (;;) {
      const value = word()
      if (value < limit) return value % bound
    }
  },
})

const WORDS = 256
const words = new Uint32Array(WORDS)
let wordsUsed = WORDS

/** To ask the system costs the same for one number as for many, so they are drawn ahead; a number is erased once it is used. */
const systemWord = (): number => {
  if (wordsUsed === WORDS) {
    randomFillSync(words)
    wordsUsed = 0
  }
  const word = words[wordsUsed] as number
  words[wordsUsed++] = 0
  return word
}

/** The system's cryptographically strong generator. */
export const systemRng: Rng = fromBytes((length) => randomFillSync(new Uint8Array(length)), systemWord)

/** Repeats the same values for the same seed (xoshiro128**). For tests and simulations, never for keys. */
export const seededRng = (seed: number): Rng => {
  // splitmix32 spreads a small seed over the whole state, which must not be all zero.
  let mix = seed >>> 0
  const spread = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0
    let z = mix
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return (z ^ (z >>> 16)) >>> 0
  }
  let [a, b, c, d] = [spread(), spread(), spread(), spread() | 1]
  const rotate = (x: number, k: number): number => ((x << k) | (x >>> (32 - k))) >>> 0
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotate(d, 11)
    return result
  }
  const bytes = (length: number): Uint8Array => {
    const drawn = new Uint8Array(length)
    for (let i = 0; i < length; i++) drawn[i] = next() & 0xff
    return drawn
  }
  return fromBytes(bytes, () => new DataView(bytes(4).buffer).getUint32(0))
}
