/** Groups of 5 bits, as bech32 carries them, each in one number. */
export type Words = readonly number[]

/** The words as bytes; the bits left over are dropped, or, with `pad`, filled up with zeroes to a byte. */
export const wordsToBytes = (words: Words, { pad = false } = {}): Uint8Array => {
  const bits = words.length * 5
  const bytes = new Uint8Array(pad ? Math.ceil(bits / 8) : Math.floor(bits / 8))
  let pending = 0
  let pendingBits = 0
  let at = 0
  for (const word of words) {
    pending = (pending << 5) | word
    pendingBits += 5
    if (pendingBits >= 8) {
      pendingBits -= 8
      bytes[at++] = (pending >>> pendingBits) & 0xff
      pending &= (1 << pendingBits) - 1
    }
  }
  if (pad && pendingBits > 0) bytes[at] = (pending << (8 - pendingBits)) & 0xff
  return bytes
}

/** The bytes as words, zeroes filling up the last. */
export const bytesToWords = (bytes: Uint8Array): Words => {
  const words: number[] = []
  let pending = 0
  let pendingBits = 0
  for (const byte of bytes) {
    pending = (pending << 8) | byte
    pendingBits += 8
    while (pendingBits >= 5) {
      pendingBits -= 5
      words.push((pending >>> pendingBits) & 31)
      pending &= (1 << pendingBits) - 1
    }
  }
  if (pendingBits > 0) words.push((pending << (5 - pendingBits)) & 31)
  return words
}

/** The words as one big-endian number; beyond what a number holds exactly, `undefined`. */
export const wordsToNumber = (words: Words): number | undefined => {
  let value = 0
  for (const word of words) {
    value = value * 32 + word
    if (value > Number.MAX_SAFE_INTEGER) return undefined
  }
  return value
}

/** The number as words, `length` of them or as few as hold it. */
export const numberToWords = (value: number, length = 0): Words => {
  const words: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 32)) words.unshift(rest % 32)
  while (words.length < length) words.unshift(0)
  return words
}
