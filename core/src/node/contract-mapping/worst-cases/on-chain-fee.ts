import { dustLimit, feeForWeight, outputWeight, P2TR_INPUT_WEIGHT, TX_OVERHEAD_WEIGHT } from '../../../bitcoin/fees.ts'
import { p2tr } from '../../../bitcoin/script.ts'
import type { TxOutput } from '../../../bitcoin/transaction.ts'
import type { FeeratePerKw } from '../../../lib/units.ts'
import type { SpendingKnowledge } from './spending-rule.ts'

/** What a transaction may pay whose asker does not say: coins and rates may move, and change too small for an output. */
export const defaultMaxFeeSat = (
  wallet: SpendingKnowledge['wallet'],
  output: TxOutput,
  feeratePerKw: FeeratePerKw,
): bigint => 2n * likelyFee(wallet, output, feeratePerKw) + dustLimit(CHANGE_SCRIPT)

const CHANGE_SCRIPT = p2tr(new Uint8Array(32))

/**
 * The fee with the coins at hand. Where they do not suffice it is that of one input and change: the wallet will refuse, and
 * who is held by a budget learns nothing of the wallet from how much it is short.
 */
const likelyFee = (wallet: SpendingKnowledge['wallet'], output: TxOutput, feeratePerKw: FeeratePerKw): bigint => {
  const quoted = wallet.quote({ outputs: [output], feeratePerKw })
  if (quoted !== undefined) return quoted
  const weight = TX_OVERHEAD_WEIGHT + P2TR_INPUT_WEIGHT + outputWeight(output.script) + outputWeight(CHANGE_SCRIPT)
  return feeForWeight(feeratePerKw, weight) + 1n
}
