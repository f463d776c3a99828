import { outpointKey } from '../chain/outpoint-key.ts'
import { toHex } from '../lib/bytes.ts'
import type { TxId } from '../lib/ids.ts'
import type { BlockHeight, Sat } from '../lib/units.ts'
import { type Asker, type Coin, isKept, isMature } from './coin.ts'
import { type CoinPool, poolOf } from './coin-pool.ts'
import { Coins } from './coins.ts'
import type { NextIndexes } from './keys.ts'
import { WalletTxs } from './wallet-txs.ts'

export interface AddressLabel {
  readonly text: string
  readonly by: Asker
}

/** All that the wallet knows. A value: every change makes a new one. */
export interface WalletState {
  readonly coins: Coins
  readonly txs: WalletTxs
  readonly next: NextIndexes
  /** Words for addresses, by `pathName`. */
  readonly addressLabels: ReadonlyMap<string, AddressLabel>
  /** The height of the last block that was looked at; 0 before the first. */
  readonly height: BlockHeight
}

export const EMPTY_WALLET: WalletState = {
  coins: new Coins(),
  txs: new WalletTxs(),
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

export const spendableIn = (state: WalletState): ((coin: Coin) => boolean) => {
  const isUsable = usableIn(state)
  return (coin) => !isKept(coin) && isUsable(coin)
}

/** What a transaction made now can choose from. */
export const spendablePool = (state: WalletState): CoinPool => [...state.coins.free, ...poolOf(spendableLater(state))]

export const spendableAmount = (state: WalletState): Sat =>
  spendableLater(state).reduce((sum, { amount }) => sum + amount, state.coins.freeAmount)

/** Of the coins that cannot be spent at any height those that can be now. */
const spendableLater = (state: WalletState): readonly Coin[] => [...state.coins.waiting()].filter(usableIn(state))

/** What could be spent if it were not frozen: for claims, which need it. */
export const frozenCoins = (state: WalletState): readonly Coin[] => {
  const isUsable = usableIn(state)
  return [...state.coins.values()].filter((coin) => isKept(coin) && isUsable(coin))
}

export type CoinProblem = 'unknown' | 'spent' | 'reserved' | 'frozen' | 'unconfirmed' | 'immature'

/** Why this coin cannot be spent now; `undefined` if it can. */
export const coinProblem = (state: WalletState, coin: Coin | undefined): CoinProblem | undefined => {
  if (coin === undefined) return 'unknown'
  if (coin.spentBy !== undefined) return 'spent'
  if (coin.reserved) return 'reserved'
  if (isKept(coin)) return 'frozen'
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
    if (isKept(coin)) frozen += amount
    if (isSpendable(coin)) spendable += amount
  }
  return { confirmed, unconfirmed, reserved, frozen, spendable }
}
