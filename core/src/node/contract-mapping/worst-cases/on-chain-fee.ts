import { feeForWeight, outputWeight, P2TR_INPUT_WEIGHT, TX_OVERHEAD_WEIGHT } from '../../../bitcoin/fees.ts'
import type { TxOutput } from '../../../bitcoin/transaction.ts'
import type { FeeratePerKw } from '../../../lib/units.ts'
import type { SpendingKnowledge } from './spending-rule.ts'

const CHANGE_SCRIPT_LENGTH = 34

/**
 * The fee with the coins at hand. Where they do not suffice it is that of one input and change: the wallet will refuse, and
 * who is held by a budget learns nothing of the wallet from how much it is short.
 */
export const likelyFee = (
  wallet: SpendingKnowledge['wallet'],
  output: TxOutput,
  feeratePerKw: FeeratePerKw,
): bigint => {
  const quoted = wallet.quote({ outputs: [output], feeratePerKw })
  if (quoted.ok) return quoted.value as bigint
  const weight =
    TX_OVERHEAD_WEIGHT +
    P2TR_INPUT_WEIGHT +
    outputWeight(output.script) +
    outputWeight(new Uint8Array(CHANGE_SCRIPT_LENGTH))
  return (feeForWeight(feeratePerKw, weight) as bigint) + 1n
}
