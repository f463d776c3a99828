import { err, ok, type Result } from '../../lib/result.ts'
import { bytesToWords, wordsToBytes } from '../words.ts'

/** What a string begins with: an offer, or an invoice request that was published without one. */
type Bolt12Prefix = 'lno' | 'lnr'

export type Bolt12StringError =
  /** No bech32 without checksum: mixed cases, a foreign character, a `+` at a wrong place, or a last word that is not needed. */
  { readonly code: 'invalid-bech32' } | { readonly code: 'wrong-prefix'; readonly expected: Bolt12Prefix }

// BIP 173.
const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const WORD_OF = new Map([...ALPHABET].map((character, word) => [character, word]))

/** BOLT 12, encoding: lower case and without `+`, which only few places need. */
export const encodeBolt12 = (prefix: Bolt12Prefix, stream: Uint8Array): string =>
  `${prefix}1${bytesToWords(stream)
    .map((word) => ALPHABET[word])
    .join('')}`

/** Reads a string of any length in time that grows with it. The stream is not looked at. */
export const decodeBolt12 = (prefix: Bolt12Prefix, text: string): Result<Uint8Array, Bolt12StringError> => {
  // BOLT 12, encoding: a `+` between two characters, and the white space behind it, are taken out.
  const parts = text.split('+')
  const pieces = parts.map((part, at) => (at === 0 ? part : part.trimStart()))
  const joined = pieces.join('')
  if (pieces.includes('') || !/^[0-9a-z]+$/i.test(joined)) return err({ code: 'invalid-bech32' })
  const lower = joined.toLowerCase()
  // BOLT 12: all in lower case, or all in upper case.
  if (joined !== lower && joined !== joined.toUpperCase()) return err({ code: 'invalid-bech32' })
  const separator = lower.indexOf('1')
  if (separator < 1) return err({ code: 'invalid-bech32' })
  if (lower.slice(0, separator) !== prefix) return err({ code: 'wrong-prefix', expected: prefix })

  const words: number[] = []
  for (const character of lower.slice(separator + 1)) {
    const word = WORD_OF.get(character)
    if (word === undefined) return err({ code: 'invalid-bech32' })
    words.push(word)
  }
  const stream = wordsToBytes(words)
  // BIP 173: at most four bits are left over, and they are zero.
  const again = bytesToWords(stream)
  if (again.length !== words.length || again.at(-1) !== words.at(-1)) return err({ code: 'invalid-bech32' })
  return ok(stream)
}
