import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import type { Offer } from '../../invoice/bolt12/fields.ts'
import { keyOfOffer } from '../../invoice/bolt12/issue-offer.ts'
import { offerId } from '../../invoice/bolt12/offer.ts'
import type { Bolt12Owner } from '../../invoice/bolt12/own-keys.ts'
import { toHex } from '../../lib/bytes.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { OwnOffer } from '../offers/own-offers.ts'

type OfferSummary = ReplyOf<'offers', 'get'>['offer']

/** An offer of ours in the contract's form. */
export const describeOffer = ({ id, offer, text, createdAt, disabledAt }: OwnOffer, now: TimestampMs): OfferSummary => {
  const { offerAmount, offerDescription, offerIssuer, offerQuantityMax, offerAbsoluteExpiry, offerPaths } = offer
  const expiresAt = offerAbsoluteExpiry === undefined ? undefined : Number(offerAbsoluteExpiry) * 1_000
  const isExpired = expiresAt !== undefined && now > expiresAt
  return {
    offerId: toHex(id),
    offer: text,
    status: disabledAt !== undefined ? 'disabled' : isExpired ? 'expired' : 'active',
    ...(offerAmount === undefined ? {} : { amountMsat: offerAmount }),
    ...(offerDescription === undefined ? {} : { description: shownText(offerDescription) }),
    ...(offerIssuer === undefined ? {} : { issuer: shownText(offerIssuer) }),
    ...(offerQuantityMax === undefined ? {} : { quantityMax: Number(offerQuantityMax) }),
    blinded: offerPaths !== undefined,
    createdAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(disabledAt === undefined ? {} : { disabledAt }),
  }
}

/** An offer of anybody in the contract's form. */
export const describeDecoded = (offer: Offer, owner: Bolt12Owner): ReplyOf<'offers', 'decode'>['offer'] => {
  const { offerAmount, offerCurrency, offerDescription, offerIssuer, offerQuantityMax } = offer
  const { offerAbsoluteExpiry, offerIssuerId, offerPaths = [] } = offer
  return {
    offerId: toHex(offerId(offer)),
    ...(offerAmount === undefined || offerCurrency !== undefined ? {} : { amountMsat: offerAmount }),
    ...(offerCurrency === undefined || offerAmount === undefined
      ? {}
      : { currency: offerCurrency.slice(0, 8).toWellFormed(), currencyAmount: countOf(offerAmount) }),
    ...(offerDescription === undefined ? {} : { description: shownText(offerDescription) }),
    ...(offerIssuer === undefined ? {} : { issuer: shownText(offerIssuer) }),
    ...(offerQuantityMax === undefined ? {} : { quantityMax: countOf(offerQuantityMax) }),
    ...(offerAbsoluteExpiry === undefined ? {} : { expiresAt: countOf(offerAbsoluteExpiry * 1_000n) }),
    ...(offerIssuerId === undefined ? {} : { issuerId: toHex(offerIssuerId) }),
    paths: offerPaths.length,
    own: keyOfOffer(owner, offer) !== undefined,
  }
}

/** As much of a text as the contract has room for. */
export const shownText = (value: string): string => value.slice(0, 1024).toWellFormed()

/** Beyond what a number holds to the unit, the most that one does. */
export const countOf = (value: bigint): number => Number(value < MOST ? value : MOST)

const MOST = BigInt(Number.MAX_SAFE_INTEGER)
