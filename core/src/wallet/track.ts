import { type Tx, type TxInput, txidOf } from '../bitcoin/transaction.ts'
import { outpointKey } from '../chain/outpoint-key.ts'
import { equalBytes, isAllZero, toHex } from '../lib/bytes.ts'
import type { OutPoint, TxId } from '../lib/ids.ts'
import type { BlockHeight, TimestampMs } from '../lib/units.ts'
import type { KeyPath, NextIndexes, WalletKeys } from './keys.ts'
import type { Coin, WalletState, WalletTx } from './wallet-state.ts'

/** A transaction as it was met: in a block, or without `height` before it is in one. */
export interface SeenTx {
  readonly tx: Tx
  readonly txid: TxId
  readonly height?: BlockHeight
  readonly label?: string
  readonly now: TimestampMs
}

// Spends are as good as final then, and what they spent need not be kept.
const BURIED_DEPTH = 1000
const PRUNE_EVERY = 144

interface Draft {
  readonly coins: Map<string, Coin>
  readonly txs: Map<string, WalletTx>
}

const draftOf = ({ coins, txs }: WalletState): Draft => ({ coins: new Map(coins), txs: new Map(txs) })

/** The state after a transaction; the same object if it has nothing to do with the wallet. */
export const applyTx = (state: WalletState, keys: WalletKeys, seen: SeenTx): WalletState => {
  const { tx, txid, height } = seen
  const id = toHex(txid)
  const spent = tx.inputs.flatMap(({ outpoint }) => state.coins.get(outpointKey(outpoint)) ?? [])
  const paths = tx.outputs.map(({ script }) => keys.find(script, state.next))
  const known = state.txs.get(id)
  if (known !== undefined && (height === undefined || known.height === height)) return state
  // What is not in a block cannot take the place of what is.
  const isTaken = ({ spentBy }: Coin): boolean => spentBy !== undefined && heightOfTx(state, spentBy) !== undefined
  if (height === undefined && spent.some(isTaken)) return state

  // Of two transactions with an input in common only the newer one can still happen (BIP 125), or the one in a block.
  const rivals = pendingRivals(state, tx.inputs).filter((rival) => !equalBytes(rival, txid))
  const isOurs = spent.length > 0 || paths.some((path) => path !== undefined)
  if (!isOurs && rivals.length === 0) return state
  const draft = draftOf(state)
  for (const rival of rivals) forgetIn(draft, rival)
  if (!isOurs) return { ...state, ...draft }

  for (const { outpoint } of spent) {
    const coin = draft.coins.get(outpointKey(outpoint))
    if (coin !== undefined) draft.coins.set(outpointKey(outpoint), { ...coin, reserved: false, spentBy: txid })
  }
  const allOurs = spent.length === tx.inputs.length
  paths.forEach((path, index) => {
    if (path !== undefined) putCoin(draft, seen, { txid, index }, path, allOurs)
  })
  draft.txs.set(id, known === undefined ? newRecord(seen, spent, paths) : { ...known, ...heightOf(height) })
  return { ...state, ...draft, next: paths.reduce(past, state.next) }
}

/** The state after a block on top of those before it. */
export const applyBlock = (
  state: WalletState,
  keys: WalletKeys,
  block: {
    readonly height: BlockHeight
    readonly txs: readonly Tx[]
    readonly txids: readonly TxId[]
    readonly now: TimestampMs
  },
): WalletState => {
  const { height, now } = block
  let after = state
  block.txs.forEach((tx, index) => {
    after = applyTx(after, keys, { tx, txid: block.txids[index] ?? txidOf(tx), height, now })
  })
  after = { ...after, height }
  return (height as number) % PRUNE_EVERY === 0 ? prune(after) : after
}

/** The state without the blocks from `fromHeight` on: what they held is unconfirmed, new coins of miners are gone. */
export const undoBlocks = (state: WalletState, fromHeight: BlockHeight): WalletState => {
  const undone = (height: BlockHeight | undefined): boolean =>
    height !== undefined && (height as number) >= (fromHeight as number)
  const draft = draftOf(state)
  for (const [key, coin] of state.coins) {
    if (!undone(coin.height)) continue
    if (coin.coinbase) {
      forgetIn(draft, coin.outpoint.txid)
    } else {
      const { height, ...unconfirmed } = draft.coins.get(key) ?? coin
      if (draft.coins.has(key)) draft.coins.set(key, unconfirmed)
    }
  }
  for (const [id, record] of draft.txs) {
    if (!undone(record.height)) continue
    const { height, ...unconfirmed } = record
    draft.txs.set(id, unconfirmed)
  }
  return { ...state, ...draft, height: Math.min(state.height as number, (fromHeight as number) - 1) }
}

/** The state without a transaction that is in no block, and without those that spend its outputs. */
export const forgetTx = (state: WalletState, txid: TxId): WalletState => {
  const record = state.txs.get(toHex(txid))
  if (record === undefined || record.height !== undefined) return state
  const draft = draftOf(state)
  forgetIn(draft, txid)
  return { ...state, ...draft }
}

