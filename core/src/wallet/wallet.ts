import type { Tx, TxOutput } from '../bitcoin/transaction.ts'
import type { ChainBlock } from '../chain/chain-backend.ts'
import type { OutPoint, TxId } from '../lib/ids.ts'
import type { Result } from '../lib/result.ts'
import type { BlockHeight, FeeratePerKw, Sat } from '../lib/units.ts'
import type { AddressType } from './keys.ts'
import type { Balance, Coin, WalletTx } from './wallet-state.ts'

export interface OwnAddress {
  readonly address: string
  readonly script: Uint8Array
}

export interface FundRequest {
  readonly outputs: readonly TxOutput[]
  readonly feeratePerKw: FeeratePerKw
  /** 0 if absent. */
  readonly lockTime?: number
  /** A transaction that would pay more is not made. */
  readonly maxFee?: Sat
}

interface SendRequest {
  readonly script: Uint8Array
  /** `all` empties the wallet of what is spendable; the fee comes out of it. */
  readonly amount: Sat | 'all'
  readonly feeratePerKw: FeeratePerKw
  readonly label?: string
  /** A transaction that would pay more is not made. */
  readonly maxFee?: Sat
}

/** A transaction whose first inputs and outputs belong to somebody else: a claim that must pay a fee and cannot by itself. */
export interface BumpRequest {
  /** Its inputs and outputs come first, in their order, and are not touched. */
  readonly tx: Tx
  /** What the inputs of `tx` spend. */
  readonly prevouts: readonly TxOutput[]
  /** What the whole transaction pays besides the rate for the weight that the wallet adds: for `tx` itself, and for its parent. */
  readonly baseFee: Sat
  readonly feeratePerKw: FeeratePerKw
}

/** A transaction in the making, its wallet inputs reserved. Its id is final if its other inputs are. */
export interface FundedTx {
  /** Without the witnesses of the wallet's inputs. */
  readonly tx: Tx
  /** What each input spends. */
  readonly prevouts: readonly TxOutput[]
  readonly fee: Sat
  /** The index of the output that goes back to the wallet, if there is one. */
  readonly changeOutput?: number
}

export type WalletError =
  /** `needed` counts the fee as far as it is known. */
  | { readonly code: 'insufficient-funds'; readonly needed: Sat; readonly available: Sat }
  /** An output below its dust limit, which nodes would not relay. */
  | { readonly code: 'amount-too-small'; readonly minimum: Sat }
  | { readonly code: 'fee-limit-exceeded'; readonly fee: Sat; readonly limit: Sat }

/** A row to keep; `undefined` deletes it. */
export interface WalletRow {
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

/**
 * The built-in wallet. Everything is synchronous; everything that must survive is handed to `save` before a call returns, in the order of
 * the calls, so that it is durable before anything that the caller submits to the same store afterwards.
 */
export interface Wallet {
  balance(): Balance
  /** A fresh address, `p2tr` if absent. */
  newAddress(type?: AddressType): OwnAddress
  /** Whether the wallet can spend an output of this script. */
  owns(script: Uint8Array): boolean
  /** Unspent outputs, reserved ones too. */
  coins(): readonly (Coin & OwnAddress)[]
  /** Newest first. */
  transactions(): readonly WalletTx[]
  transaction(txid: TxId): WalletTx | undefined
  /** The fee of paying these outputs from as few coins as possible, with change; `undefined` if there are not enough. */
  quote(request: Pick<FundRequest, 'outputs' | 'feeratePerKw'>): Sat | undefined
  /** Adds inputs and change to outputs, and reserves the inputs. Every input is segwit: the id is final. */
  fund(request: FundRequest): Result<FundedTx, WalletError>
  /** A payment, signed and recorded as `pending`, to be broadcast. */
  send(request: SendRequest): Result<{ readonly tx: Tx; readonly fee: Sat }, WalletError>
  /**
   * Adds confirmed inputs, and change, to a transaction that another key signs, and reserves them. The caller puts its own
   * witnesses in and has `sign` put in the wallet's, in any order.
   */
  bump(request: BumpRequest): Result<FundedTx, WalletError>
  /** The transaction with the witnesses of those inputs that spend the wallet's outputs. */
  sign(funded: Pick<FundedTx, 'tx' | 'prevouts'>): Tx
  /** Sets coins of ours aside; others are passed over. */
  reserve(outpoints: readonly OutPoint[]): void
  /** Undoes a reservation: the transaction will never be published. */
  release(outpoints: readonly OutPoint[]): void
  /** A transaction that is about to be broadcast, or was seen unconfirmed. */
  processTx(tx: Tx, label?: string): void
  processBlock(block: Pick<ChainBlock, 'height' | 'txs' | 'txids'>): void
  /** The blocks from this height on are no longer in the chain. */
  undoBlocks(fromHeight: BlockHeight): void
  /** A transaction of ours was refused for good: its inputs are free again, and what depends on it is forgotten. */
  forget(tx: Tx): void
  /** Our own transactions that are not in a block yet, to be broadcast again; parents first. */
  pending(): readonly Tx[]
}
