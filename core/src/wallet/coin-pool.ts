import { feeForWeight, P2TR_INPUT_WEIGHT, P2WPKH_INPUT_WEIGHT } from '../bitcoin/fees.ts'
import { outpointKey } from '../chain/outpoint-key.ts'
import { type SortedMap, sortedMap } from '../lib/sorted-map.ts'
import type { FeeratePerKw, Sat } from '../lib/units.ts'
import type { Coin } from './coin.ts'
import type { AddressType } from './keys.ts'

/** Coins by amount, and by outpoint where they hold the same. */
export type CoinsByAmount = SortedMap<AmountKey, Coin>

interface AmountKey {
  readonly amount: Sat
  /** Of `outpointKey`; empty, it stands before every other. */
  readonly outpoint: string
}

export const coinsByAmount = (): CoinsByAmount =>
  sortedMap((a, b) =>
    a.amount === b.amount
      ? a.outpoint < b.outpoint
        ? -1
        : Number(a.outpoint > b.outpoint)
      : a.amount < b.amount
        ? -1
        : 1,
  )

export const amountKey = ({ amount, outpoint }: Coin): AmountKey => ({ amount, outpoint: outpointKey(outpoint) })

/** Coins that one input costs the same to spend: among them, the order of amounts is the order of what they add. */
export interface CoinRun {
  readonly type: AddressType
  readonly confirmed: boolean
  readonly coins: CoinsByAmount
}

/** Coins to choose from. */
export type CoinPool = readonly CoinRun[]

export const poolOf = (coins: Iterable<Coin>): CoinPool => {
  const runs = new Map<string, CoinRun>()
  for (const coin of coins) {
    const { type } = coin.path
    const confirmed = coin.height !== undefined
    const name = `${type} ${confirmed}`
    const run = runs.get(name) ?? { type, confirmed, coins: coinsByAmount() }
    run.coins.set(amountKey(coin), coin)
    runs.set(name, run)
  }
  return [...runs.values()]
}

export const confirmedOf = (pool: CoinPool): CoinPool => pool.filter(({ confirmed }) => confirmed)

export function* coinsOf(pool: CoinPool): Generator<Coin> {
  for (const { coins } of pool) yield* coins.values()
}

/** Those of a run that hold this much or more, the smallest first. */
export function* smallestFrom({ coins }: CoinRun, amount: Sat): Generator<Coin> {
  for (const [, coin] of coins.entries({ amount, outpoint: '' })) yield coin
}

/** Those that are worth their fee, by what they add after it: the largest first. */
export function* largestFirst(pool: CoinPool, feeratePerKw: FeeratePerKw): Generator<Coin> {
  const heads = pool.map(({ coins }) => {
    const rest = coins.entriesReversed()
    return { rest, next: nextOf(rest) }
  })
  for (;;) {
    let best: { readonly value: Sat; readonly coin: Coin; readonly head: (typeof heads)[number] } | undefined
    for (const head of heads) {
      const coin = head.next
      if (coin === undefined) continue
      const value = effectiveValue(coin, feeratePerKw)
      if (value > (best?.value ?? 0n)) best = { value, coin, head }
    }
    if (best === undefined) return
    best.head.next = nextOf(best.head.rest)
    yield best.coin
  }
}

const nextOf = (rest: Iterator<readonly [unknown, Coin]>): Coin | undefined => {
  const { done, value } = rest.next()
  return done === true ? undefined : value[1]
}

/** The weight of an input that spends an output of this kind, its witness included. */
export const inputWeightOf = (type: AddressType): number => (type === 'p2tr' ? P2TR_INPUT_WEIGHT : P2WPKH_INPUT_WEIGHT)

/** What a coin adds after the fee for spending it. */
export const effectiveValue = ({ amount, path }: Coin, feeratePerKw: FeeratePerKw): Sat =>
  amount - feeCeil(feeratePerKw, inputWeightOf(path.type))

/** BOLT 3 rounds fees down; a wallet's rounds up, so that no rounding brings it below the rate that relays. */
export const feeCeil = (feeratePerKw: FeeratePerKw, weight: number): Sat => {
  const fee = feeForWeight(feeratePerKw, weight)
  return fee * 1000n === BigInt(feeratePerKw) * BigInt(weight) ? fee : fee + 1n
}
