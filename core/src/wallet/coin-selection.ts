import {
  dustLimit,
  feeForWeight,
  outputWeight,
  P2TR_INPUT_WEIGHT,
  P2WPKH_INPUT_WEIGHT,
  TX_OVERHEAD_WEIGHT,
} from '../bitcoin/fees.ts'
import { compactSizeLength } from '../bitcoin/serialization.ts'
import type { TxOutput } from '../bitcoin/transaction.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { FeeratePerKw, Sat } from '../lib/units.ts'
import type { WalletError } from './wallet.ts'
import type { Coin } from './wallet-state.ts'

/** A coin and the script that it pays. */
export interface Candidate {
  readonly coin: Coin
  readonly script: Uint8Array
}

export interface SelectionRequest {
  /** Coins that are spent in any case; all others are there to help out. */
  readonly preset?: readonly Candidate[]
  readonly candidates: readonly Candidate[]
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
  readonly chosen: readonly Candidate[]
  /** Absent where it would be dust. */
  readonly change?: Sat
}

/**
 * Chooses coins, and computes fees and change exactly, by weight: the smallest confirmed coin that suffices alone, or else as few of the
 * largest as suffice, with the last of them no larger than necessary. Coins that cost more than they are worth are not used. The work is
 * dominated by sorting.
 */
export const selectCoins = (request: SelectionRequest): Result<Selection, WalletError> => {
  const { preset = [], candidates, feeratePerKw } = request
  if (preset.length > 0) {
    const { missing, change } = settle(request, preset)
    if (missing === 0n) return ok(change === undefined ? { chosen: preset } : { chosen: preset, change })
  }
  const useful = candidates
    .map((candidate) => ({ candidate, value: effectiveValue(candidate, feeratePerKw) }))
    .filter(({ value }) => value > 0n)
    .sort((a, b) => (a.value === b.value ? 0 : a.value > b.value ? -1 : 1))
    .map(({ candidate }) => candidate)
  const confirmed = useful.filter(({ coin }) => coin.height !== undefined)
  const alone = completed(request, preset, confirmed)
  if (alone !== undefined) return ok(alone)
  const few = fewest(request, useful)
  const enough =
    few === undefined ? undefined : completed(request, [...preset, ...few.slice(0, -1)], useful.slice(few.length - 1))
  if (enough !== undefined) return ok(enough)
  const amountOf = (coins: readonly Candidate[]): Sat => coins.reduce((sum, { coin }) => sum + coin.amount, 0n)
  const [available, usable] = [amountOf([...preset, ...candidates]), amountOf([...preset, ...useful])]
  const { missing } = settle(request, [...preset, ...useful])
  return err({ code: 'insufficient-funds', needed: usable + missing, available })
}

/** As few of the largest as suffice, together with those that are preset. */
const fewest = (request: SelectionRequest, largestFirst: readonly Candidate[]): readonly Candidate[] | undefined => {
  const { preset = [] } = request
  const withFirst = (count: number): readonly Candidate[] => [...preset, ...largestFirst.slice(0, count)]
  const count = firstOf(largestFirst.length, (i) => settle(request, withFirst(i + 1)).missing === 0n)
  return count === undefined ? undefined : largestFirst.slice(0, count + 1)
}

/** The chosen coins together with the smallest further coin that makes them suffice. */
const completed = (
  request: SelectionRequest,
  chosen: readonly Candidate[],
  largestFirst: readonly Candidate[],
): Selection | undefined => {
  const smallestFirst = largestFirst.toReversed()
  const index = firstOf(
    smallestFirst.length,
    (i) => settle(request, [...chosen, smallestFirst[i] as Candidate]).missing === 0n,
  )
  if (index === undefined) return undefined
  const all = [...chosen, smallestFirst[index] as Candidate]
  const { change } = settle(request, all)
  return change === undefined ? { chosen: all } : { chosen: all, change }
}

/** The first index from which the predicate holds, by binary search; `undefined` if it holds for none. */
const firstOf = (count: number, holds: (index: number) => boolean): number | undefined => {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low === count ? undefined : low
}

/**
 * The largest coins, as few as cover the amount and the fee of a transaction with these outputs and change: the remainder is never
 * negative. `undefined` if all of them do not suffice. This needs no keys and is fast, however many coins there are.
 */
export const fewestCoins = (
  coins: readonly Coin[],
  outputs: readonly TxOutput[],
  feeratePerKw: FeeratePerKw,
): { readonly coins: readonly Coin[]; readonly fee: Sat } | undefined => {
  const amount = outputs.reduce((sum, output) => sum + output.amount, 0n)
  let weight = baseWeight([...outputs.map(({ script }) => script), CHANGE_SCRIPT])
  let total = 0n
  const chosen: Coin[] = []
  for (const coin of [...coins].sort((a, b) => (a.amount < b.amount ? 1 : a.amount > b.amount ? -1 : 0))) {
    chosen.push(coin)
    total += coin.amount
    weight += inputWeightOf(coin) + 4 * (compactSizeLength(chosen.length) - compactSizeLength(chosen.length - 1))
    const fee = feeCeil(feeratePerKw, weight)
    if (total >= amount + fee) return { coins: chosen, fee }
  }
  return undefined
}

// Change goes to taproot: the length is all that counts.
const CHANGE_SCRIPT = new Uint8Array(34)

/** The weight of an input that spends the coin, its witness included. */
export const inputWeightOf = ({ path }: Coin): number =>
  path.type === 'p2tr' ? P2TR_INPUT_WEIGHT : P2WPKH_INPUT_WEIGHT

/** What a coin adds after the fee for spending it. */
export const effectiveValue = ({ coin }: Candidate, feeratePerKw: FeeratePerKw): bigint =>
  coin.amount - feeCeil(feeratePerKw, inputWeightOf(coin))

/** BOLT 3 rounds fees down; a wallet's rounds up, so that no rounding brings it below the rate that relays. */
export const feeCeil = (feeratePerKw: FeeratePerKw, weight: number): bigint => {
  const fee = feeForWeight(feeratePerKw, weight)
  return fee * 1000n === BigInt(feeratePerKw) * BigInt(weight) ? fee : fee + 1n
}

// What these coins leave over as change, or how much is missing.
const settle = (
  { target, feeratePerKw, changeScript, changeRequired, inputCount, outputCount }: SelectionRequest,
  chosen: readonly Candidate[],
): { readonly missing: bigint; readonly change?: bigint } => {
  const total = chosen.reduce((sum, { coin }) => sum + coin.amount, 0n)
  const growth = (before: number, added: number): number =>
    4 * (compactSizeLength(before + added) - compactSizeLength(before))
  const inputsWeight =
    chosen.reduce((sum, { coin }) => sum + inputWeightOf(coin), 0) + growth(inputCount, chosen.length)
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
