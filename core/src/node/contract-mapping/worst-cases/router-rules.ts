import { DEFAULTS } from '@fulgurite/plugin-sdk/contract'
import { err, ok } from '../../../lib/result.ts'
import { msatToSatCeil } from '../../../lib/units.ts'
import { defaultMaxFee } from '../../../payment/send/invoice-request.ts'
import { withRouteDefaults } from '../asked-wishes.ts'
import { refusal } from '../handlers.ts'
import { missing } from '../probe-handlers.ts'
import { givenAmounts } from './payments-rules.ts'
import type { SpendingRules } from './spending-rule.ts'

export const routerRules: SpendingRules<'router'> = {
  probe: {
    // Nothing of it is spent: it is held until it comes back.
    worstCase(request) {
      const { nodeId, route, moreRoutes = [], finalCltvExpiryDelta = DEFAULTS.route.finalCltvExpiryDelta } = request
      const limits = { ...withRouteDefaults(request, DEFAULTS.route.parts), finalCltvExpiryDelta }
      if (route === undefined) {
        if (moreRoutes.length > 0)
          return err(refusal('invalid-request', 'expected a route too', { field: 'moreRoutes' }))
        if (nodeId === undefined) return err(missing('nodeId'))
        const { amountMsat } = request
        if (amountMsat === undefined) return err(missing('amountMsat'))
        const maxFeeMsat = request.maxFeeMsat ?? defaultMaxFee(amountMsat)
        return ok({
          request: { ...limits, amountMsat, maxFeeMsat },
          cost: { locksSat: msatToSatCeil(amountMsat + maxFeeMsat) },
        })
      }
      const [searched] = Object.entries(request).find(([name, value]) => !GIVEN.has(name) && value !== undefined) ?? []
      if (searched !== undefined) {
        const message = `${searched}: nothing is searched for where the route is given`
        return err(refusal('invalid-request', message, { field: searched }))
      }
      const { paysOutMsat: amountMsat, feesMsat: maxFeeMsat } = givenAmounts([route, ...moreRoutes])
      return ok({
        request: { ...limits, amountMsat, maxFeeMsat },
        cost: { locksSat: msatToSatCeil(amountMsat + maxFeeMsat) },
      })
    },
    // It answers when all of it is back.
    actual: () => ({ locksSat: 0n }),
  },
}

/** All else says how to search. */
const GIVEN: ReadonlySet<string> = new Set(['route', 'moreRoutes'])
