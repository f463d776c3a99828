import { dustLimit } from '../bitcoin/fees.ts'
import { compactSizeLength } from '../bitcoin/serialization.ts'
import type { TxInput, TxOutput } from '../bitcoin/transaction.ts'
import { EMPTY } from '../lib/bytes.ts'
import { invariant } from '../lib/errors.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { FeeratePerKw, Sat } from '../lib/units.ts'
import type { Coin } from './coin.ts'
import { type CoinPool, effectiveValue, feeCeil, inputWeightOf } from './coin-pool.ts'
import { baseWeight, selectCoins } from './coin-selection.ts'
import type { BumpRequest, FundedTx, FundRequest, WalletError } from './wallet.ts'

/** What there is to build from. */
export interface Funds {
  /** Coins that are spent in any case. */
  readonly preset?: readonly Coin[]
  readonly pool: CoinPool
  readonly scriptOf: (coin: Coin) => Uint8Array
  readonly changeScript: Uint8Array
}

// Below the final values: locktimes hold, and a higher fee may replace the transaction (BIP 125).
const SEQUENCE = 0xfffffffd

const sumOf = (outputs: readonly TxOutput[]): bigint => outputs.reduce((sum, { amount }) => sum + amount, 0n)

/** Adds inputs and change to outputs. */
export const buildFunding = (request: FundRequest, funds: Funds): Result<FundedTx, WalletError> => {
  const { outputs, feeratePerKw, lockTime = 0 } = request
  for (const { amount, script } of outputs) {
    const minimum = dustLimit(script)
    if (amount < minimum) return err({ code: 'amount-too-small', minimum })
  }
  const baseFee = feeCeil(feeratePerKw, baseWeight(outputs.map(({ script }) => script)))
  return buildBump({ tx: { version: 2, inputs: [], outputs, lockTime }, prevouts: [], baseFee, feeratePerKw }, funds)
}

/** Adds inputs and change behind those of a transaction. */
export const buildBump = (request: BumpRequest, funds: Funds): Result<FundedTx, WalletError> => {
  const { tx, maxFee } = request
  const built = bumpWith(request, funds, tx.outputs.length === 0)
  if (!built.ok || maxFee === undefined || built.value.fee <= maxFee || built.value.changeOutput !== undefined)
    return built
  const withChange = bumpWith(request, funds, true)
  return withChange.ok ? withChange : built
}

const bumpWith = (
  { tx, prevouts, baseFee, feeratePerKw }: BumpRequest,
  { preset = [], pool, scriptOf, changeScript }: Funds,
  changeRequired: boolean,
): Result<FundedTx, WalletError> => {
  invariant(prevouts.length === tx.inputs.length, 'each input has its spent output')
  const target = sumOf(tx.outputs) + baseFee - sumOf(prevouts)
  // A transaction that pays enough by itself is left as it is.
  if (target <= 0n && tx.inputs.length > 0 && preset.length === 0 && !changeRequired) {
    return ok({ tx, prevouts, fee: sumOf(prevouts) - sumOf(tx.outputs) })
  }
  const selected = selectCoins({
    preset,
    pool,
    target,
    feeratePerKw,
    changeScript,
    changeRequired,
    inputCount: tx.inputs.length,
    outputCount: tx.outputs.length,
  })
  if (!selected.ok) return selected
  const { chosen, change } = selected.value
  const outputs = change === undefined ? tx.outputs : [...tx.outputs, { amount: change, script: changeScript }]
  const spent = [...prevouts, ...chosen.map(prevoutOf(scriptOf))]
  return ok({
    tx: { ...tx, inputs: [...tx.inputs, ...chosen.map(inputOf)], outputs },
    prevouts: spent,
    fee: sumOf(spent) - sumOf(outputs),
    ...(change !== undefined && { changeOutput: outputs.length - 1 }),
  })
}

export interface SweepRequest {
  readonly script: Uint8Array
  readonly feeratePerKw: FeeratePerKw
  readonly lockTime: number
  /** What is to come back to the wallet; nothing if absent. */
  readonly kept?: Sat
}

/** Sends every one of the coins that is worth its fee to one output, but for what is kept. */
export const buildSweep = (
  { script, feeratePerKw, lockTime, kept = 0n }: SweepRequest,
  coins: readonly Coin[],
  { scriptOf, changeScript }: Pick<Funds, 'scriptOf' | 'changeScript'>,
): Result<FundedTx, WalletError> => {
  const worth = coins.filter((coin) => effectiveValue(coin, feeratePerKw) > 0n)
  const prevouts = worth.map(prevoutOf(scriptOf))
  const changeAmount = kept === 0n ? undefined : kept > dustLimit(changeScript) ? kept : dustLimit(changeScript)
  const change = changeAmount === undefined ? [] : [{ amount: changeAmount, script: changeScript }]
  const weight =
    baseWeight([script, ...change.map((output) => output.script)]) +
    4 * (compactSizeLength(worth.length) - 1) +
    worth.reduce((sum, { path }) => sum + inputWeightOf(path.type), 0)
  const fee = feeCeil(feeratePerKw, weight)
  const [total, minimum] = [sumOf(prevouts), dustLimit(script)]
  const amount: Sat = total - fee - sumOf(change)
  if (amount < minimum) {
    return err({ code: 'insufficient-funds', needed: fee + minimum + sumOf(change), available: total })
  }
  return ok({
    tx: { version: 2, inputs: worth.map(inputOf), outputs: [{ amount, script }, ...change], lockTime },
    prevouts,
    fee,
    ...(change.length > 0 && { changeOutput: 1 }),
  })
}

const prevoutOf =
  (scriptOf: Funds['scriptOf']) =>
  (coin: Coin): TxOutput => ({ amount: coin.amount, script: scriptOf(coin) })

const inputOf = ({ outpoint }: Coin): TxInput => ({
  outpoint,
  sequence: SEQUENCE,
  scriptSig: EMPTY,
  witness: [],
})
