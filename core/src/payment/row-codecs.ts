import { bytesToWords } from '../lib/words.ts'
import type { Codec } from '../wire/codec/codec.ts'
import { mapped, struct, union } from '../wire/codec/combinators.ts'
import { u16, u16Bytes, u16Text, u64 } from '../wire/codec/primitives.ts'
import type { TlvRecord } from '../wire/tlv-record.ts'

/** Milliseconds since the Unix epoch, in 8 bytes. */
export const timestamp: Codec<number> = mapped(u64, Number, (value: number) => BigInt(value))

/** What payer and payee alone know of. */
export const customRecord = struct<TlvRecord>({ type: u64, value: u16Bytes })

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
/** By character code; what is none of the alphabet is `NONE`. */
const VALUES = Uint8Array.from({ length: 128 }, (_, code) => ALPHABET.indexOf(String.fromCharCode(code)))
const NONE = 0xff

type Spelt =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'bech32'; readonly prefix: string; readonly length: number; readonly data: Uint8Array }

/** The text of an invoice, read back to the letter. Of bech32 a letter takes its 5 bits. */
export const invoiceText: Codec<string> = mapped<Spelt, string>(
  union<Spelt, 'type'>('type', {
    text: { number: 0, fields: { text: u16Text } },
    bech32: { number: 1, fields: { prefix: u16Text, length: u16, data: u16Bytes } },
  }),
  (spelt) => {
    if (spelt.type === 'text') return spelt.text
    const words = bytesToWords(spelt.data)
    if (words.length < spelt.length) return undefined
    return (
      spelt.prefix +
      words
        .slice(0, spelt.length)
        .map((word) => ALPHABET[word])
        .join('')
    )
  },
  (text) => bech32Of(text) ?? { type: 'text', text },
)

/** In one pass: it is made twice for each payment. */
const bech32Of = (text: string): Spelt | undefined => {
  // BIP 173: the last 1 ends the prefix, which is none of the alphabet.
  const start = text.lastIndexOf('1') + 1
  const length = text.length - start
  if (start < 2 || length === 0 || length > 0xffff) return undefined
  const data = new Uint8Array(Math.ceil((length * 5) / 8))
  let pending = 0
  let pendingBits = 0
  let at = 0
  for (let i = start; i < text.length; i++) {
    const value = VALUES[text.charCodeAt(i)] ?? NONE
    if (value === NONE) return undefined
    pending = ((pending << 5) | value) & 0xfff
    pendingBits += 5
    if (pendingBits >= 8) {
      pendingBits -= 8
      data[at++] = pending >>> pendingBits
    }
  }
  if (pendingBits > 0) data[at] = pending << (8 - pendingBits)
  return { type: 'bech32', prefix: text.slice(0, start), length, data }
}
