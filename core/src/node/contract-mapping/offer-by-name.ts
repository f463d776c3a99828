import type { RequestOf } from '@fulgurite/plugin-sdk/contract'
import {
  offerInUri,
  type PaymentInstructions,
  type PaymentName,
  type PaymentNameError,
  paymentInstructions,
  readPaymentName,
} from '../../dns/payment-name.ts'
import { fromHex } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { Refusal } from '../contract-gateway.ts'
import { refusal } from './handlers.ts'

type NameRefusal = Refusal<'name-invalid' | 'proof-invalid'>

/** A name with the instructions that its proof shows; at any time if `now` is absent. */
export const resolveName = (
  text: string,
  proof: string,
  now?: TimestampMs,
): Result<PaymentInstructions & { readonly name: PaymentName }, NameRefusal> => {
  const name = readPaymentName(text)
  if (name === undefined) {
    const message = 'this is no name such as ₿user@example.com; letters beyond ASCII are written in punycode'
    return err(refusal('name-invalid', message, { field: 'name' }))
  }
  const found = paymentInstructions(name, fromHex(proof), now)
  if (found.ok) return ok({ ...found.value, name })
  const details = { reason: found.error.code }
  return err(refusal('proof-invalid', MESSAGES[found.error.code], { field: 'proof', details }))
}

const MESSAGES: Readonly<Record<PaymentNameError['code'], string>> = {
  malformed: 'this is no chain of DNS records (RFC 9102)',
  'not-proven': 'no chain of signatures leads from the root of the DNS to this name',
  expired: 'the signatures in the proof hold at other times: fetch it again',
  'too-much-work': 'the proof leads round in circles, or has too many signatures',
  'no-instructions': 'there are no payment instructions at this name',
  'several-instructions': 'there are several payment instructions at this name, of which none may be used',
}

/** The offer that is to be paid, and the name by which it was found, if it was. */
export const offerByName = (
  { offer, name, proof }: Pick<RequestOf<'offers', 'pay'>, 'offer' | 'name' | 'proof'>,
  now?: TimestampMs,
): Result<
  { readonly offer: string; readonly name?: PaymentName },
  Refusal<'invalid-request' | 'offer-invalid'> | NameRefusal
> => {
  if (name === undefined || proof === undefined) {
    if (offer !== undefined && name === undefined && proof === undefined) return ok({ offer })
    const field = name === undefined ? (offer === undefined ? 'offer' : 'name') : 'proof'
    return err(refusal('invalid-request', 'expected an offer, or a name with its proof', { field }))
  }
  const found = resolveName(name, proof, now)
  if (!found.ok) return found
  const said = offerInUri(found.value.uri)
  // BOLT 12, encoding: an offer may be all in capitals, as it is in a QR code.
  if (said === undefined || (offer !== undefined && offer.toLowerCase() !== said.toLowerCase())) {
    const message = said === undefined ? 'the name leads to no offer' : 'the name leads to another offer'
    return err(refusal('offer-invalid', message, { field: 'name' }))
  }
  return ok({ offer: said, name: found.value.name })
}
