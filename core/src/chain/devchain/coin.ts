import type { TxOutput } from '../../bitcoin/transaction.ts'
import type { OutPoint } from '../../lib/ids.ts'
import type { BlockHeight } from '../../lib/units.ts'

/** An unspent output. `height` is that of its block, or of the next block for one in the mempool. */
export interface Coin extends TxOutput {
  readonly height: BlockHeight
  readonly isCoinbase: boolean
}

export interface CoinView {
  coin(outpoint: OutPoint): Coin | undefined
}

/** Where a transaction would stand, and what it is judged by. */
export interface TxPlace {
  /** The block that it would be in. */
  readonly height: BlockHeight
  /** Of the block before (BIP 113). */
  readonly medianTimePast: number
  /** Of any block of the chain, for relative locktimes in seconds. */
  medianTimePastOf(height: BlockHeight): number
}
