import type { Tx, TxOutput } from '../bitcoin/transaction.ts'
import type { ChainBlock } from '../chain/chain-backend.ts'
import type { OutPoint, TxId } from '../lib/ids.ts'
import type { Result } from '../lib/result.ts'
import type { BlockHeight, FeeratePerKw, Sat } from '../lib/units.ts'
import type { Asker, Coin } from './coin.ts'
import type { WalletDescriptor } from './descriptors.ts'
import type { AddressType, KeyPath, NextIndexes } from './keys.ts'
import type { Balance, CoinProblem } from './wallet-state.ts'
import type { TxOrigin, WalletTx } from './wallet-tx.ts'

export interface OwnAddress {
  readonly address: string
  readonly script: Uint8Array
}

export interface LabelledAddress extends OwnAddress {
  readonly path: KeyPath
  readonly label?: string
}

interface OwnCoin extends Coin, LabelledAddress {
  /** Somebody wants it left alone. */
  readonly isKept: boolean
}

export interface FundRequest {
  readonly outputs: readonly TxOutput[]
  readonly feeratePerKw: FeeratePerKw
  /** 0 if absent. */
  readonly lockTime?: number
  /** A transaction that would pay more is not made. */
  readonly maxFee?: Sat
  /** Exactly these are spent, instead of coins that the wallet chooses. */
  readonly coins?: readonly OutPoint[]
  /** It opens so many channels more than there are: the wallet must have something left for their anchors, too. */
  readonly moreChannels?: number
}

interface SendOptions extends Pick<FundRequest, 'feeratePerKw' | 'maxFee' | 'coins'> {
  readonly label?: string
  readonly labelledBy?: 'plugin'
  /** The idempotency key of the command. */
  readonly key?: string
}

interface SendRequest extends SendOptions {
  readonly outputs: readonly TxOutput[]
}

export interface SendAllRequest extends SendOptions {
  readonly script: Uint8Array
  /** A transaction that would pay out more is not made. */
  readonly maxAmount?: Sat
}

/** A transaction of the wallet's, ready to be broadcast. */
export interface SentTx {
  readonly tx: Tx
  readonly fee: Sat
}

/** What a transaction and those in no block that it descends from pay and weigh. */
export interface UnconfirmedPackage {
  readonly fee: Sat
  readonly weight: number
}

export interface FeeBumpRequest extends Pick<SendOptions, 'feeratePerKw' | 'maxFee' | 'key'> {
  readonly txid: TxId
}

