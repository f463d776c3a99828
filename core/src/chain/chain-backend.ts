import type { BlockHeader } from '../bitcoin/block.ts'
import type { Network } from '../bitcoin/network.ts'
import type { Tx, TxOutput } from '../bitcoin/transaction.ts'
import type { Failure } from '../lib/errors.ts'
import type { BlockHash, OutPoint, TxId } from '../lib/ids.ts'
import type { Result } from '../lib/result.ts'
import type { BlockHeight, FeeratePerKw } from '../lib/units.ts'

/** The end of the best chain. */
export interface ChainTip {
  readonly height: BlockHeight
  readonly hash: BlockHash
}

/** A block at its place in the best chain. */
export interface ChainBlock extends ChainTip {
  readonly header: BlockHeader
  readonly txs: readonly Tx[]
  /** The ids of `txs`, in the same order. */
  readonly txids: readonly TxId[]
}

/**
 * How the best chain changes, one block at a time. `connected` builds on what was delivered before; a reorganisation is
 * a run of `disconnected`, newest first, then of `connected`.
 */
export type ChainEvent =
  | { readonly type: 'connected'; readonly block: ChainBlock }
  | { readonly type: 'disconnected'; readonly tip: ChainTip }

/** The next event is delivered when the promise has settled. A rejection ends the following: see `ChainFollowing`. */
type ChainEventHandler = (event: ChainEvent) => void | Promise<void>

export interface ChainFollowing {
  /** The first block that is delivered; one past the tip at most. */
  readonly fromHeight: BlockHeight
  readonly onEvent: ChainEventHandler
  /** The handler threw: nothing more is delivered. */
  readonly onFailed: (error: unknown) => void
}

export type BroadcastError =
  /** The backend will not take the transaction. `reason` is bitcoind's, such as `bad-txns-inputs-missingorspent`. */
  | { readonly code: 'rejected'; readonly reason: string }
  /** Nothing is known about the transaction: ask again later. */
  | { readonly code: 'backend-unavailable'; readonly detail: string }

/** An output that is not spent in the best chain. */
interface Utxo extends TxOutput {
  readonly height: BlockHeight
  readonly isCoinbase: boolean
}

/** Where the node learns of the chain and hands in transactions. */
export interface ChainBackend {
  readonly network: Network
  /** Connects, checks that the backend is fit, and delivers blocks from `fromHeight` on as they come. Once only. */
  start(following: ChainFollowing): Promise<Result<ChainTip, Failure>>
  /** After it no event is delivered. */
  stop(): Promise<void>
  /** The best tip known, which may be ahead of the blocks delivered. Only after a `start` that succeeded. */
  tip(): ChainTip
  /** A block of the best chain by height, or any known block by hash; `undefined` if there is none or it is pruned. */
  getBlock(at: BlockHeight | BlockHash): Promise<ChainBlock | undefined>
  /** Hands in a transaction. One that the mempool or the chain already has is fine. */
  broadcast(tx: Tx): Promise<Result<void, BroadcastError>>
  /** Hands in parents and their child, judged by the fee of all together; parents first. */
  broadcastPackage(txs: readonly Tx[]): Promise<Result<void, BroadcastError>>
  /** The rate that should confirm within so many blocks, from the last estimates; at least 253. */
  estimateFeerate(targetBlocks: number): FeeratePerKw
  /** An output of the best chain; `undefined` when it is spent or unknown. Spends in the mempool do not count. */
  getUtxo(outpoint: OutPoint): Promise<Utxo | undefined>
  /** The transaction in the mempool that spends an outpoint. */
  mempoolSpend(outpoint: OutPoint): Promise<Tx | undefined>
}
