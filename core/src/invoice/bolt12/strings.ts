import { bech32Characters } from '../../lib/base32.ts'
import { err, ok, type Result } from '../../lib/result.ts'

/** What a string begins with: an offer, or an invoice request that was published without one. */
type Bolt12Prefix = 'lno' | 'lnr'

export type Bolt12StringError =
  /** No bech32 without checksum: mixed cases, a foreign character, a `+` at a wrong place, or a last word that is not needed. */
  { readonly code: 'invalid-bech32' } | { readonly code: 'wrong-prefix'; readonly expected: Bolt12Prefix }

/** BOLT 12, encoding: lower case and without `+`, which only few places need. */
export const encodeBolt12 = (prefix: Bolt12Prefix, stream: Uint8Array): string =>
  `${prefix}1${bech32Characters.encode(stream)}`

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

  const stream = bech32Characters.decode(lower.slice(separator + 1))
  return stream === undefined ? err({ code: 'invalid-bech32' }) : ok(stream)
}
