import type { Tx } from '../bitcoin/transaction.ts'
import { outpointKey } from '../chain/outpoint-key.ts'
import { toHex } from '../lib/bytes.ts'
import type { OutPoint, TxId } from '../lib/ids.ts'
import type { BlockHeight, Sat, TimestampMs } from '../lib/units.ts'
import type { KeyPath, NextIndexes } from './keys.ts'

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
  /** The transaction that spends it. */
  readonly spentBy?: TxId
}

/** Why a transaction was made, and for whom: known where the node made it. */
export interface TxOrigin {
  /** Such as `send`, `channel-funding` or `htlc-timeout`. */
  readonly purpose: string
  /** The channel that it belongs to, in hexadecimal; the wallet itself if absent. */
  readonly channelId?: string
  /** Of a transaction whose inputs are not all the wallet's. */
  readonly fee?: Sat
  /** The idempotency key of the command that asked for it. */
  readonly key?: string
  readonly label?: string
  /** The words are those of a plugin; the operator's if absent. */
  readonly labelledBy?: 'plugin'
  /** The transaction that it took the place of. */
  readonly replaces?: TxId
}

/** A transaction that changes what the wallet holds, or that the node made for a channel. */
export interface WalletTx extends Partial<TxOrigin> {
  readonly txid: TxId
  readonly tx: Tx
  /** Absent while it is unconfirmed. */
  readonly height?: BlockHeight
  /** Paid to the wallet, change included. */
  readonly received: Sat
  /** What the wallet's outputs that it spends held. */
  readonly spent: Sat
  /** Known where every input is ours, or where the node made it. */
  readonly fee?: Sat
  readonly seenAt: TimestampMs
}

/** What a transaction was made for. Of what a look through past blocks has found it is only known whether it spends. */
export const purposeOf = ({ purpose, spent }: WalletTx): string => purpose ?? (spent > 0n ? 'send' : 'receive')

export interface AddressLabel {
  readonly text: string
  readonly by: Asker
}

/** All that the wallet knows. A value: every change makes a new one. Keys of the maps are `outpointKey` and hex txids. */
export interface WalletState {
  readonly coins: ReadonlyMap<string, Coin>
  readonly txs: ReadonlyMap<string, WalletTx>
  readonly next: NextIndexes
  /** Words for addresses, by `pathName`. */
  readonly addressLabels: ReadonlyMap<string, AddressLabel>
  /** The height of the last block that was looked at; 0 before the first. */
  readonly height: BlockHeight
}

export const EMPTY_WALLET: WalletState = {
  coins: new Map(),
  txs: new Map(),
  addressLabels: new Map(),
  next: { p2wpkh: { receive: 0, change: 0 }, p2tr: { receive: 0, change: 0 } },
  height: 0,
}

export interface Balance {
  /** In blocks, what is reserved or not yet mature included. */
  readonly confirmed: Sat
  readonly unconfirmed: Sat
  /** Of these two, set aside for transactions in the making. */
  readonly reserved: Sat
  /** Of these two, left alone because somebody wants it so. */
  readonly frozen: Sat
  /** What a transaction made now can use: mature, neither reserved nor frozen, and confirmed or our own change. */
  readonly spendable: Sat
}

// Consensus: an output of a block's first transaction can be spent in the 100th block after it.
const COINBASE_MATURITY = 100

const isMature = ({ coinbase, height }: Coin, tipHeight: BlockHeight): boolean =>
  !coinbase || (height !== undefined && tipHeight + 1 - height >= COINBASE_MATURITY)

/**
 * Which coins a transaction made now can use, frozen or not. An unconfirmed one only if all that it descends from, back to the blocks, is
 * ours: others can replace what they pay (BIP 125), and all that was built on it would be gone.
 */
const usableIn = ({ coins, txs, height }: WalletState): ((coin: Coin) => boolean) => {
  const known = new Map<string, boolean>()
  const isOurs = (txid: TxId): boolean => {
    const id = toHex(txid)
    const cached = known.get(id)
    if (cached !== undefined) return cached
    known.set(id, false)
    const record = txs.get(id)
    const answer =
      record !== undefined &&
      (record.height !== undefined ||
        record.tx.inputs.every(({ outpoint }) => {
          const coin = coins.get(outpointKey(outpoint))
          return coin !== undefined && (coin.height !== undefined || isOurs(outpoint.txid))
        }))
    known.set(id, answer)
    return answer
  }
  return (coin) => {
    if (coin.spentBy !== undefined || coin.reserved) return false
    return coin.height === undefined ? coin.ours && isOurs(coin.outpoint.txid) : isMature(coin, height)
  }
}

const spendableIn = (state: WalletState): ((coin: Coin) => boolean) => {
  const isUsable = usableIn(state)
  return (coin) => coin.frozen === undefined && isUsable(coin)
}

export const spendableCoins = (state: WalletState): readonly Coin[] =>
  [...state.coins.values()].filter(spendableIn(state))

/** What could be spent if it were not frozen: for claims, which need it. */
export const frozenCoins = (state: WalletState): readonly Coin[] => {
  const isUsable = usableIn(state)
  return [...state.coins.values()].filter((coin) => coin.frozen !== undefined && isUsable(coin))
}

export type CoinProblem = 'unknown' | 'spent' | 'reserved' | 'frozen' | 'unconfirmed' | 'immature'

/** Why this coin cannot be spent now; `undefined` if it can. */
export const coinProblem = (state: WalletState, coin: Coin | undefined): CoinProblem | undefined => {
  if (coin === undefined) return 'unknown'
  if (coin.spentBy !== undefined) return 'spent'
  if (coin.reserved) return 'reserved'
  if (coin.frozen) return 'frozen'
  if (spendableIn(state)(coin)) return undefined
  return coin.height === undefined ? 'unconfirmed' : 'immature'
}

export const balanceOf = (state: WalletState): Balance => {
  let [confirmed, unconfirmed, reserved, frozen, spendable] = [0n, 0n, 0n, 0n, 0n]
  const isSpendable = spendableIn(state)
  for (const coin of state.coins.values()) {
    if (coin.spentBy !== undefined) continue
    const amount = coin.amount
    if (coin.height === undefined) unconfirmed += amount
    else confirmed += amount
    if (coin.reserved) reserved += amount
    if (coin.frozen) frozen += amount
    if (isSpendable(coin)) spendable += amount
  }
  return { confirmed, unconfirmed, reserved, frozen, spendable }
}
