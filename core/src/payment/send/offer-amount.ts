import type { Offer } from '../../invoice/bolt12/fields.ts'
import { quantityFault } from '../../invoice/bolt12/invoice-request.ts'
import { expectedAmount } from '../../invoice/bolt12/offer.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Msat } from '../../lib/units.ts'

export type OfferAmountError =
  /** The offer leaves the amount to us. */
  | { readonly code: 'amount-required' }
  | { readonly code: 'amount-too-low'; readonly leastMsat: Msat }
  | { readonly code: 'quantity-invalid'; readonly most: bigint | undefined }
  /** The price is in another currency: only its issuer knows what that comes to, and we the most that it may. */
  | { readonly code: 'limit-required'; readonly currency: string }
  | { readonly code: 'offer-invalid' }

export interface OfferChoice {
  /** At least what the offer asks for; that if absent. The most that it may come to where that is in another currency. */
  readonly amountMsat?: Msat | undefined
  /** One if absent. */
  readonly quantity?: number | undefined
}

/** How many items a request asks for; absent where the offer is for one. */
export const requestedQuantity = (offer: Offer, { quantity = 1 }: OfferChoice): bigint | undefined =>
  offer.offerQuantityMax === undefined && quantity === 1 ? undefined : BigInt(quantity)

/** What paying an offer comes to at most: what it asks for, or what we say. No invoice for more is paid. */
export const offerAmount = (offer: Offer, choice: OfferChoice): Result<Msat, OfferAmountError> => {
  const quantity = requestedQuantity(offer, choice)
  const asked = quantity === undefined ? offer : { ...offer, invreqQuantity: quantity }
  if (quantityFault(asked) !== undefined) return err({ code: 'quantity-invalid', most: offer.offerQuantityMax })
  const { offerCurrency: currency } = offer
  const expected = currency === undefined ? expectedAmount(asked) : ok(undefined)
  if (!expected.ok) return err({ code: 'offer-invalid' })
  const { amountMsat = expected.value } = choice
  if (amountMsat === undefined && currency !== undefined) return err({ code: 'limit-required', currency })
  if (amountMsat === undefined || amountMsat <= 0n) return err({ code: 'amount-required' })
  return expected.value !== undefined && amountMsat < expected.value
    ? err({ code: 'amount-too-low', leastMsat: expected.value })
    : ok(amountMsat)
}
