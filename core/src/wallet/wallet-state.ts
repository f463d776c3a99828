import type { Tx } from '../bitcoin/transaction.ts'
import type { OutPoint, TxId } from '../lib/ids.ts'
import type { BlockHeight, Sat, TimestampMs } from '../lib/units.ts'
import type { KeyPath, NextIndexes } from './keys.ts'

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
  /** The transaction that spends it. */
  readonly spentBy?: TxId
}

/** A transaction that changes what the wallet holds. */
export interface WalletTx {
  readonly txid: TxId
  readonly tx: Tx
  /** Absent while it is unconfirmed. */
  readonly height?: BlockHeight
  /** Paid to the wallet, change included. */
  readonly received: Sat
  /** What the wallet's outputs that it spends held. */
  readonly spent: Sat
  /** Known where every input is ours. */
  readonly fee?: Sat
  readonly label?: string
  readonly seenAt: TimestampMs
}

/** All that the wallet knows. A value: every change makes a new one. Keys of the maps are `outpointKey` and hex txids. */
export interface WalletState {
  readonly coins: ReadonlyMap<string, Coin>
  readonly txs: ReadonlyMap<string, WalletTx>
  readonly next: NextIndexes
  /** The height of the last block that was looked at; 0 before the first. */
  readonly height: BlockHeight
}

export const EMPTY_WALLET: WalletState = {
  coins: new Map(),
  txs: new Map(),
  next: { p2wpkh: { receive: 0, change: 0 }, p2tr: { receive: 0, change: 0 } },
  height: 0,
}

export interface Balance {
  /** In blocks, what is reserved or not yet mature included. */
  readonly confirmed: Sat
  readonly unconfirmed: Sat
  /** Of these two, set aside for transactions in the making. */
  readonly reserved: Sat
  /** What a transaction made now can use: mature, not reserved, and confirmed or our own change. */
  readonly spendable: Sat
}

// Consensus: an output of a block's first transaction can be spent in the 100th block after it.
const COINBASE_MATURITY = 100

const isSpendable = (coin: Coin, tipHeight: BlockHeight): boolean => {
  if (coin.spentBy !== undefined || coin.reserved) return false
  if (coin.height === undefined) return coin.ours
  return !coin.coinbase || tipHeight + 1 - coin.height >= COINBASE_MATURITY
}

export const spendableCoins = ({ coins, height }: WalletState): readonly Coin[] =>
  [...coins.values()].filter((coin) => isSpendable(coin, height))

export const balanceOf = ({ coins, height }: WalletState): Balance => {
  let [confirmed, unconfirmed, reserved, spendable] = [0n, 0n, 0n, 0n]
  for (const coin of coins.values()) {
    if (coin.spentBy !== undefined) continue
    const amount = coin.amount
    if (coin.height === undefined) unconfirmed += amount
    else confirmed += amount
    if (coin.reserved) reserved += amount
    if (isSpendable(coin, height)) spendable += amount
  }
  return { confirmed, unconfirmed, reserved, spendable }
}
