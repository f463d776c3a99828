import { invariant } from '../../lib/errors.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { TimestampMs } from '../../lib/units.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import type { Bolt12Error } from './bolt12-error.ts'
import { invalid, isAmount, missing, offersChain, outOfRange, unknownFeature } from './checks.ts'
import { type Bolt12Invoice, OFFER_FIELDS, type Offer, offerStream, part } from './fields.ts'
import { merkleRoot } from './merkle.ts'
import { isOfferType } from './records.ts'
import { decodeBolt12, encodeBolt12 } from './strings.ts'

/** Reads an offer, and checks all that BOLT 12 has a reader check of what it says. Chain and time are left to `offerRefusal`. */
export const decodeOffer = (text: string): Result<Offer, Bolt12Error> => {
  const stream = decodeBolt12('lno', text)
  if (!stream.ok) return stream
  const decoded = decodeWith(offerStream, stream.value)
  if (!decoded.ok) return err({ code: 'malformed', error: decoded.error })
  const fault = offerFault(decoded.value)
  return fault === undefined ? decoded : err(fault)
}

/** The offer as a string. One that no reader would take is a bug, and throws. */
export const encodeOffer = (offer: Offer): string => {
  invariant(offerFault(offer) === undefined, 'an offer that we write is one that we read')
  return encodeBolt12('lno', encodeWith(offerStream, offer))
}

/** BOLT 12, the reader of an offer: what it says is wrong. */
export const offerFault = (offer: Offer): Bolt12Error | undefined => {
  const { offerAmount, offerCurrency, offerDescription, offerFeatures, offerPaths, offerIssuerId } = offer
  const fault = outOfRange(offer, isOfferType) ?? unknownFeature('offerFeatures', offerFeatures)
  if (fault !== undefined) return fault
  if (offerAmount !== undefined && offerDescription === undefined) return missing('offerDescription')
  if (offerAmount !== undefined && offerAmount === 0n) return invalid('offerAmount')
  // More than what we check for: nobody can pay more than there is.
  if (offerAmount !== undefined && offerCurrency === undefined && !isAmount(offerAmount)) return invalid('offerAmount')
  if (offerCurrency !== undefined && offerAmount === undefined) return missing('offerAmount')
  return offerIssuerId === undefined && offerPaths === undefined ? missing('offerIssuerId') : undefined
}

/** BOLT 12, the reader of an offer: why it is not to be answered here and now. */
export const offerRefusal = (offer: Offer, chainHash: Uint8Array, now: TimestampMs): Bolt12Error | undefined => {
  if (!offersChain(offer, chainHash)) return { code: 'wrong-chain' }
  const { offerAbsoluteExpiry } = offer
  return offerAbsoluteExpiry !== undefined && BigInt(now) > offerAbsoluteExpiry * 1000n
    ? { code: 'expired' }
    : undefined
}

/** What tells an offer from all others: the root over its records, 32 bytes. */
export const offerId = (offer: Offer): Uint8Array => merkleRoot(encodeWith(offerStream, offer))

/** The offer that a request or an invoice is about, with what was unknown in it; without any field if there was none. */
export const offerIn = (request: Bolt12Invoice): Offer => part(request, OFFER_FIELDS, isOfferType)

/** BOLT 12: a request without an issuer is no answer to an offer, whatever else of one it holds. */
export const isForOffer = ({ offerIssuerId, offerPaths }: Offer): boolean =>
  offerIssuerId !== undefined || offerPaths !== undefined

/** What an invoice for an offer has to be for, in millisatoshis; `undefined` if the payer chooses. */
export const expectedAmount = (
  { offerAmount, offerCurrency, invreqQuantity = 1n }: Bolt12Invoice,
  convert?: ConvertCurrency,
): Result<bigint | undefined, Bolt12Error> => {
  if (offerAmount === undefined) return ok(undefined)
  const total = offerAmount * invreqQuantity
  const amount = offerCurrency === undefined ? total : convert?.(offerCurrency, total)
  if (amount === undefined) return err({ code: 'unknown-currency', currency: offerCurrency ?? '' })
  return isAmount(amount) ? ok(amount) : err(invalid('offerAmount'))
}

/** An amount in the smallest unit of an ISO 4217 currency, in millisatoshis; `undefined` for a currency without a rate. */
export type ConvertCurrency = (currency: string, amount: bigint) => bigint | undefined
