import type { BlockHeader } from '../bitcoin/block.ts'
import type { Network } from '../bitcoin/network.ts'
import type { Tx, TxOutput } from '../bitcoin/transaction.ts'
import type { Failure } from '../lib/errors.ts'
import type { BlockHash, OutPoint, TxId } from '../lib/ids.ts'
import type { Result } from '../lib/result.ts'
import type { BlockHeight, FeeratePerKw, Sat, TimestampMs } from '../lib/units.ts'

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
  /** The first block that is delivered; at most one above the tip, unless `anchor` says what must be below it. */
  readonly fromHeight: BlockHeight
  /** No chain was followed before: it begins at the tip. Whoever has followed one must be able to start, whatever state the backend is in. */
  readonly isFirst?: true
  /** A block below the first that cannot be undone, if one is known. A best chain without it is not the one that was followed before. */
  readonly anchor?: ChainTip
  /**
   * The blocks that were handled before, one on top of the other up to the one below the first. Those that the best chain does not hold any
   * more are told as `disconnected` before anything else.
   */
  readonly followed?: readonly ChainTip[]
  readonly onEvent: ChainEventHandler
  /** The mempool may have changed; sometimes also called if it has not. */
  readonly onMempool?: () => void
  /**
   * The handler threw, or (a `FailureError` that says so) the backend is on another chain than the one that was followed: nothing more is
   * delivered.
   */
  readonly onFailed: (error: unknown) => void
}

/** The best chain holds another block where nothing can be undone any more. */
export interface ChainRewritten {
  readonly code: 'chain-rewritten'
  readonly height: BlockHeight
  /** As they are displayed. */
  readonly expected: string
  readonly actual: string
}

/** The state of a backend, as far as it was measured. */
export interface BackendHealth {
  /** Its tip was read recently enough to count as current. */
  readonly isCurrent: boolean
  /** When it last said what its tip is. */
  readonly answeredAt: TimestampMs
  /** How long ago that was. */
  readonly silentMs: number
  /** Why the last question had no answer; absent while it answers. */
  readonly problem?: Failure
  /** How far it knows headers; more than its tip while it downloads blocks. */
  readonly headers: BlockHeight
  /** It says of itself that it has not caught up with the network. */
  readonly isCatchingUp: boolean
  /** The lowest block that it still has, where it prunes. */
  readonly pruneHeight?: BlockHeight
  /** The block that must be delivered next is pruned, and could not be obtained from elsewhere. */
  readonly missingBlock?: BlockHeight
  /** Whether fee rates come from estimates, and when these were made. Without an estimate, the lowest rate that nodes relay is used. */
  readonly estimates: { readonly arePresent: boolean; readonly madeAt: TimestampMs; readonly ageMs: number }
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

/** An output by its place in a block. */
export interface OutputPlace {
  readonly txIndex: number
  readonly outputIndex: number
}

/** What the best chain has at a place. */
export type PlacedOutput =
  | ({ readonly type: 'unspent'; readonly txid: TxId } & TxOutput)
  /** Or its transaction has no such output. */
  | { readonly type: 'spent' }
  /** The block has no such transaction. */
  | { readonly type: 'missing' }

/** A transaction that waits for a block. */
export interface MempoolTx {
  readonly tx: Tx
  /** What it and all that it descends from in the mempool pay and weigh: a child that pays for it pays for them. */
  readonly ancestors: { readonly fee: Sat; readonly weight: number }
}

/** The node's access to the chain: it reads blocks and broadcasts transactions. */
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
  /** The rate that should confirm within this many blocks, from the last estimates; at least 253. */
  estimateFeerate(targetBlocks: number): FeeratePerKw
  /** An output of the best chain; `undefined` when it is spent or unknown. Spends in the mempool do not count. */
  getUtxo(outpoint: OutPoint): Promise<Utxo | undefined>
  /**
   * What became of outputs of one block of the best chain, in their order: asked without reading the block. `undefined` if there is no such
   * block or it is pruned. Spends in the mempool do not count.
   */
  outputsAt(height: BlockHeight, places: readonly OutputPlace[]): Promise<readonly PlacedOutput[] | undefined>
  /** The transaction in the mempool that spends an outpoint. */
  mempoolSpend(outpoint: OutPoint): Promise<Tx | undefined>
  /** The ids of the transactions in the mempool that spend these, in their order. Asks once, and may reject. */
  mempoolSpenders(outpoints: readonly OutPoint[]): Promise<readonly (TxId | undefined)[]>
  /** A transaction in the mempool; `undefined` if it is not there. */
  mempoolTx(txid: TxId): Promise<MempoolTx | undefined>
  /** What is known now, without asking. Only after a `start` that succeeded. */
  health(): BackendHealth
}
