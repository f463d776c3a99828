import { bech32 } from '@scure/base'
import { sha256 } from '../crypto/hashes.ts'
import { concat, utf8Encode } from '../lib/bytes.ts'
import { invariant } from '../lib/errors.ts'
import type { Signature } from '../lib/ids.ts'
import { bytesToWords, numberToWords, type Words, wordsToBytes } from '../lib/words.ts'
import {
  DEFAULT_EXPIRY_SECONDS,
  DEFAULT_MIN_FINAL_CLTV_EXPIRY_DELTA,
  type InvoiceField,
  type InvoiceFields,
} from './invoice.ts'
import { formatPrefix } from './prefix.ts'
import { FIELD_NUMBERS, formatFallback, formatFeatureWords, formatRouteHint } from './tagged-fields.ts'

/** Signs a digest with the node's key, so that the key can be recovered. */
export type SignInvoice = (digest: Uint8Array) => { readonly signature: Signature; readonly recoveryId: number }

const MAX_FIELD_WORDS = 1023

/** Writes an invoice of the signing node. Fields that do not fit are bugs, and throw. */
export const encodeInvoice = (invoice: InvoiceFields, sign: SignInvoice): string => {
  const { description, descriptionHash } = invoice
  invariant((description === undefined) !== (descriptionHash === undefined), 'an invoice needs one description')
  invariant(description?.isWellFormed() !== false, 'the description of an invoice has no UTF-8')
  invariant(invoice.timestamp < 2 ** 35, 'an invoice is of a time past its 35 bits')

  const hrp = formatPrefix(invoice)
  const signed = [...numberToWords(invoice.timestamp, 7), ...fieldsOf(invoice).flatMap(formatField)]
  const digest = sha256(concat(utf8Encode(hrp), wordsToBytes(signed, { pad: true })))
  const { signature, recoveryId } = sign(digest)
  return bech32.encode(hrp, [...signed, ...bytesToWords(concat(signature, Uint8Array.of(recoveryId)))], false)
}

type Field = readonly [field: InvoiceField, data: Words]

const fieldsOf = (invoice: InvoiceFields): readonly Field[] => {
  const fields: Field[] = [
    ['s', bytesToWords(invoice.paymentSecret)],
    ['p', bytesToWords(invoice.paymentHash)],
  ]
  if (invoice.description !== undefined) fields.push(['d', bytesToWords(utf8Encode(invoice.description))])
  if (invoice.descriptionHash !== undefined) fields.push(['h', bytesToWords(invoice.descriptionHash)])
  if (invoice.paymentMetadata !== undefined) fields.push(['m', bytesToWords(invoice.paymentMetadata)])
  if (invoice.expirySeconds !== DEFAULT_EXPIRY_SECONDS) fields.push(['x', numberToWords(invoice.expirySeconds)])
  if (invoice.minFinalCltvExpiryDelta !== DEFAULT_MIN_FINAL_CLTV_EXPIRY_DELTA) {
    fields.push(['c', numberToWords(invoice.minFinalCltvExpiryDelta)])
  }
  for (const fallback of invoice.fallbackAddresses) fields.push(['f', formatFallback(fallback)])
  for (const hint of invoice.routeHints) fields.push(['r', formatRouteHint(hint)])
  const features = formatFeatureWords(invoice.features)
  if (features.length > 0) fields.push(['9', features])
  return fields
}

const formatField = ([field, data]: Field): Words => {
  invariant(data.length <= MAX_FIELD_WORDS, `the field ${field} of an invoice is too long`)
  return [FIELD_NUMBERS[field], data.length >> 5, data.length & 31, ...data]
}