export interface ChildRequest extends FeeBumpRequest {
  /** Of the transaction, from the mempool, where the wallet cannot know what its inputs hold. */
  readonly parents?: UnconfirmedPackage
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
  /** Where what is left over is too small for change and the fee would be more than this, coins with change are taken if there are some. */
  readonly maxFee?: Sat
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

/** Why nothing is paid. */
export type WalletError =
  /** `needed` counts the fee as far as it is known. */
  | { readonly code: 'insufficient-funds'; readonly needed: Sat; readonly available: Sat }
  /** An output below its dust limit, which nodes would not relay. */
  | { readonly code: 'amount-too-small'; readonly minimum: Sat }
  | { readonly code: 'fee-limit-exceeded'; readonly fee: Sat; readonly limit: Sat }
  /** Less would be left than the channels need to bring a commitment into a block. */
  | { readonly code: 'anchor-reserve'; readonly reserve: Sat; readonly left: Sat }
  /** A coin that was asked for cannot be spent now. */
  | { readonly code: 'coin-unavailable'; readonly outpoint: OutPoint; readonly reason: CoinProblem }
  /** What the wallet has is not known before it has looked through the blocks that it was asked to. */
  | { readonly code: 'rescan-under-way' }

/** Why not all is paid. */
export type SendAllError =
  | WalletError
  /** There is more than there was when it was asked for. */
  | { readonly code: 'amount-limit-exceeded'; readonly amount: Sat; readonly limit: Sat }

/** Why the fee of a transaction is not raised. */
export type FeeBumpError =
  | WalletError
  | { readonly code: 'transaction-unknown' }
  | { readonly code: 'transaction-confirmed' }
  /** BIP 125 wants more, or the parents pay that much already. */
  | { readonly code: 'feerate-too-low'; readonly minimum: FeeratePerKw }
  | {
      readonly code: 'not-replaceable'
      /** `foreign`: inputs of others. `channel`: a channel names it by its id, or raises its fee by itself. `spent-on`: an output of it is spent. */
      readonly reason: 'foreign' | 'channel' | 'spent-on'
    }
  /** None of its outputs is ours to spend. */
  | { readonly code: 'no-output-of-ours' }

/** A transaction that can no longer happen, as far as the wallet knows, and the one that took its place. */
export interface DroppedTx {
  readonly record: WalletTx
  readonly by?: TxId
}

/** Why a coin stays as it is, or words do. */
type KeptError =
  | { readonly code: 'unknown' }
  /** The operator wants it so, and a plugin asks. */
  | { readonly code: 'kept-by-operator' }
  /** Whoever shares the keys wants it so. */
  | { readonly code: 'kept-elsewhere' }

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
  /** What is left alone by sends and openings, for the anchors of the channels that there are. */
  anchorReserve(): Sat
  /** A fresh address, `p2tr` if absent. */
  newAddress(type?: AddressType, label?: string, by?: Asker): OwnAddress
  /** On each chain, the first index that was neither given out nor seen. */
  next(): NextIndexes
  /** Below these indexes no address is given out any more: somebody else has. */
  skipTo(next: NextIndexes): void
  /** Coins that are set aside, or spent by a transaction of the node's that is in no block. */
  spokenFor(): readonly OutPoint[]
  /** Transactions in no block that the node has not made. */
  pendingElsewhere(): readonly WalletTx[]
  /** These coins, and no others, are left alone for whoever shares the keys, as if they were frozen. */
  keepElsewhere(outpoints: readonly OutPoint[]): void
  /** Whether the wallet can spend an output of this script. */
  owns(script: Uint8Array): boolean
  /** Every address that was given out, the newest last. */
  addresses(): readonly LabelledAddress[]
  /** Unspent outputs, reserved ones too. */
  coins(): readonly OwnCoin[]
  /** Newest first. */
  transactions(): readonly WalletTx[]
  transaction(txid: TxId): WalletTx | undefined
  /** Of every chain of keys, for a wallet that only watches. */
  descriptors(): readonly WalletDescriptor[]
  /** The fee of paying these outputs from as few coins as possible, with change; `undefined` if there are not enough. */
  quote(request: Pick<FundRequest, 'outputs' | 'feeratePerKw' | 'coins'>): Sat | undefined
  /** What `sendAll` would pay and its fee, with all that can be spent now. */
  quoteAll(
    request: Pick<SendAllRequest, 'script' | 'feeratePerKw' | 'coins'>,
  ): { readonly amount: Sat; readonly fee: Sat } | undefined
  /** Why `fund` would refuse; nothing is changed. */
  checkFunds(request: FundRequest): WalletError | undefined
  /** Adds inputs and change to outputs, and reserves the inputs. Every input is segwit: the id is final. */
  fund(request: FundRequest): Result<FundedTx, WalletError>
  /** A payment, signed and recorded as `pending`, to be broadcast. */
  send(request: SendRequest): Result<SentTx, WalletError>
  /** Empties the wallet of what can be spent, but for the anchors' reserve; the fee comes out of it. */
  sendAll(request: SendAllRequest): Result<SentTx & { readonly amount: Sat }, SendAllError>
  /** A payment of ours once more, with the same coins and a higher fee (BIP 125). */
  replace(request: FeeBumpRequest): Result<SentTx, FeeBumpError>
  /** A transaction that spends what an unconfirmed one pays us, and pays for both (CPFP). */
  spendChild(request: ChildRequest): Result<SentTx, FeeBumpError>
  /**
   * Adds confirmed inputs, and change, to a transaction that another key signs, and reserves them. The caller puts its own
   * witnesses in and has `sign` put in the wallet's, in any order. May use what is reserved for anchors and, where all else
   * does not suffice, what is frozen: a claim that is not made is money lost.
   */
  bump(request: BumpRequest): Result<FundedTx, WalletError>
  /** The transaction with the witnesses of those inputs that spend the wallet's outputs. */
  sign(funded: Pick<FundedTx, 'tx' | 'prevouts'>): Tx
  /** Sets coins of ours aside; others are passed over. */
  reserve(outpoints: readonly OutPoint[]): void
  /** The transaction will never be published: its coins are free again, but for those that are set aside for another by now. */
  release(tx: Tx): void
  /** At a start: these coins are set aside for nothing that there still is. */
  releaseForgotten(outpoints: readonly OutPoint[]): void
  /** Whether the transaction spends what is no coin of the wallet's: what made it never happened, or can no longer happen. */
  lacksCoinOf(tx: Tx): boolean
  /** Whether a coin that the transaction spends is spent by another, or set aside for another. */
  isDisplaced(tx: Tx): boolean
  /** Leaves a coin alone until it is told otherwise. */
  setFrozen(outpoint: OutPoint, frozen: boolean, by: Asker): Result<void, KeptError>
  /** Words for a transaction or an address of ours; none takes them away. */
  setLabel(of: TxId | string, label: string | undefined, by: Asker): Result<void, KeptError>
  /** A transaction that is about to be broadcast, or was seen unconfirmed. With an origin it is listed whatever it does to the wallet. */
  processTx(tx: Tx, origin?: TxOrigin): void
  processBlock(block: Pick<ChainBlock, 'height' | 'txs' | 'txids'>): void
  /** Looks again at a block that was passed already, for coins of keys that were not known then. */
  scanBlock(
    block: Pick<ChainBlock, 'height' | 'txs' | 'txids'> & { readonly header: Pick<ChainBlock['header'], 'time'> },
  ): void
  /** Whether blocks are still to be scanned: until they are, nothing is paid. */
  setScanning(isScanning: boolean): void
  /** The blocks from this height on are no longer in the chain. */
  undoBlocks(fromHeight: BlockHeight): void
  /** A transaction of ours was refused for good: its inputs are free again, and what depends on it is forgotten. */
  forget(tx: Tx): void
  /** Our own transactions that are not in a block yet, to be broadcast again; parents first. */
  pending(): readonly Tx[]
}
