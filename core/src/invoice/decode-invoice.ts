import { bech32 } from '@scure/base'
import type { NetworkName } from '../bitcoin/network.ts'
import { sha256 } from '../crypto/hashes.ts'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { concat, tryUtf8Decode, utf8Encode } from '../lib/bytes.ts'
import type { NodeId } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { type Words, wordsToBytes, wordsToNumber } from '../lib/words.ts'
import { checkFeatures, type FeatureSet, OUR_FEATURES } from '../wire/features.ts'
import {
  DEFAULT_EXPIRY_SECONDS,
  DEFAULT_MIN_FINAL_CLTV_EXPIRY_DELTA,
  type FallbackAddress,
  type Invoice,
  type InvoiceError,
  type InvoiceField,
  MAX_EXPIRY_SECONDS,
  MAX_MIN_FINAL_CLTV_EXPIRY_DELTA,
  type RouteHint,
} from './invoice.ts'
import { parsePrefix } from './prefix.ts'
import { FIELD_NUMBERS, FIXED_LENGTHS, parseFallback, parseFeatureWords, parseRouteHint } from './tagged-fields.ts'

const TIMESTAMP_WORDS = 7
const SIGNATURE_WORDS = 104

/** What an invoice may require of us as a payer. */
const PAYABLE_FEATURES: FeatureSet = { ...OUR_FEATURES, option_payment_metadata: 'optional' }

const fieldByNumber = new Map(Object.entries(FIELD_NUMBERS).map(([field, number]) => [number, field as InvoiceField]))

/**
 * Reads a BOLT 11 invoice, with or without `lightning:` before it, and checks all that BOLT 11 has a reader check, the
 * signature and the required features included. With `network`, an invoice of another one is `wrong-network`. Expiry is
 * left to the caller (`isExpired`).
 */
export const decodeInvoice = (text: string, network?: NetworkName): Result<Invoice, InvoiceError> => {
  const bare = text.replace(/^lightning:/i, '')
  const decoded = decodeBech32(bare)
  if (!decoded.ok) return decoded
  const { hrp, words } = decoded.value

  const prefix = parsePrefix(hrp)
  if (!prefix.ok) return prefix
  if (network !== undefined && prefix.value.network !== network) {
    return err({ code: 'wrong-network', expected: network, actual: prefix.value.network })
  }
  if (words.length < TIMESTAMP_WORDS + SIGNATURE_WORDS) return err({ code: 'too-short' })

  const signed = words.slice(0, -SIGNATURE_WORDS)
  const fields = parseFields(signed.slice(TIMESTAMP_WORDS))
  if (!fields.ok) return fields
  const { n, ...rest } = fields.value

  const digest = sha256(concat(utf8Encode(hrp), wordsToBytes(signed, { pad: true })))
  const payeeNodeId = payeeOf(digest, wordsToBytes(words.slice(-SIGNATURE_WORDS)), n)
  if (payeeNodeId === undefined) return err({ code: 'invalid-signature' })

  const timestamp = wordsToNumber(signed.slice(0, TIMESTAMP_WORDS)) ?? 0
  return ok({ ...prefix.value, timestamp, ...rest, payeeNodeId })
}

