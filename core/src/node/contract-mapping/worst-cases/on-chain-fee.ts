import { dustLimit, feeForWeight, outputWeight, P2TR_INPUT_WEIGHT, TX_OVERHEAD_WEIGHT } from '../../../bitcoin/fees.ts'
import { p2tr } from '../../../bitcoin/script.ts'
import type { TxOutput } from '../../../bitcoin/transaction.ts'
import type { FeeratePerKw } from '../../../lib/units.ts'
import type { SpendingKnowledge } from './spending-rule.ts'

/** The highest fee of a transaction if the asker sets none: coins and rates may change, and change may be too small for an output. */
export const defaultMaxFeeSat = (
  wallet: SpendingKnowledge['wallet'],
  output: TxOutput,
  feeratePerKw: FeeratePerKw,
): bigint => 2n * likelyFee(wallet, output, feeratePerKw) + dustLimit(CHANGE_SCRIPT)

const CHANGE_SCRIPT = p2tr(new Uint8Array(32))

/**
 * The fee with the coins at hand. If they do not suffice, it is the fee of one input and change: the wallet will refuse, and an asker with
 * a budget learns nothing about the wallet from the missing amount.
 */
const likelyFee = (wallet: SpendingKnowledge['wallet'], output: TxOutput, feeratePerKw: FeeratePerKw): bigint => {
  const quoted = wallet.quote({ outputs: [output], feeratePerKw })
  if (quoted !== undefined) return quoted
  const weight = TX_OVERHEAD_WEIGHT + P2TR_INPUT_WEIGHT + outputWeight(output.script) + outputWeight(CHANGE_SCRIPT)
  return feeForWeight(feeratePerKw, weight) + 1n
}
