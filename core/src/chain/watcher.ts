import type { Tx } from '../bitcoin/transaction.ts'
import type { Failure } from '../lib/errors.ts'
import type { OutPoint, TxId } from '../lib/ids.ts'
import type { Result } from '../lib/result.ts'
import type { BlockHeight } from '../lib/units.ts'
import type { ChainBackend, ChainBlock, ChainTip } from './chain-backend.ts'

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
export interface UnconfirmedEvent {
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

export type BlockEvent =
  /** Forget what is known from above this height: the blocks above it are delivered again. Once, before any block. */
  | { readonly type: 'rewound'; readonly height: BlockHeight }
  | { readonly type: 'connected'; readonly block: ChainBlock }
  | { readonly type: 'disconnected'; readonly tip: ChainTip }

/** Returns at once or a promise; the cursor passes the block when every promise of that block has settled. */
export type WatchHandler<E> = (event: E) => void | Promise<void>

/** Ends a watch. Ending it twice is harmless. */
export type Unwatch = () => void

export interface ConfirmedWatch {
  readonly txid: TxId
  readonly minDepth: number
  /** The lowest block that may hold the transaction; blocks already delivered from there on are looked through again. */
  readonly since?: BlockHeight
  readonly handler: WatchHandler<ConfirmedEvent | UnconfirmedEvent>
}

export interface SpentWatch {
  readonly outpoint: OutPoint
  /** The lowest block that may hold the spend; blocks already delivered from there on are looked through again. */
  readonly since?: BlockHeight
  readonly handler: WatchHandler<SpentEvent | UnspentEvent>
}

/** Up to where the chain has been handled durably. */
export interface CursorStore {
  load(): ChainTip | undefined
  /** Called when all handlers of the block are done. What they stored must not become durable after the cursor. */
  save(cursor: ChainTip): void | Promise<void>
}

export interface WatcherOptions {
  readonly backend: ChainBackend
  readonly cursor: CursorStore
  /** How many blocks before the cursor are looked at again at start. */
  readonly reorgMargin?: number
  /** A handler or the cursor's store threw: the watcher has stopped, and so must the node. */
  readonly onFailed: (error: unknown) => void
}

/**
 * Follows the chain block by block and tells who asked about confirmations and spends. It needs no transaction index.
 * For each block: first `watchBlocks`, then spends and confirmations, then `watchHeight`, then the cursor moves.
 */
export interface ChainWatcher {
  /** Register what was watched before the restart first: blocks since the cursor are delivered from here on. */
  start(): Promise<Result<ChainTip, Failure>>
  stop(): Promise<void>
  /** The last block whose events have been delivered; `undefined` before the first. */
  position(): ChainTip | undefined
  watchConfirmed(watch: ConfirmedWatch): Unwatch
  watchSpent(watch: SpentWatch): Unwatch
  /** The height after each connected block; it falls back when blocks are undone. */
  watchHeight(handler: WatchHandler<BlockHeight>): Unwatch
  /** Every block, for a wallet. */
  watchBlocks(handler: WatchHandler<BlockEvent>): Unwatch
}
