import { FEERATE_FLOOR, feerateOf } from '../bitcoin/fees.ts'
import { txWeight } from '../bitcoin/transaction.ts'
import { outpointKey } from '../chain/outpoint-key.ts'
import { toHex } from '../lib/bytes.ts'
import type { OutPoint } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Sat } from '../lib/units.ts'
import { buildBump, buildSweep, type Funds } from './build-tx.ts'
import { type Coin, isKept } from './coin.ts'
import { type CoinPool, confirmedOf, feeCeil } from './coin-pool.ts'
import { baseWeight } from './coin-selection.ts'
import type { ChildRequest, FeeBumpError, FeeBumpRequest, FundedTx, UnconfirmedPackage } from './wallet.ts'
import { spendablePool, type WalletState } from './wallet-state.ts'
import type { WalletTx } from './wallet-tx.ts'

/** What the wallet's own money is spent on: only then may the transaction be made anew under another id. */
const OWN_PURPOSES: ReadonlySet<string | undefined> = new Set(['send', 'send-all', 'fee-bump'])

/** Makes what a transaction is built of from coins of the wallet. */
type FundsOf = (pool: CoinPool, preset?: readonly Coin[]) => Funds

/**
 * BIP 125: the same payments with the same coins, more of them if need be, at a higher fee. A replacement brings in no unconfirmed coin that
 * was not in the original (rule 2), and pays for its own relay beside what the original paid (rules 3 and 4).
 */
export const replacementOf = (
  state: WalletState,
  { txid, feeratePerKw }: FeeBumpRequest,
  fundsOf: FundsOf,
): Result<FundedTx & { readonly original: WalletTx }, FeeBumpError> => {
  const original = state.txs.get(toHex(txid))
  if (original === undefined) return err({ code: 'transaction-unknown' })
  if (original.height !== undefined) return err({ code: 'transaction-confirmed' })
  if (original.channelId !== undefined || !OWN_PURPOSES.has(original.purpose)) {
    return err({ code: 'not-replaceable', reason: original.spent === 0n ? 'foreign' : 'channel' })
  }
  const coins = coinsAt(
    state,
    original.tx.inputs.map(({ outpoint }) => outpoint),
  )
  if (coins.length < original.tx.inputs.length || original.fee === undefined) {
    return err({ code: 'not-replaceable', reason: 'foreign' })
  }
  const outputs = original.tx.outputs.map((output, index) => ({
    output,
    coin: state.coins.get(outpointKey({ txid, index })),
  }))
  // Whatever spends an output would be gone with the transaction (rule 5 is kept, too).
  if (outputs.some(({ coin }) => coin?.spentBy !== undefined))
    return err({ code: 'not-replaceable', reason: 'spent-on' })
  const weight = txWeight(original.tx)
  const minimum = feerateOf(original.fee, weight) + 1 + FEERATE_FLOOR
  if (feeratePerKw < minimum) return err({ code: 'feerate-too-low', minimum })
  const kept = outputs.filter(({ coin }) => coin === undefined || coin.path.branch !== 'change')
  const { lockTime } = original.tx
  const [first] = kept
  if (original.purpose !== 'send' && first !== undefined) {
    const change = outputs.find(({ coin }) => coin?.path.branch === 'change' && original.purpose === 'send-all')
    const swept = buildSweep(
      { script: first.output.script, feeratePerKw, lockTime, ...(change && { kept: change.output.amount }) },
      coins,
      fundsOf([]),
    )
    return swept.ok ? ok({ ...swept.value, original }) : swept
  }
  const payments = kept.map(({ output }) => output)
  const baseFee = feeCeil(feeratePerKw, baseWeight(payments.map(({ script }) => script)))
  const built = buildBump(
    { tx: { version: 2, inputs: [], outputs: payments, lockTime }, prevouts: [], baseFee, feeratePerKw },
    fundsOf(confirmedOf(spendablePool(state)), coins),
  )
  return built.ok ? ok({ ...built.value, original }) : built
}

/** A child that spends what the transaction pays us, and brings it and those below it to the rate. Confirmed coins help out. */
export const childOf = (
  state: WalletState,
  { txid, feeratePerKw, parents }: ChildRequest,
  fundsOf: FundsOf,
): Result<FundedTx, FeeBumpError> => {
  const parent = state.txs.get(toHex(txid))
  if (parent === undefined) return err({ code: 'transaction-unknown' })
  if (parent.height !== undefined) return err({ code: 'transaction-confirmed' })
  const outputs = parent.tx.outputs.flatMap((_, index) => state.coins.get(outpointKey({ txid, index })) ?? [])
  const preset = outputs.filter((coin) => coin.spentBy === undefined && !coin.reserved && !isKept(coin))
  if (preset.length === 0) return err({ code: 'no-output-of-ours' })
  const below = parents ?? packageOf(state, parent)
  if (below === undefined) return err({ code: 'not-replaceable', reason: 'foreign' })
  const missing = feeCeil(feeratePerKw, below.weight) - below.fee
  if (missing <= 0n) return err({ code: 'feerate-too-low', minimum: feerateOf(below.fee, below.weight) + 1 })
  return buildBump(
    {
      tx: { version: 2, inputs: [], outputs: [], lockTime: state.height },
      prevouts: [],
      baseFee: feeCeil(feeratePerKw, baseWeight([])) + missing,
      feeratePerKw,
    },
    fundsOf(confirmedOf(spendablePool(state)), preset),
  )
}

/** The transaction and what it descends from in no block; `undefined` where the wallet does not know what they pay. */
const packageOf = (state: WalletState, last: WalletTx): UnconfirmedPackage | undefined => {
  const seen = new Map<string, WalletTx>()
  const visit = (record: WalletTx): void => {
    const id = toHex(record.txid)
    if (seen.has(id)) return
    seen.set(id, record)
    for (const { outpoint } of record.tx.inputs) {
      const below = state.txs.get(toHex(outpoint.txid))
      if (below !== undefined && below.height === undefined) visit(below)
    }
  }
  visit(last)
  const records = [...seen.values()]
  if (records.some(({ fee }) => fee === undefined)) return undefined
  return {
    fee: records.reduce((sum: Sat, { fee = 0n }) => sum + fee, 0n),
    weight: records.reduce((sum, { tx }) => sum + txWeight(tx), 0),
  }
}

const coinsAt = (state: WalletState, outpoints: readonly OutPoint[]): readonly Coin[] =>
  outpoints.flatMap((outpoint) => state.coins.get(outpointKey(outpoint)) ?? [])
