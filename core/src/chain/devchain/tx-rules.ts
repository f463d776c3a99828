import { SighashMidstate } from '../../bitcoin/sighash.ts'
import { SEQUENCE_FINAL, type Tx } from '../../bitcoin/transaction.ts'
import { isAllZero } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Sat } from '../../lib/units.ts'
import { outpointKey } from '../outpoint-key.ts'
import type { Coin, TxPlace } from './coin.ts'
import type { TxRejection } from './tx-rejection.ts'
import { verifyInput } from './verify-input.ts'

export const COINBASE_MATURITY = 100
export const MAX_BLOCK_WEIGHT = 4_000_000
const MAX_MONEY = 2_100_000_000_000_000n
const LOCKTIME_THRESHOLD = 500_000_000
const SEQUENCE_DISABLE_FLAG = 0x80000000
const SEQUENCE_TYPE_FLAG = 0x00400000
const SEQUENCE_VALUE_MASK = 0x0000ffff
const SEQUENCE_SECONDS_SHIFT = 9

/** Whether the transaction has the one empty input by which a block makes money. */
export const isCoinbaseTx = (tx: Tx): boolean => {
  const [input, ...more] = tx.inputs
  return (
    input !== undefined && more.length === 0 && input.outpoint.index === 0xffffffff && isAllZero(input.outpoint.txid)
  )
}

/** What can be said of a transaction alone. `undefined` when nothing is wrong. */
export const checkTx = (tx: Tx): TxRejection | undefined => {
  if (tx.inputs.length === 0) return { code: 'inputs-empty' }
  if (tx.outputs.length === 0) return { code: 'outputs-empty' }
  let total = 0n
  for (const { amount } of tx.outputs) {
    if (amount > MAX_MONEY) return { code: 'output-too-large' }
    total += amount
    if (total > MAX_MONEY) return { code: 'outputs-too-large' }
  }
  if (new Set(tx.inputs.map(({ outpoint }) => outpointKey(outpoint))).size < tx.inputs.length) {
    return { code: 'inputs-duplicate' }
  }
  if (isCoinbaseTx(tx)) return undefined
  if (tx.inputs.some(({ outpoint }) => outpoint.index === 0xffffffff && isAllZero(outpoint.txid))) {
    return { code: 'prevout-null' }
  }
  return undefined
}

/** Whether the transaction's own locktime has passed. */
export const isFinal = (tx: Tx, { height, medianTimePast }: TxPlace): boolean => {
  const now = tx.lockTime < LOCKTIME_THRESHOLD ? height : medianTimePast
  return tx.lockTime < now || tx.lockTime === 0 || tx.inputs.every(({ sequence }) => sequence === SEQUENCE_FINAL)
}

/** BIP 68: whether every input is old enough for its sequence. */
export const areSequenceLocksMet = (tx: Tx, coins: readonly Coin[], place: TxPlace): boolean => {
  if (tx.version >= 0 && tx.version < 2) return true
  return tx.inputs.every(({ sequence }, i) => {
    const { height } = coins[i] as Coin
    if (sequence >= SEQUENCE_DISABLE_FLAG) return true
    const value = sequence & SEQUENCE_VALUE_MASK
    if ((sequence & SEQUENCE_TYPE_FLAG) === 0) return height + value <= place.height
    // The clock of an input starts with the block before the one that holds it.
    const since = place.medianTimePastOf(Math.max(height - 1, 0))
    return since + (value << SEQUENCE_SECONDS_SHIFT) <= place.medianTimePast
  })
}

/** The fee that the transaction leaves, or why its inputs cannot be spent. */
export const checkAmounts = (tx: Tx, coins: readonly Coin[], place: TxPlace): Result<Sat, TxRejection> => {
  let paid = 0n
  for (const coin of coins) {
    if (coin.isCoinbase && place.height - coin.height < COINBASE_MATURITY) return err({ code: 'coinbase-immature' })
    paid += coin.amount
  }
  const spent = tx.outputs.reduce((sum, { amount }) => sum + amount, 0n)
  return spent > paid ? err({ code: 'outputs-exceed-inputs' }) : ok(paid - spent)
}

/** Whether each input's witness satisfies what it spends. */
export const checkScripts = (tx: Tx, prevouts: readonly Coin[]): TxRejection | undefined => {
  const midstate = new SighashMidstate(tx)
  for (let inputIndex = 0; inputIndex < tx.inputs.length; inputIndex++) {
    const verdict = verifyInput({ tx, inputIndex, prevouts, midstate })
    if (verdict.ok) continue
    return verdict.error === 'unsupported-script'
      ? { code: 'unsupported-script', inputIndex }
      : { code: 'script-failed', inputIndex, fault: verdict.error }
  }
  return undefined
}
