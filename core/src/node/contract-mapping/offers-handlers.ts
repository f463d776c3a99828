import { formatPaymentName, offerInUri } from '../../dns/payment-name.ts'
import { decodeOffer, offerId } from '../../invoice/bolt12/offer.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { err, ok } from '../../lib/result.ts'
import { readPayment } from '../payment/payments-actor.ts'
import type { MappingContext } from './context.ts'
import { describeDecoded, describeOffer } from './describe-offer.ts'
import { type ActorHandlers, pluginOf, refusal } from './handlers.ts'
import { resolveName } from './offer-by-name.ts'
import { NO_MESSAGES, NO_RELAYING_PEER, unreadableOffer } from './offer-refusals.ts'
import { pageOf } from './paging.ts'
import { offerPaying } from './pay-offer.ts'

export const offersHandlers = (context: MappingContext): ActorHandlers<'offers'> => {
  const { offers, options } = context
  const { clock, store } = options
  const pay = offerPaying(context)
  return {
    async list({ status, page }) {
      const all = offers.own.all().map((offer) => describeOffer(offer, clock.now()))
      return pageOf(status === undefined ? all : all.filter((offer) => offer.status === status), page)
    },

    async get({ offerId }) {
      const offer = offers.own.get(fromHex(offerId))
      return offer === undefined ? err(NOT_FOUND) : ok({ offer: describeOffer(offer, clock.now()) })
    },

    async create({ amountMsat, description, issuer, expirySeconds, quantityMax, blinded = false }, { caller }) {
      if (offers.issuer === undefined) return err(NO_MESSAGES)
      if (amountMsat === 0n) {
        return err(
          refusal('amount-out-of-bounds', 'leave the amount out for an offer of any amount', { field: 'amountMsat' }),
        )
      }
      const made = await offers.issuer.create({
        blinded,
        plugin: pluginOf(caller),
        ...(amountMsat === undefined ? {} : { price: { amount: amountMsat } }),
        ...(description === undefined ? {} : { description }),
        ...(issuer === undefined ? {} : { issuer }),
        ...(expirySeconds === undefined
          ? {}
          : { absoluteExpiry: BigInt(Math.floor(clock.now() / 1_000) + expirySeconds) }),
        // One item is not said (BOLT 12).
        ...(quantityMax === undefined || quantityMax === 1
          ? {}
          : { quantityMax: quantityMax === 0 ? ('any' as const) : BigInt(quantityMax) }),
      })
      if (made.ok) return ok({ offer: describeOffer(made.value, clock.now()) })
      switch (made.error.code) {
        case 'too-many-offers':
          return err(refusal('too-many-offers', 'this node keeps no more offers'))
        case 'no-relaying-peer':
          return err(NO_RELAYING_PEER)
        case 'missing-field':
          return err(
            refusal('description-required', 'say what is paid for: an offer of an amount has a description', {
              field: 'description',
            }),
          )
        default:
          return err(refusal('amount-out-of-bounds', 'nobody can pay this amount', { field: 'amountMsat' }))
      }
    },

    async disable({ offerId }, { caller }) {
      const offer = await offers.own.disable(fromHex(offerId), pluginOf(caller))
      return offer === undefined ? err(NOT_FOUND) : ok({ offer: describeOffer(offer, clock.now()) })
    },

    async decode({ offer: text }) {
      const offer = decodeOffer(text)
      return offer.ok ? ok({ offer: describeDecoded(offer.value, offers.owner) }) : err(unreadableOffer)
    },

    async resolveName({ name, proof }) {
      const found = resolveName(name, proof, clock.now())
      if (!found.ok) return found
      const { uri, expiresAt, ttl, name: read } = found.value
      const offer = offerInUri(uri)
      return ok({
        name: formatPaymentName(read),
        uri,
        ...(offer === undefined ? {} : { offer }),
        expiresAt,
        ttlSeconds: ttl,
      })
    },

    async pay(request, { key }) {
      return pay(request, key ?? '')
    },

    async proof({ paymentHash }) {
      const hash = fromHex(paymentHash)
      const kept = await offers.payments.get(hash)
      const offer = kept && decodeOffer(kept.offer)
      if (kept === undefined || offer?.ok !== true) {
        return err(refusal('payment-not-found', 'no offer was paid with this payment hash', { field: 'paymentHash' }))
      }
      const preimage = (await readPayment(store, hash))?.preimage
      return ok({
        offerId: toHex(offerId(offer.value)),
        offer: kept.offer,
        invoice: toHex(kept.invoice),
        ...(preimage === undefined ? {} : { preimage: toHex(preimage) }),
      })
    },
  }
}

const NOT_FOUND = refusal('offer-not-found', 'this node made no offer with this id', { field: 'offerId' })
