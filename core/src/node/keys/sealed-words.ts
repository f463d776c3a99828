import { scryptSync } from 'node:crypto'
import { evaluate } from '@fulgurite/plugin-sdk/evaluate'
import * as z from 'zod'
import { open, seal, TAG_LENGTH } from '../../crypto/chacha20-poly1305.ts'
import { fromHex, isHex, toHex, tryUtf8Decode, utf8Encode } from '../../lib/bytes.ts'
import { readJson } from '../../lib/json.ts'
import type { Rng } from '../../lib/rng.ts'

// The words of a seed under a passphrase: scrypt (RFC 7914) makes a key of it, and ChaCha20-Poly1305 (RFC 8439) seals them. The file is JSON
// and says how it was made, so that a later version may choose otherwise and still read this one.

const SALT_BYTES = 16
const NONCE_BYTES = 12
const KEY_BYTES = 32
const FORMAT = 'fulgurite-seed'

// 128 MiB and a good third of a second for each guess; a file may ask for four times as much at most.
/** How dear a guess is: 128 bytes times n times r of memory, p times over. */
export interface GuessCost {
  readonly n: number
  readonly r: number
  readonly p: number
}

export const GUESS_COST: GuessCost = { n: 131_072, r: 8, p: 1 }
const MOST_N = 4 * GUESS_COST.n

const bytes = (length: number) => z.string().refine((text) => isHex(text, length))

const Sealed = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(1),
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    n: z
      .number()
      .int()
      .refine((n) => n >= 2 && n <= MOST_N && Number.isInteger(Math.log2(n))),
    r: z.number().int().min(1).max(GUESS_COST.r),
    p: z.number().int().min(1).max(4),
    salt: bytes(SALT_BYTES),
  }),
  cipher: z.strictObject({ name: z.literal('chacha20-poly1305'), nonce: bytes(NONCE_BYTES) }),
  sealed: z
    .string()
    .max(2_048)
    .refine((text) => isHex(text) && text.length >= 2 * TAG_LENGTH),
})

/** The words of a seed that only a passphrase opens. */
export type SealedWords = z.output<typeof Sealed>

/** Whether a file's text claims to be one. */
export const looksSealed = (text: string): boolean => text.trimStart().startsWith('{')

/** `undefined` if it is damaged, or of a version that is not known here. */
export const readSealed = (text: string): SealedWords | undefined => {
  const json = readJson(text, 3)
  const read = json.ok ? evaluate(Sealed, json.value) : undefined
  return read?.ok === true ? read.value : undefined
}

/** The text of a file that keeps these words under the passphrase. Every call draws another salt. */
export const sealWords = (words: string, passphrase: string, rng: Rng, cost: GuessCost): string => {
  const [salt, nonce] = [rng.bytes(SALT_BYTES), rng.bytes(NONCE_BYTES)]
  const kdf = { name: 'scrypt', ...cost, salt: toHex(salt) } as const
  const sealed = seal(keyOf(passphrase, kdf), nonce, utf8Encode(FORMAT), utf8Encode(words))
  const cipher = { name: 'chacha20-poly1305', nonce: toHex(nonce) } as const
  return `${JSON.stringify({ format: FORMAT, version: 1, kdf, cipher, sealed: toHex(sealed) } satisfies SealedWords)}\n`
}

/** The words; `undefined` if this is not the passphrase. */
export const openWords = ({ kdf, cipher, sealed }: SealedWords, passphrase: string): string | undefined => {
  const opened = open(keyOf(passphrase, kdf), fromHex(cipher.nonce), utf8Encode(FORMAT), fromHex(sealed))
  return opened === undefined ? undefined : tryUtf8Decode(opened)
}

// Keyboards write the same letter in more than one way: NFKD, as BIP 39 has it for its own.
const keyOf = (passphrase: string, { n, r, p, salt }: SealedWords['kdf']): Uint8Array =>
  new Uint8Array(
    scryptSync(passphrase.normalize('NFKD'), fromHex(salt), KEY_BYTES, { N: n, r, p, maxmem: 256 * n * r }),
  )
