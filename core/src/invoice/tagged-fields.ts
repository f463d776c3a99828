import { secp256k1 } from '../crypto/secp256k1.ts'
import { invariant } from '../lib/errors.ts'
import { bytesToWords, type Words, wordsToBytes } from '../lib/words.ts'
import { decodeWith, encodeWith } from '../wire/codec/codec.ts'
import { restList, struct } from '../wire/codec/combinators.ts'
import { point, u16, u32, u64 } from '../wire/codec/primitives.ts'
import type { FallbackAddress, InvoiceField, RouteHint, RouteHintHop } from './invoice.ts'

/** BOLT 11: a field's number, its 5-bit letter in bech32's alphabet. */
export const FIELD_NUMBERS: Readonly<Record<InvoiceField, number>> = {
  p: 1,
  r: 3,
  9: 5,
  x: 6,
  f: 9,
  d: 13,
  s: 16,
  n: 19,
  h: 23,
  c: 24,
  m: 27,
}

/** BOLT 11: the number of words of the fields that have but one length. */
export const FIXED_LENGTHS: Readonly<Partial<Record<InvoiceField, number>>> = { p: 52, h: 52, s: 52, n: 53 }

const routeHint = restList(
  struct<RouteHintHop>({
    nodeId: point,
    shortChannelId: u64,
    feeBaseMsat: u32,
    feeProportionalMillionths: u32,
    cltvExpiryDelta: u16,
  }),
)

/** Reads an `r` field: whole hops, at least one, each from a node whose id is a point of the curve. */
export const parseRouteHint = (words: Words): RouteHint | undefined => {
  const decoded = decodeWith(routeHint, wordsToBytes(words))
  if (!decoded.ok || decoded.value.length === 0) return undefined
  return decoded.value.every(({ nodeId }) => secp256k1.isPublicKey(nodeId)) ? decoded.value : undefined
}

export const formatRouteHint = (hint: RouteHint): Words => bytesToWords(encodeWith(routeHint, hint))

/** Reads an `f` field; `undefined` when its version or length means nothing to us, in which case it is skipped (BOLT 11). */
export const parseFallback = ([version, ...rest]: Words): FallbackAddress | undefined => {
  if (version === undefined || version > 18) return undefined
  const program = wordsToBytes(rest)
  const { length } = program
  const fits =
    version >= 17 ? length === 20 : version === 0 ? length === 20 || length === 32 : length >= 2 && length <= 40
  return fits ? { version, program } : undefined
}

/** Writes an `f` field. What no reader would understand is a bug, and throws. */
export const formatFallback = ({ version, program }: FallbackAddress): Words => {
  const words = [version, ...bytesToWords(program)]
  invariant(parseFallback(words) !== undefined, 'a fallback address is of no known kind')
  return words
}

/** Reads a `9` field: bit 0 is the lowest of the last word. */
export const parseFeatureWords = (words: Words): Uint8Array => {
  const vector = new Uint8Array(Math.ceil((words.length * 5) / 8))
  for (const [i, word] of words.toReversed().entries()) {
    for (let j = 0; j < 5; j++) {
      if ((word & (1 << j)) === 0) continue
      const bit = i * 5 + j
      const at = vector.length - 1 - (bit >> 3)
      vector[at] = (vector[at] as number) | (1 << (bit & 7))
    }
  }
  const first = vector.findIndex((byte) => byte !== 0)
  return first <= 0 ? vector : vector.slice(first)
}

/** Writes a `9` field in as few words as hold its bits; none when there are none. */
export const formatFeatureWords = (vector: Uint8Array): Words => {
  const words: number[] = []
  for (let bit = 0; bit < vector.length * 8; bit++) {
    const byte = vector[vector.length - 1 - (bit >> 3)] as number
    if ((byte & (1 << (bit & 7))) === 0) continue
    const at = Math.floor(bit / 5)
    while (words.length <= at) words.push(0)
    words[at] = (words[at] as number) | (1 << (bit % 5))
  }
  return words.reverse()
}
