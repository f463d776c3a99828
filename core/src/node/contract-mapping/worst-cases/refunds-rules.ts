import { DEFAULTS } from '@fulgurite/plugin-sdk/contract'
import { ok } from '../../../lib/result.ts'
import { defaultMaxFee } from '../../../payment/send/invoice-request.ts'
import type { SpendingRules } from './spending-rule.ts'

export const refundsRules: SpendingRules<'refunds'> = {
  create: {
    // Whoever comes for it comes once. Nobody can tell when, so that it counts as spent from now on.
    worstCase(request) {
      const { amountMsat } = request
      const maxFeeMsat = request.maxFeeMsat ?? defaultMaxFee(amountMsat)
      return ok({
        request: { ...request, maxFeeMsat, expirySeconds: request.expirySeconds ?? DEFAULTS.refundExpirySeconds },
        cost: { paysOutMsat: amountMsat, feesMsat: maxFeeMsat },
      })
    },
  },
}
