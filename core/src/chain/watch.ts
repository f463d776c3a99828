import type { Tx } from '../bitcoin/transaction.ts'
import type { OutPoint, TxId } from '../lib/ids.ts'
import type { BlockHeight } from '../lib/units.ts'

/** A transaction reached the depth asked for. It may come again after its block was undone. */
export interface ConfirmedEvent {
  readonly type: 'confirmed'
  readonly txid: TxId
  readonly tx: Tx
  readonly height: BlockHeight
  readonly txIndex: number
  /** 1 when it is in the tip. */
  readonly depth: number
}

/** The block of a transaction that was reported as confirmed is no longer in the best chain. */
interface UnconfirmedEvent {
  readonly type: 'unconfirmed'
  readonly txid: TxId
  readonly height: BlockHeight
}

/** An output was spent by a transaction in a block. */
export interface SpentEvent {
  readonly type: 'spent'
  readonly outpoint: OutPoint
  readonly txid: TxId
  readonly tx: Tx
  readonly height: BlockHeight
}

/** The block that held the spend is no longer in the best chain. */
export interface UnspentEvent {
  readonly type: 'unspent'
  readonly outpoint: OutPoint
  readonly height: BlockHeight
}

/** Returns at once or a promise; the cursor passes the block when every promise of that block has settled. */
export type WatchHandler<E> = (event: E) => void | Promise<void>

/** Ends a watch. Ending it twice is harmless. */
export type Unwatch = () => void

export interface ConfirmedWatch {
  readonly txid: TxId
  readonly minDepth: number
  /**
   * The lowest block that may hold the transaction; blocks already delivered from there on are looked through again. If
   * absent, the block that was delivered last.
   */
  readonly since?: BlockHeight
  /** The block in which its owner knows it to be, as deep as was asked: not told again, only that it is undone. */
  readonly known?: BlockHeight
  readonly handler: WatchHandler<ConfirmedEvent | UnconfirmedEvent>
}

export interface SpentWatch {
  readonly outpoint: OutPoint
  /** As for `ConfirmedWatch`: the lowest block that may hold the spend. */
  readonly since?: BlockHeight
  /** The spend that its owner knows, as for `ConfirmedWatch`. */
  readonly known?: { readonly txid: TxId; readonly height: BlockHeight }
  readonly handler: WatchHandler<SpentEvent | UnspentEvent>
  /** Blocks that had passed have been looked through, from `since` up to this one without a gap, and hold no spend. */
  readonly looked?: WatchHandler<BlockHeight>
  /** A transaction that spends it waits for a block; `undefined` when it is gone without having got into one. */
  readonly inMempool?: (spender: TxId | undefined) => void
}
