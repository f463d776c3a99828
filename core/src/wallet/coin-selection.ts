import { selectUTXO } from '@scure/btc-signer'
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
import { outpointKey } from '../chain/outpoint-key.ts'
import { toHex } from '../lib/bytes.ts'
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
  readonly candidates: readonly Candidate[]
  /** What the coins must cover beside the fee for themselves and for change. */
  readonly target: Sat
  readonly feeratePerKw: FeeratePerKw
  readonly changeScript: Uint8Array
  /** There is no other output, and a transaction needs one. */
  readonly changeRequired: boolean
  /** Inputs and outputs that the transaction has already. */
  readonly inputCount: number
  readonly outputCount: number
}

export interface Selection {
  readonly chosen: readonly Candidate[]
  /** Absent where it would be dust. */
  readonly change?: Sat
}

const MAX_ROUNDS = 12
// The library counts in whole satoshis per vbyte. With amounts in thousandths a rate per 1000 weight units is a whole
// number of thousandths per vbyte.
const SCALE = 1000n
const LIBRARY_BASE_WEIGHT = 32 + 4 + 4 + 2

/** Chooses coins by the strategy of `@scure/btc-signer`; fees and change are then counted exactly, by weight. */
export const selectCoins = (request: SelectionRequest): Result<Selection, WalletError> => {
  const { candidates, target } = request
  const available = candidates.reduce((sum, { coin }) => sum + (coin.amount as bigint), 0n)
  let goal = target as bigint
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const chosen = choose(request, goal)
    if (chosen === undefined) break
    const { missing, change } = settle(request, chosen)
    if (missing === 0n) return ok(change === undefined ? { chosen } : { chosen, change })
    goal += missing
  }
  // The strategy passes over coins that cost more than they are worth, and may stop short of the last satoshi.
  const useful = candidates.filter((candidate) => effectiveValue(candidate, request.feeratePerKw) > 0n)
  const { missing, change } = settle(request, useful)
  if (missing === 0n && useful.length > 0)
    return ok(change === undefined ? { chosen: useful } : { chosen: useful, change })
  const usable = useful.reduce((sum, { coin }) => sum + (coin.amount as bigint), 0n)
  return err({ code: 'insufficient-funds', needed: usable + missing, available })
}

/**
 * The largest coins, as few as cover the amount and the fee of a transaction with these outputs and change: what they leave
 * is never less than nothing. `undefined` where all of them do not. It needs no keys and is quick, however many there are.
 */
export const fewestCoins = (
  coins: readonly Coin[],
  outputs: readonly TxOutput[],
  feeratePerKw: FeeratePerKw,
): { readonly coins: readonly Coin[]; readonly fee: Sat } | undefined => {
  const amount = outputs.reduce((sum, output) => sum + (output.amount as bigint), 0n)
  let weight = baseWeight([...outputs.map(({ script }) => script), CHANGE_SCRIPT])
  let total = 0n
  const chosen: Coin[] = []
  for (const coin of [...coins].sort((a, b) => (a.amount < b.amount ? 1 : a.amount > b.amount ? -1 : 0))) {
    chosen.push(coin)
    total += coin.amount as bigint
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
  (coin.amount as bigint) - feeCeil(feeratePerKw, inputWeightOf(coin))

/** BOLT 3 rounds fees down; a wallet's rounds up, so that no rounding brings it below the rate that relays. */
export const feeCeil = (feeratePerKw: FeeratePerKw, weight: number): bigint => {
  const fee = feeForWeight(feeratePerKw, weight) as bigint
  return fee * 1000n === BigInt(feeratePerKw as number) * BigInt(weight) ? fee : fee + 1n
}

// What choosing these coins leaves over as change, or what it lacks.
const settle = (
  { target, feeratePerKw, changeScript, changeRequired, inputCount, outputCount }: SelectionRequest,
  chosen: readonly Candidate[],
): { readonly missing: bigint; readonly change?: bigint } => {
  const total = chosen.reduce((sum, { coin }) => sum + (coin.amount as bigint), 0n)
  const growth = (before: number, added: number): number =>
    4 * (compactSizeLength(before + added) - compactSizeLength(before))
  const inputsWeight =
    chosen.reduce((sum, { coin }) => sum + inputWeightOf(coin), 0) + growth(inputCount, chosen.length)
  const rest = total - (target as bigint) - feeCeil(feeratePerKw, inputsWeight)
  const changeWeight = outputWeight(changeScript) + growth(outputCount, 1)
  const change = total - (target as bigint) - feeCeil(feeratePerKw, inputsWeight + changeWeight)
  const dust = dustLimit(changeScript) as bigint
  if (change >= dust) return { missing: 0n, change }
  if (changeRequired) return { missing: dust - change }
  return { missing: rest >= 0n ? 0n : -rest }
}

const choose = (request: SelectionRequest, goal: bigint): readonly Candidate[] | undefined => {
  const { candidates, feeratePerKw, changeScript } = request
  const feePerByte = BigInt(feeratePerKw as number) * 4n
  // The fee that the library counts for what is not an input is part of the target already.
  const counted = (BigInt(LIBRARY_BASE_WEIGHT + outputWeight(changeScript)) * feePerByte) / 4n
  const amount = goal * SCALE - counted
  const selected = selectUTXO(
    candidates.map(({ coin, script }) => ({
      txid: coin.outpoint.txid,
      index: coin.outpoint.index,
      witnessUtxo: { amount: (coin.amount as bigint) * SCALE, script },
      ...(coin.path.type === 'p2tr' && { tapInternalKey: script.subarray(2) }),
    })),
    [{ script: changeScript, amount: amount > 0n ? amount : 1n }],
    'default',
    {
      feePerByte,
      changeAddress: ANY_TAPROOT_ADDRESS,
      dust: (dustLimit(changeScript) as bigint) * SCALE,
      dustRelayFeeRate: 1n,
      createTx: false,
      bip69: false,
      disableScriptCheck: true,
    },
  )
  if (selected === undefined) return undefined
  const byOutpoint = new Map(candidates.map((candidate) => [outpointKey(candidate.coin.outpoint), candidate]))
  return selected.inputs.flatMap(({ txid, index }) =>
    txid === undefined || index === undefined ? [] : (byOutpoint.get(`${toHex(txid)}:${index}`) ?? []),
  )
}

// The library takes change as an address of the main network; only its length matters here (the example of BIP 86).
const ANY_TAPROOT_ADDRESS = 'bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr'

/** The weight of a transaction's fixed parts and its outputs: all but its inputs. */
export const baseWeight = (outputScripts: readonly Uint8Array[]): number =>
  TX_OVERHEAD_WEIGHT +
  4 * (compactSizeLength(outputScripts.length) - 1) +
  outputScripts.reduce((sum, script) => sum + outputWeight(script), 0)
