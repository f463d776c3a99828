import { bytesToWords, wordsToBytes } from '../invoice/words.ts'
import type { Codec } from '../wire/codec/codec.ts'
import { mapped, union } from '../wire/codec/combinators.ts'
import { u16, u16Bytes, u16Text, u64 } from '../wire/codec/primitives.ts'

/** Milliseconds since the Unix epoch, in 8 bytes. */
export const timestamp: Codec<number> = mapped(u64, Number, (value: number) => BigInt(value))

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const VALUES = new Map([...ALPHABET].map((character, value) => [character, value]))
const BECH32 = new RegExp(`^(.+1)([${ALPHABET}]+)$`, 's')

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
  (text) => {
    const [, prefix, letters] = BECH32.exec(text) ?? []
    if (prefix === undefined || letters === undefined || letters.length > 0xffff) return { type: 'text', text }
    const data = wordsToBytes(
      [...letters].map((letter) => VALUES.get(letter) as number),
      { pad: true },
    )
    return { type: 'bech32', prefix, length: letters.length, data }
  },
)
