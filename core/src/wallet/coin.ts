import type { OutPoint, TxId } from '../lib/ids.ts'
import type { BlockHeight, Sat } from '../lib/units.ts'
import type { KeyPath } from './keys.ts'

/** Who set a coin aside or gave words to something. What the operator did, no plugin undoes. */
export type Asker = 'operator' | 'plugin'

/** An output that pays the wallet. It is kept, spent, until its spend is buried deep. */
export interface Coin {
  readonly outpoint: OutPoint
  readonly amount: Sat
  readonly path: KeyPath
  /** Absent while it is unconfirmed. */
  readonly height?: BlockHeight
  /** Every input of its transaction was ours: it can be relied on before it confirms. */
  readonly ours: boolean
  readonly coinbase: boolean
  /** Set aside for a transaction in the making. */
  readonly reserved: boolean
  /** Who wants it left alone. */
  readonly frozen?: Asker
  /** Somebody who shares the keys wants it left alone, as if it were frozen. Not stored: he says so again. */
  readonly keptElsewhere?: boolean
  /** The transaction that spends it. */
  readonly spentBy?: TxId
}

/** Whether somebody wants it left alone. */
export const isKept = ({ frozen, keptElsewhere }: Coin): boolean => frozen !== undefined || keptElsewhere === true

// Consensus: an output of a block's first transaction can be spent in the 100th block after it.
const COINBASE_MATURITY = 100

export const isMature = ({ coinbase, height }: Coin, tipHeight: BlockHeight): boolean =>
  !coinbase || (height !== undefined && tipHeight + 1 - height >= COINBASE_MATURITY)
