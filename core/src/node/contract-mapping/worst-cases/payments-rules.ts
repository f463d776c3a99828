import { err, ok } from '../../../lib/result.ts'
import { defaultMaxFee, payableAmount } from '../../../payment/send/invoice-request.ts'
import { refusal } from '../handlers.ts'
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
        request: { ...request, amountMsat, maxFeeMsat },
        cost: { paysOutMsat: amountMsat as bigint, feesMsat: maxFeeMsat as bigint },
      })
    },
    actual: ({ payment: { amountMsat, feesMsat } }) => ({ paysOutMsat: amountMsat, feesMsat }),
  },
  sendToRoute: {
    // A first hop gets everything, a last one what is paid: what stays on the way are fees. Every part counts.
    worstCase(request) {
      let [sent, delivered] = [0n, 0n]
      for (const route of [request.route, ...(request.moreRoutes ?? [])]) {
        const [first, last] = [route[0]?.amountMsat as bigint, route.at(-1)?.amountMsat as bigint]
        // Parts must not make up for each other.
        if (first < last) return err(refusal('invalid-route', 'amounts grow along the route', { field: 'route' }))
        sent += first
        delivered += last
      }
      return ok({
        request: { ...request, totalAmountMsat: request.totalAmountMsat ?? delivered },
        cost: { paysOutMsat: delivered, feesMsat: sent - delivered },
      })
    },
    actual: ({ payment: { amountMsat, feesMsat } }) => ({ paysOutMsat: amountMsat, feesMsat }),
  },
}