const decodeBech32 = (text: string): Result<{ hrp: string; words: Words }, InvoiceError> => {
  const lower = text.toLowerCase()
  if (text !== lower && text !== text.toUpperCase()) return err({ code: 'invalid-bech32' })
  const separator = lower.lastIndexOf('1')
  if (separator < 1 || !/^[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{6,}$/.test(lower.slice(separator + 1))) {
    return err({ code: 'invalid-bech32' })
  }
  try {
    const { prefix, words } = bech32.decode(lower as `${string}1${string}`, false)
    return ok({ hrp: prefix, words })
  } catch {
    return err({ code: 'invalid-checksum' })
  }
}

const payeeOf = (digest: Uint8Array, signature: Uint8Array, n: NodeId | undefined): NodeId | undefined => {
  const compact = signature.subarray(0, 64)
  // BOLT 11: with an `n` field the signature is checked against it, and its S must be low; without one, S may be high.
  if (n !== undefined) return secp256k1.verify(compact, digest, n) ? n : undefined
  return secp256k1.recover(compact, signature[64] as number, digest)
}

type ParsedFields = Omit<Invoice, 'network' | 'amountMsat' | 'timestamp' | 'payeeNodeId'> & { readonly n?: NodeId }

const parseFields = (words: Words): Result<ParsedFields, InvoiceError> => {
  const first = new Map<InvoiceField, Words>()
  const hints: Words[] = []
  const fallbacks: FallbackAddress[] = []
  for (let at = 0; at < words.length; ) {
    if (words.length - at < 3) return err({ code: 'too-short' })
    const [number = 0, high = 0, low = 0] = words.slice(at, at + 3)
    const length = high * 32 + low
    if (words.length - at - 3 < length) return err({ code: 'too-short' })
    const data = words.slice(at + 3, at + 3 + length)
    at += 3 + length
    const field = fieldByNumber.get(number)
    if (field === undefined) continue
    // By BOLT 11 a payment fails if a field has the wrong length, yet one of its valid examples has such fields, to be skipped. We skip
    // them: a required field that is then missing fails all the same.
    if (FIXED_LENGTHS[field] !== undefined && FIXED_LENGTHS[field] !== length) continue
    if (field === 'r') hints.push(data)
    else if (field === 'f') {
      const fallback = parseFallback(data)
      if (fallback !== undefined) fallbacks.push(fallback)
    } else if (!first.has(field)) first.set(field, data)
  }
  return assemble(first, hints, fallbacks)
}

const assemble = (
  first: ReadonlyMap<InvoiceField, Words>,
  hints: readonly Words[],
  fallbackAddresses: readonly FallbackAddress[],
): Result<ParsedFields, InvoiceError> => {
  // Before all that a feature may change, such as that there is one secret and one hash.
  const features = parseFeatureWords(first.get('9') ?? [])
  const payable = checkFeatures(features, PAYABLE_FEATURES)
  if (!payable.ok) return payable
  const [p, s, d, h, n, m] = (['p', 's', 'd', 'h', 'n', 'm'] as const).map((field) => {
    const data = first.get(field)
    return data === undefined ? undefined : wordsToBytes(data)
  })
  if (p === undefined) return err({ code: 'missing-field', field: 'p' })
  if (s === undefined) return err({ code: 'missing-field', field: 's' })
  // BOLT 11: one of `d` and `h`, and not both.
  if (d === undefined && h === undefined) return err({ code: 'missing-field', field: 'd' })
  if (d !== undefined && h !== undefined) return err({ code: 'invalid-field', field: 'h' })
  const description = d === undefined ? undefined : tryUtf8Decode(d)
  if (d !== undefined && description === undefined) return err({ code: 'invalid-field', field: 'd' })

  // BOLT 11: a number or feature vector that begins with zeroes makes the invoice invalid.
  for (const field of ['c', 'x', '9'] as const) {
    if (first.get(field)?.[0] === 0) return err({ code: 'non-minimal-field', field })
  }

  const routeHints: RouteHint[] = []
  for (const data of hints) {
    const hint = parseRouteHint(data)
    if (hint === undefined) return err({ code: 'invalid-field', field: 'r' })
    routeHints.push(hint)
  }
  return ok({
    paymentHash: p,
    paymentSecret: s,
    ...(description === undefined ? {} : { description }),
    ...(h === undefined ? {} : { descriptionHash: h }),
    expirySeconds: numberOf(first.get('x'), DEFAULT_EXPIRY_SECONDS, MAX_EXPIRY_SECONDS),
    minFinalCltvExpiryDelta: numberOf(
      first.get('c'),
      DEFAULT_MIN_FINAL_CLTV_EXPIRY_DELTA,
      MAX_MIN_FINAL_CLTV_EXPIRY_DELTA,
    ),
    features,
    routeHints,
    fallbackAddresses,
    ...(m === undefined ? {} : { paymentMetadata: m }),
    ...(n === undefined ? {} : { n }),
  })
}

/** A number of any length; `largest` stands for what is beyond it. */
const numberOf = (words: Words | undefined, unsaid: number, largest: number): number =>
  words === undefined ? unsaid : Math.min(wordsToNumber(words) ?? largest, largest)
