import { DEFAULTS } from '@fulgurite/plugin-sdk/contract'
import { decodeOffer } from '../../../invoice/bolt12/offer.ts'
import { err, ok } from '../../../lib/result.ts'
import { defaultMaxFee } from '../../../payment/send/invoice-request.ts'
import { offerAmount } from '../../../payment/send/offer-amount.ts'
import { withRouteDefaults } from '../asked-wishes.ts'
import { offerByName } from '../offer-by-name.ts'
import { offerAmountRefusal, unreadableOffer } from '../offer-refusals.ts'
import type { SpendingRules } from './spending-rule.ts'

export const offersRules: SpendingRules<'offers'> = {
  pay: {
    // The amount is said in the request for the invoice, and no invoice for another is paid.
    worstCase(request) {
      // The same at any time: whether the proof of a name holds now is looked at when it is paid.
      const named = offerByName(request)
      if (!named.ok) return named
      const offer = decodeOffer(named.value.offer)
      if (!offer.ok) return err(unreadableOffer)
      const amount = offerAmount(offer.value, request)
      if (!amount.ok) return err(offerAmountRefusal(amount.error))
      const amountMsat = amount.value
      const maxFeeMsat = request.maxFeeMsat ?? defaultMaxFee(amountMsat)
      return ok({
        request: {
          ...withRouteDefaults(request, DEFAULTS.parts),
          offer: named.value.offer,
          amountMsat,
          maxFeeMsat,
          quantity: request.quantity ?? 1,
        },
        cost: { paysOutMsat: amountMsat, feesMsat: maxFeeMsat },
      })
    },
    actual: ({ payment: { amountMsat, feesMsat } }) => ({ paysOutMsat: amountMsat, feesMsat }),
  },
}
