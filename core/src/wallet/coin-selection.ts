import { dustLimit, outputWeight, TX_OVERHEAD_WEIGHT } from '../bitcoin/fees.ts'
import { compactSizeLength } from '../bitcoin/serialization.ts'
import type { TxOutput } from '../bitcoin/transaction.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { FeeratePerKw, Sat } from '../lib/units.ts'
import type { Coin } from './coin.ts'
import { type CoinPool, coinsOf, confirmedOf, feeCeil, inputWeightOf, largestFirst, smallestFrom } from './coin-pool.ts'
import type { WalletError } from './wallet.ts'

export interface SelectionRequest {
  /** Coins that are spent in any case; all others are there to help out. */
  readonly preset?: readonly Coin[]
  readonly pool: CoinPool
  /** What the coins must cover beside the fee for themselves and for change. */
  readonly target: Sat
  readonly feeratePerKw: FeeratePerKw
  readonly changeScript: Uint8Array
  /** There is no other output, and a transaction needs one. */
  readonly changeRequired: boolean
  /** Inputs and outputs that the transaction has already, preset coins aside. */
  readonly inputCount: number
  readonly outputCount: number
}

export interface Selection {
  /** With the preset ones, which come first. */
  readonly chosen: readonly Coin[]
  /** Absent where it would be dust. */
  readonly change?: Sat
}

/**
 * Chooses coins, and computes fees and change exactly, by weight: the smallest confirmed coin that suffices alone, or else as few of the
 * largest as suffice, with the last of them no larger than necessary. Coins that cost more than they are worth are not used. The work
 * grows with what is chosen, and hardly with what there is.
 */
export const selectCoins = (request: SelectionRequest): Result<Selection, WalletError> => {
  const { preset = [], pool, feeratePerKw } = request
  let sum = preset.reduce(plus, NONE)
  if (preset.length > 0) {
    const { missing, change } = settle(request, sum)
    if (missing === 0n) return ok(change === undefined ? { chosen: preset } : { chosen: preset, change })
  }
  const alone = completed(request, preset, confirmedOf(pool))
  if (alone !== undefined) return ok(alone)
  const few = [...preset]
  for (const coin of largestFirst(pool, feeratePerKw)) {
    sum = plus(sum, coin)
    const enough = settle(request, sum).missing === 0n && completed(request, few, pool)
    if (enough) return ok(enough)
    few.push(coin)
  }
  const available = [...preset, ...coinsOf(pool)].reduce((total, { amount }) => total + amount, 0n)
  return err({ code: 'insufficient-funds', needed: sum.total + settle(request, sum).missing, available })
}

/** The chosen coins together with the smallest further coin that makes them suffice. */
const completed = (request: SelectionRequest, chosen: readonly Coin[], pool: CoinPool): Selection | undefined => {
  const sum = chosen.reduce(plus, NONE)
  const taken = new Set(chosen)
  let best: { readonly coin: Coin; readonly value: Sat } | undefined
  for (const run of pool) {
    const weight = inputWeightOf(run.type)
    const { missing } = settle(request, { ...sum, count: sum.count + 1, weight: sum.weight + weight })
    const fee = feeCeil(request.feeratePerKw, weight)
    for (const coin of smallestFrom(run, missing > fee ? missing : fee + 1n)) {
      if (taken.has(coin)) continue
      const value = coin.amount - fee
      if (best === undefined || value < best.value) best = { coin, value }
      break
    }
  }
  if (best === undefined) return undefined
  const { change } = settle(request, plus(sum, best.coin))
  const all = [...chosen, best.coin]
  return change === undefined ? { chosen: all } : { chosen: all, change }
}

/**
 * The largest coins, as few as cover the amount and the fee of a transaction with these outputs and change: the remainder is never
 * negative. `undefined` if all of them do not suffice. This needs no keys and is fast, however many coins there are.
 */
export const fewestCoins = (
  pool: CoinPool,
  outputs: readonly TxOutput[],
  feeratePerKw: FeeratePerKw,
): { readonly coins: readonly Coin[]; readonly fee: Sat } | undefined => {
  const amount = outputs.reduce((sum, output) => sum + output.amount, 0n)
  let weight = baseWeight([...outputs.map(({ script }) => script), CHANGE_SCRIPT])
  let total = 0n
  const chosen: Coin[] = []
  for (const coin of largestFirst(pool, feeratePerKw)) {
    chosen.push(coin)
    total += coin.amount
    weight +=
      inputWeightOf(coin.path.type) + 4 * (compactSizeLength(chosen.length) - compactSizeLength(chosen.length - 1))
    const fee = feeCeil(feeratePerKw, weight)
    if (total >= amount + fee) return { coins: chosen, fee }
  }
  return undefined
}

// Change goes to taproot: the length is all that counts.
const CHANGE_SCRIPT = new Uint8Array(34)

/** What inputs hold and weigh together. */
interface Sum {
  readonly count: number
  readonly total: Sat
  readonly weight: number
}

const NONE: Sum = { count: 0, total: 0n, weight: 0 }

const plus = ({ count, total, weight }: Sum, { amount, path }: Coin): Sum => ({
  count: count + 1,
  total: total + amount,
  weight: weight + inputWeightOf(path.type),
})

// What these coins leave over as change, or how much is missing.
const settle = (
  { target, feeratePerKw, changeScript, changeRequired, inputCount, outputCount }: SelectionRequest,
  { count, total, weight }: Sum,
): { readonly missing: Sat; readonly change?: Sat } => {
  const growth = (before: number, added: number): number =>
    4 * (compactSizeLength(before + added) - compactSizeLength(before))
  const inputsWeight = weight + growth(inputCount, count)
  const rest = total - target - feeCeil(feeratePerKw, inputsWeight)
  const changeWeight = outputWeight(changeScript) + growth(outputCount, 1)
  const change = total - target - feeCeil(feeratePerKw, inputsWeight + changeWeight)
  const dust = dustLimit(changeScript)
  if (change >= dust) return { missing: 0n, change }
  if (changeRequired) return { missing: dust - change }
  return { missing: rest >= 0n ? 0n : -rest }
}

/** The weight of a transaction's fixed parts and its outputs: all but its inputs. */
export const baseWeight = (outputScripts: readonly Uint8Array[]): number =>
  TX_OVERHEAD_WEIGHT +
  4 * (compactSizeLength(outputScripts.length) - 1) +
  outputScripts.reduce((sum, script) => sum + outputWeight(script), 0)
