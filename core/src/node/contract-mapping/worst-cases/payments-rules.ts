import { DEFAULTS, type RequestOf } from '@fulgurite/plugin-sdk/contract'
import { err, ok } from '../../../lib/result.ts'
import { defaultMaxFee, payableAmount } from '../../../payment/send/invoice-request.ts'
import { withRouteDefaults } from '../asked-wishes.ts'
import { amountRefusal } from '../invoice-refusals.ts'
import type { SpendingRules } from './spending-rule.ts'

export const paymentsRules: SpendingRules<'payments'> = {
  payInvoice: {
    worstCase(request, known) {
      const invoice = known.invoice(request.invoice)
      if (!invoice.ok) return invoice
      const amount = payableAmount(invoice.value, request.amountMsat)
      if (!amount.ok) return err(amountRefusal(amount.error))
      const amountMsat = amount.value
      const maxFeeMsat = request.maxFeeMsat ?? defaultMaxFee(amountMsat)
      return ok({
        request: { ...withRouteDefaults(request, DEFAULTS.parts), amountMsat, maxFeeMsat },
        cost: { paysOutMsat: amountMsat, feesMsat: maxFeeMsat },
      })
    },
    actual: ({ payment: { amountMsat, feesMsat } }) => ({ paysOutMsat: amountMsat, feesMsat }),
  },
  keysend: {
    worstCase(request) {
      const maxFeeMsat = request.maxFeeMsat ?? defaultMaxFee(request.amountMsat)
      return ok({
        request: { ...withRouteDefaults(request, 1), maxFeeMsat },
        cost: { paysOutMsat: request.amountMsat, feesMsat: maxFeeMsat },
      })
    },
    actual: ({ payment: { amountMsat, feesMsat } }) => ({ paysOutMsat: amountMsat, feesMsat }),
  },
  sendToRoute: {
    worstCase(request) {
      const { paysOutMsat, feesMsat } = givenAmounts([request.route, ...(request.moreRoutes ?? [])])
      return ok({
        request: { ...request, totalAmountMsat: request.totalAmountMsat ?? paysOutMsat },
        cost: { paysOutMsat, feesMsat },
      })
    },
    actual: ({ payment: { amountMsat, feesMsat } }) => ({ paysOutMsat: amountMsat, feesMsat }),
  },
}

type GivenRoute = RequestOf<'payments', 'sendToRoute'>['route']

/**
 * The first hop of a route gets everything, the last one gets what is paid: the difference is fees. Every part counts. If amounts grow along
 * a route, the larger one counts; such a route is refused when routes are read.
 */
export const givenAmounts = (routes: readonly GivenRoute[]) => {
  const parts = routes.map((route) => {
    const [sent, delivered] = [route[0]?.amountMsat as bigint, route.at(-1)?.amountMsat as bigint]
    return { paysOutMsat: delivered, feesMsat: sent > delivered ? sent - delivered : 0n }
  })
  return {
    paysOutMsat: parts.reduce((sum, part) => sum + part.paysOutMsat, 0n),
    feesMsat: parts.reduce((sum, part) => sum + part.feesMsat, 0n),
  }
}