/**
 * The transactions that the wallet knows in no block and that spend one of these inputs, ours or not: of a claim, say, that
 * somebody else made first.
 */
export const pendingRivals = (state: WalletState, inputs: readonly Pick<TxInput, 'outpoint'>[]): readonly TxId[] => {
  const spenders = pendingSpenders(state.txs)
  if (spenders.size === 0) return []
  const rivals = inputs.flatMap(({ outpoint }) => spenders.get(outpointKey(outpoint)) ?? [])
  return [...new Set(rivals)]
}

/** Sets coins aside or frees them; outpoints that are not ours are passed over. */
export const setReserved = (state: WalletState, outpoints: readonly OutPoint[], reserved: boolean): WalletState => {
  const coins = new Map(state.coins)
  for (const outpoint of outpoints) {
    const coin = coins.get(outpointKey(outpoint))
    if (coin !== undefined && coin.spentBy === undefined) coins.set(outpointKey(outpoint), { ...coin, reserved })
  }
  return { ...state, coins }
}

/** The indexes after one more key of a chain is in use. */
export const past = (next: NextIndexes, path: KeyPath | undefined): NextIndexes => {
  if (path === undefined) return next
  const { type, branch, index } = path
  return index < next[type][branch] ? next : { ...next, [type]: { ...next[type], [branch]: index + 1 } }
}

// By what they spend. Kept as long as the transactions are the same: every transaction of a block is held against it.
const spendersOf = new WeakMap<WalletState['txs'], ReadonlyMap<string, TxId>>()

const pendingSpenders = (txs: WalletState['txs']): ReadonlyMap<string, TxId> => {
  const cached = spendersOf.get(txs)
  if (cached !== undefined) return cached
  const spenders = new Map<string, TxId>()
  for (const { height, tx, txid } of txs.values()) {
    if (height === undefined) for (const { outpoint } of tx.inputs) spenders.set(outpointKey(outpoint), txid)
  }
  spendersOf.set(txs, spenders)
  return spenders
}

const heightOfTx = ({ txs }: Pick<WalletState, 'txs'>, txid: TxId): BlockHeight | undefined =>
  txs.get(toHex(txid))?.height

const heightOf = (height: BlockHeight | undefined): { readonly height?: BlockHeight } =>
  height === undefined ? {} : { height }

const putCoin = (draft: Draft, { tx, height }: SeenTx, outpoint: OutPoint, path: KeyPath, ours: boolean): void => {
  const key = outpointKey(outpoint)
  const known = draft.coins.get(key)
  if (known !== undefined) {
    draft.coins.set(key, { ...known, ...heightOf(height) })
    return
  }
  const output = tx.outputs[outpoint.index]
  if (output === undefined) return
  // A child may have been seen before its parent.
  const spender = [...draft.txs.values()].find((record) =>
    record.tx.inputs.some((input) => outpointKey(input.outpoint) === key),
  )
  draft.coins.set(key, {
    outpoint,
    amount: output.amount,
    path,
    ...heightOf(height),
    ours,
    coinbase: tx.inputs.length === 1 && tx.inputs.every((input) => isAllZero(input.outpoint.txid)),
    reserved: false,
    ...(spender !== undefined && { spentBy: spender.txid }),
  })
}

const newRecord = (
  { tx, txid, height, label, now }: SeenTx,
  coins: readonly Coin[],
  paths: readonly (KeyPath | undefined)[],
): WalletTx => {
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)
  const spent = sum(coins.map(({ amount }) => amount as bigint))
  const paid = sum(tx.outputs.map(({ amount }) => amount as bigint))
  return {
    txid,
    tx,
    ...heightOf(height),
    received: sum(tx.outputs.flatMap(({ amount }, index) => (paths[index] === undefined ? [] : [amount as bigint]))),
    spent,
    ...(coins.length === tx.inputs.length && { fee: spent - paid }),
    ...(label !== undefined && { label }),
    seenAt: now,
  }
}

const forgetIn = (draft: Draft, txid: TxId): void => {
  const record = draft.txs.get(toHex(txid))
  if (record === undefined) return
  draft.txs.delete(toHex(txid))
  for (const { outpoint } of record.tx.inputs) {
    const key = outpointKey(outpoint)
    const coin = draft.coins.get(key)
    if (coin?.spentBy === undefined || !equalBytes(coin.spentBy, txid)) continue
    const { spentBy, ...unspent } = coin
    draft.coins.set(key, unspent)
  }
  record.tx.outputs.forEach((_, index) => {
    const key = outpointKey({ txid, index })
    const coin = draft.coins.get(key)
    if (coin?.spentBy !== undefined) forgetIn(draft, coin.spentBy)
    draft.coins.delete(key)
  })
}

const prune = (state: WalletState): WalletState => {
  const coins = new Map(state.coins)
  for (const [key, { spentBy }] of coins) {
    const height = spentBy && heightOfTx(state, spentBy)
    if (height !== undefined && (state.height as number) - (height as number) >= BURIED_DEPTH) coins.delete(key)
  }
  return coins.size === state.coins.size ? state : { ...state, coins }
}
