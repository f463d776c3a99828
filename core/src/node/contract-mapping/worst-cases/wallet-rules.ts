import { addressToScript } from '../../../bitcoin/address.ts'
import { err, ok } from '../../../lib/result.ts'
import { satToMsat } from '../../../lib/units.ts'
import { addressRefusal } from '../wallet-refusals.ts'
import { defaultMaxFeeSat } from './on-chain-fee.ts'
import type { SpendingRules } from './spending-rule.ts'

export const walletRules: SpendingRules<'wallet'> = {
  send: {
    worstCase(request, known) {
      const script = addressToScript(request.address, known.network)
      if (!script.ok) return err(addressRefusal(script.error.code, known.network.name))
      const { amountSat } = request
      const feerate = request.feerate ?? known.feerates().closing
      const output = { amount: amountSat, script: script.value }
      const maxFeeSat = request.maxFeeSat ?? defaultMaxFeeSat(known.wallet, output, feerate)
      return ok({
        request: { ...request, feerate, maxFeeSat },
        cost: { paysOutMsat: satToMsat(amountSat), feesMsat: satToMsat(maxFeeSat) },
      })
    },
    actual: ({ feeSat }, { amountSat }) => ({
      paysOutMsat: satToMsat(amountSat),
      feesMsat: satToMsat(feeSat),
    }),
  },
}
