import { tryUtf8Decode } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { TimestampMs } from '../lib/units.ts'
import { isLabel, labelsOf, nameOf } from './dns-name.ts'
import { type DnsProofError, provenRecords } from './dns-proof.ts'
import { TYPE } from './dns-record.ts'
import { ROOT_ANCHORS } from './root-anchors.ts'
import type { KeyDigest } from './signed-records.ts'

// BIP 353: names of people and shops, such as ₿user@example.com, that lead to payment instructions by way of the DNS.

/** The two parts of such a name. */
export interface PaymentName {
  readonly name: string
  readonly domain: string
}

/** Where a name leads to. */
export interface PaymentInstructions {
  /** A `bitcoin:` URI. It comes from a stranger. */
  readonly uri: string
  readonly expiresAt: TimestampMs
  /** BIP 353: for no longer may it be remembered, in seconds. */
  readonly ttl: number
}

export type PaymentNameError =
  | DnsProofError
  /** No `bitcoin:` text is at the name, or several are. */
  | { readonly code: 'no-instructions' | 'several-instructions' }

// In requests for invoices names have other characters (BOLT 12), and of these the DNS takes any. Others are written in punycode.
const PART = /^[0-9a-zA-Z._-]{1,255}$/

/** Reads `₿user@domain`, or the same without the sign; `undefined` if it is none. */
export const readPaymentName = (text: string): PaymentName | undefined => {
  const [name = '', domain = '', ...rest] = text.replace(/^₿/, '').split('@')
  if (rest.length > 0 || !PART.test(name) || !PART.test(domain)) return undefined
  const place = placeOf({ name, domain })
  return labelsOf(place).every(isLabel) && place.length < 254 ? { name, domain } : undefined
}

export const formatPaymentName = ({ name, domain }: PaymentName): string => `₿${name}@${domain}`

/** The instructions at a name, if the chain proves them; at any time if `now` is absent. */
export const paymentInstructions = (
  name: PaymentName,
  chain: Uint8Array,
  now?: TimestampMs,
  anchors: readonly KeyDigest[] = ROOT_ANCHORS,
): Result<PaymentInstructions, PaymentNameError> => {
  const proven = provenRecords(chain, placeOf(name), TYPE.txt, anchors, now)
  if (!proven.ok) return proven
  // BIP 353: other texts are ignored, and of several that match none is used.
  const uris = proven.value.records.map(textOf).filter((text) => text !== undefined && /^bitcoin:/i.test(text))
  const [uri] = uris
  if (uri === undefined) return err({ code: 'no-instructions' })
  if (uris.length > 1) return err({ code: 'several-instructions' })
  const { expiresAt, ttl } = proven.value
  return ok({ uri, expiresAt, ttl })
}

/** BIP 353, records. */
const placeOf = ({ name, domain }: PaymentName): string =>
  nameOf(`${name}.user._bitcoin-payment.${domain.replace(/\.$/, '')}`.toLowerCase().split('.'))

/** The strings of a TXT record, one after another. */
const textOf = (data: Uint8Array): string | undefined => {
  const bytes: number[] = []
  for (let at = 0; at < data.length; ) {
    const end = at + 1 + (data[at] ?? 0)
    if (end > data.length) return undefined
    bytes.push(...data.subarray(at + 1, end))
    at = end
  }
  return tryUtf8Decode(Uint8Array.from(bytes))
}

/**
 * The offer in a `bitcoin:` URI (BIP 321): of its parameter `lno`, whose name has any case. `undefined` if there is none, or if something is
 * required of the payer that we do not know.
 */
export const offerInUri = (uri: string): string | undefined => {
  const query = uri.split('?').slice(1).join('?')
  const parameters = query.split('&').map((parameter) => {
    const [key = '', ...value] = parameter.split('=')
    return [key.toLowerCase(), value.join('=')] as const
  })
  if (parameters.some(([key]) => key.startsWith('req-'))) return undefined
  const offer = parameters.find(([key]) => key === 'lno')?.[1]
  return offer === undefined || !/^[0-9a-zA-Z+]+$/.test(offer) ? undefined : offer
}
