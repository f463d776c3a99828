import type { RequestOf } from '@fulgurite/plugin-sdk/contract'
import { addressToScript } from '../../../bitcoin/address.ts'
import { p2wsh } from '../../../bitcoin/script.ts'
import {
  type Funded,
  forceCloseCost,
  isFunded,
  mutualCloseLossMsat,
  mutualClosePayoutMsat,
} from '../../../channel/index.ts'
import { fromHex } from '../../../lib/bytes.ts'
import { err, ok } from '../../../lib/result.ts'
import { msatToSatCeil, satToMsat } from '../../../lib/units.ts'
import { refusal } from '../handlers.ts'
import { addressRefusal } from '../wallet-refusals.ts'
import { defaultMaxFeeSat } from './on-chain-fee.ts'
import { feerateOf, type SpendingKnowledge, type SpendingRules } from './spending-rule.ts'
import { coinsOf } from './wallet-rules.ts'

// Only its length matters for the fee.
const FUNDING_SCRIPT = p2wsh(new Uint8Array(0))

export const channelsRules: SpendingRules<'channels'> = {
  open: {
    worstCase(request, known) {
      const { relay } = known.settings
      const fundingMsat = satToMsat(request.fundingSat)
      const pushMsat = request.pushMsat ?? 0n
      if (pushMsat > fundingMsat) {
        return err(
          refusal('push-too-large', 'expected at most the funding: nobody can give away more than is put in', {
            field: 'pushMsat',
          }),
        )
      }
      const rate = feerateOf(request, known)
      if (!rate.ok) return rate
      const output = { amount: request.fundingSat, script: FUNDING_SCRIPT }
      const maxFeeSat =
        request.maxFeeSat ?? defaultMaxFeeSat(known.wallet, [output], rate.value.feerate, coinsOf(request.coins))
      return ok({
        request: {
          ...request,
          pushMsat,
          ...rate.value,
          maxFeeSat,
          feeBaseMsat: request.feeBaseMsat ?? relay.feeBaseMsat,
          feeProportionalMillionths: request.feeProportionalMillionths ?? relay.feeProportionalMillionths,
        },
        cost: openingCost(request, maxFeeSat),
      })
    },
    actual: ({ feeSat }, request) => openingCost(request, feeSat),
  },
  close: {
    worstCase(request, known) {
      const durable = funded(request.channelId, known)
      const { closingMaximum, minimum } = known.feerates()
      const minFeerate = request.minFeerate ?? minimum
      // Fixed now: it also limits a negotiation that begins when the peer is back.
      const feerate = request.feerate ?? Math.max(closingMaximum, minFeerate)
      if (feerate < minFeerate) {
        return err(refusal('fee-limit-exceeded', 'expected at most feerate', { field: 'minFeerate' }))
      }
      const script = request.address === undefined ? undefined : addressToScript(request.address, known.network)
      if (script?.ok === false) return err(addressRefusal(script.error.code, known.network.name))
      const isForeign = script !== undefined && !known.wallet.owns(script.value)
      const feesMsat = durable === undefined ? 0n : mutualCloseLossMsat(durable, feerate, script?.value)
      // Wherever a close pays to that is not our wallet, our share has left the node.
      const paysOutMsat = durable === undefined || !isForeign ? 0n : mutualClosePayoutMsat(durable)
      return ok({ request: { ...request, feerate, minFeerate }, cost: { paysOutMsat, feesMsat } })
    },
  },
  forceClose: {
    worstCase(request, known) {
      const durable = funded(request.channelId, known)
      if (durable === undefined) return ok({ request, cost: { feesMsat: 0n, locksSat: 0n } })
      const { feesMsat, lockedMsat } = forceCloseCost(durable, known.feerates().closing)
      return ok({ request, cost: { feesMsat: feesMsat * 2n, locksSat: msatToSatCeil(lockedMsat) } })
    },
  },
  raiseFees: {
    worstCase: (request, known) => ok({ request, cost: raisingCost(request.channelId, known) }),
    actual: ({ transactions }) => ({ feesMsat: satToMsat(transactions.reduce((sum, { feeSat }) => sum + feeSat, 0n)) }),
  },
}

/** Whatever rate is asked for, nothing pays more than what it saves. */
export const raisingCost = (channelId: string, { publisher }: Pick<SpendingKnowledge, 'publisher'>) => ({
  feesMsat: satToMsat(publisher.claimsOf(fromHex(channelId)).reduce((sum, { claim }) => sum + claim.stakes.budget, 0n)),
})

/** The amount that is not given away stays ours, reserve and later fees included, and is tied up. */
const openingCost = (
  { fundingSat, pushMsat = 0n }: Pick<RequestOf<'channels', 'open'>, 'fundingSat' | 'pushMsat'>,
  feeSat: bigint,
) => ({
  paysOutMsat: pushMsat,
  feesMsat: satToMsat(feeSat),
  locksSat: msatToSatCeil(satToMsat(fundingSat) - pushMsat),
})

/** A channel that does not exist, or has no money in it yet, costs nothing. Whether the key has an outcome is checked later. */
const funded = (channelId: string, { channels }: SpendingKnowledge): Funded | undefined => {
  const durable = channels.get(fromHex(channelId))?.state.durable
  return durable !== undefined && isFunded(durable) ? durable : undefined
}
