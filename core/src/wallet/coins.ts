import { outpointKey } from '../chain/outpoint-key.ts'
import { type Changes, changesBetween, sortedMap } from '../lib/sorted-map.ts'
import type { Sat } from '../lib/units.ts'
import { type Coin, isKept } from './coin.ts'
import { amountKey, type CoinPool, coinsByAmount } from './coin-pool.ts'

/**
 * The coins of a wallet, by `outpointKey`. A value: what a change makes shares the rest with what was before, so that a change costs the
 * same however many coins there are. Those that can be spent whatever the height of the chain are sorted by amount besides.
 */
export class Coins {
  #all = sortedMap<string, Coin>()
  #free = { p2tr: coinsByAmount(), p2wpkh: coinsByAmount() }
  #waiting = sortedMap<string, Coin>()
  #freeAmount = 0n

  static of(coins: Iterable<Coin>): Coins {
    const made = new Coins()
    for (const coin of coins) made.#put(coin)
    return made
  }

  get size(): number {
    return this.#all.size
  }

  get(key: string): Coin | undefined {
    return this.#all.get(key)
  }

  has(key: string): boolean {
    return this.#all.has(key)
  }

  values(): Iterable<Coin> {
    return this.#all.values()
  }

  with(...coins: readonly Coin[]): Coins {
    const made = this.#clone()
    for (const coin of coins) made.#put(coin)
    return made
  }

  without(...keys: readonly string[]): Coins {
    const made = this.#clone()
    for (const key of keys) made.#delete(key)
    return made
  }

  changesSince(before: Coins): Changes<Coin> {
    return changesBetween(before.#all, this.#all)
  }

  /** In blocks, not of a miner, neither spent nor reserved nor frozen: what can be spent at any height. */
  get free(): CoinPool {
    return [
      { type: 'p2tr', confirmed: true, coins: this.#free.p2tr },
      { type: 'p2wpkh', confirmed: true, coins: this.#free.p2wpkh },
    ]
  }

  get freeAmount(): Sat {
    return this.#freeAmount
  }

  /** Neither spent nor reserved nor frozen, but in no block, or of a miner. */
  waiting(): Iterable<Coin> {
    return this.#waiting.values()
  }

  #clone(): Coins {
    const made = new Coins()
    made.#all = this.#all.clone()
    made.#free = { p2tr: this.#free.p2tr.clone(), p2wpkh: this.#free.p2wpkh.clone() }
    made.#waiting = this.#waiting.clone()
    made.#freeAmount = this.#freeAmount
    return made
  }

  #put(coin: Coin): void {
    const key = outpointKey(coin.outpoint)
    this.#delete(key)
    this.#all.set(key, coin)
    if (coin.spentBy !== undefined || coin.reserved || isKept(coin)) return
    if (isFree(coin)) {
      this.#free[coin.path.type].set(amountKey(coin), coin)
      this.#freeAmount += coin.amount
    } else {
      this.#waiting.set(key, coin)
    }
  }

  #delete(key: string): void {
    const coin = this.#all.get(key)
    if (coin === undefined) return
    this.#all.delete(key)
    this.#waiting.delete(key)
    if (this.#free[coin.path.type].delete(amountKey(coin))) this.#freeAmount -= coin.amount
  }
}

const isFree = ({ height, coinbase }: Coin): boolean => height !== undefined && !coinbase
