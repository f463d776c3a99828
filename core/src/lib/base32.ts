import { bytesToWords, wordsToBytes } from './words.ts'

/** Bytes as text, five bits a character, the last one filled up with zeroes. */
interface Base32 {
  encode(bytes: Uint8Array): string
  /** `undefined` for any text that `encode` does not write. */
  decode(text: string): Uint8Array | undefined
}

/** An encoding by its 32 characters, in the order of their values. */
const base32 = (alphabet: string): Base32 => {
  const wordOf = new Map([...alphabet].map((character, word) => [character, word]))
  return {
    encode: (bytes) =>
      bytesToWords(bytes)
        .map((word) => alphabet[word])
        .join(''),
    decode(text) {
      const words: number[] = []
      for (const character of text) {
        const word = wordOf.get(character)
        if (word === undefined) return undefined
        words.push(word)
      }
      const bytes = wordsToBytes(words)
      // A last character that is not needed, or one whose spare bits are set.
      const again = bytesToWords(bytes)
      return again.length === words.length && again.at(-1) === words.at(-1) ? bytes : undefined
    },
  }
}

/** The characters of BIP 173, without its checksum. */
export const bech32Characters: Base32 = base32('qpzry9x8gf2tvdw0s3jn54khce6mua7l')

/** The human-oriented encoding ("z-base-32") in which Lightning nodes write signatures of messages. */
export const zbase32: Base32 = base32('ybndrfg8ejkmcpqxot1uwisza345h769')
