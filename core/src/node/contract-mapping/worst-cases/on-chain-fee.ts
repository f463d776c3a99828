import { dustLimit, feeForWeight, outputWeight, P2TR_INPUT_WEIGHT, TX_OVERHEAD_WEIGHT } from '../../../bitcoin/fees.ts'
import { p2tr } from '../../../bitcoin/script.ts'
import type { TxOutput } from '../../../bitcoin/transaction.ts'
import type { OutPoint } from '../../../lib/ids.ts'
import type { FeeratePerKw } from '../../../lib/units.ts'
import type { SpendingKnowledge } from './spending-rule.ts'

/**
 * The highest fee of a transaction if the asker sets none: coins and rates may change, and change may be too small for an output. Coins that
 * were chosen are all spent.
 */
export const defaultMaxFeeSat = (
  wallet: SpendingKnowledge['wallet'],
  outputs: readonly TxOutput[],
  feeratePerKw: FeeratePerKw,
  coins?: readonly OutPoint[],
): bigint => 2n * likelyFee(wallet, outputs, feeratePerKw, coins) + dustLimit(CHANGE_SCRIPT)

const CHANGE_SCRIPT = p2tr(new Uint8Array(32))

/**
 * The fee with the coins at hand. If they do not suffice, it is the fee of one input and change: the wallet will refuse, and an asker with
 * a budget learns nothing about the wallet from the missing amount.
 */
const likelyFee = (
  wallet: SpendingKnowledge['wallet'],
  outputs: readonly TxOutput[],
  feeratePerKw: FeeratePerKw,
  coins: readonly OutPoint[] | undefined,
): bigint => {
  const quoted = wallet.quote({ outputs, feeratePerKw, ...(coins === undefined ? {} : { coins }) })
  if (quoted !== undefined) return quoted
  const weight =
    TX_OVERHEAD_WEIGHT +
    P2TR_INPUT_WEIGHT * (coins?.length ?? 1) +
    [...outputs.map(({ script }) => script), CHANGE_SCRIPT].reduce((sum, script) => sum + outputWeight(script), 0)
  return feeForWeight(feeratePerKw, weight) + 1n
}

/** What sending all would pay, and its fee: with nothing to send, the fee of one coin, for the same reason. */
export const sendAllEstimate = (
  wallet: SpendingKnowledge['wallet'],
  script: Uint8Array,
  feeratePerKw: FeeratePerKw,
  coins: readonly OutPoint[] | undefined,
): { readonly amount: bigint; readonly fee: bigint } =>
  wallet.quoteAll({ script, feeratePerKw, ...(coins === undefined ? {} : { coins }) }) ?? {
    amount: 0n,
    fee: feeForWeight(feeratePerKw, TX_OVERHEAD_WEIGHT + P2TR_INPUT_WEIGHT + outputWeight(script)) + 1n,
  }
