import { type Tx, type TxInput, txidOf } from '../bitcoin/transaction.ts'
import { outpointKey } from '../chain/outpoint-key.ts'
import { equalBytes, isAllZero, toHex } from '../lib/bytes.ts'
import type { OutPoint, TxId } from '../lib/ids.ts'
import type { BlockHeight, TimestampMs } from '../lib/units.ts'
import type { Asker, Coin } from './coin.ts'
import type { Coins } from './coins.ts'
import type { KeyPath, NextIndexes, WalletKeys } from './keys.ts'
import type { WalletState } from './wallet-state.ts'
import type { TxOrigin, WalletTx } from './wallet-tx.ts'
import type { WalletTxs } from './wallet-txs.ts'

/** A transaction as it was seen: in a block, or without `height` before it is in one. */
export interface SeenTx {
  readonly tx: Tx
  readonly txid: TxId
  readonly height?: BlockHeight
  /** Of a transaction that the node made. */
  readonly origin?: TxOrigin
  readonly now: TimestampMs
  /** Looked at before, perhaps when fewer keys were known: what it pays is looked for anew. */
  readonly again?: boolean
}

// At this depth spends are practically final, and the spent outputs need not be kept.
const BURIED_DEPTH = 1000
const PRUNE_EVERY = 144

/** A state in the making. */
class Draft {
  coins: Coins
  txs: WalletTxs
  next: NextIndexes
  readonly #state: WalletState

  constructor(state: WalletState) {
    this.#state = state
    this.coins = state.coins
    this.txs = state.txs
    this.next = state.next
  }

  /** The same object if nothing was written. */
  get state(): WalletState {
    const { coins, txs, next } = this.#state
    if (this.coins === coins && this.txs === txs && this.next === next) return this.#state
    return { ...this.#state, coins: this.coins, txs: this.txs, next: this.next }
  }

  putCoin(coin: Coin): void {
    this.coins = this.coins.with(coin)
  }

  deleteCoin(key: string): void {
    this.coins = this.coins.without(key)
  }

  putTx(record: WalletTx): void {
    this.txs = this.txs.with(record)
  }

  deleteTx(record: WalletTx): void {
    this.txs = this.txs.without(record)
  }
}

/** The state after a transaction; the same object if it has nothing to do with the wallet. */
export const applyTx = (state: WalletState, keys: WalletKeys, seen: SeenTx): WalletState => {
  const draft = new Draft(state)
  applyIn(draft, keys, seen)
  return draft.state
}

const applyIn = (draft: Draft, keys: WalletKeys, seen: SeenTx): void => {
  const { tx, txid, height, origin, again } = seen
  const spent = tx.inputs.flatMap(({ outpoint }) => draft.coins.get(outpointKey(outpoint)) ?? [])
  const paths = tx.outputs.map(({ script }) => keys.find(script, draft.next))
  const known = draft.txs.get(toHex(txid))
  const isAllKnown = paths.every((path, index) => path === undefined || draft.coins.has(outpointKey({ txid, index })))
  const isSeen = height === undefined ? isAllKnown || origin !== undefined : known?.height === height
  if (known !== undefined && !again && isSeen) {
    if (origin !== undefined && known.purpose === undefined) draft.putTx({ ...known, ...origin })
    return
  }
  // An unconfirmed transaction cannot replace a confirmed one.
  const isTaken = ({ spentBy }: Coin): boolean => spentBy !== undefined && heightOfTx(draft, spentBy) !== undefined
  if (height === undefined && spent.some(isTaken)) return

  const { replaces } = origin ?? {}
  // What a claim had to take of a frozen coin and did not need is as frozen as the coin was; so is what takes the place of frozen change.
  const frozen = frozenFor([...spent, ...(replaces === undefined ? [] : changeOf(draft, replaces))])

  // Of two transactions with an input in common only the newer one can still happen (BIP 125), or the one in a block.
  // Closes of a channel that use no coin of the wallet can all still happen until one of them is in a block.
  if (height !== undefined || spent.length > 0) {
    for (const rival of rivalsIn(draft, tx.inputs)) if (!equalBytes(rival, txid)) forgetIn(draft, rival)
  }
  const isOfNoConcern = spent.length === 0 && paths.every((path) => path === undefined)
  if (isOfNoConcern && known === undefined && origin === undefined) return

  for (const { outpoint } of spent) {
    const key = outpointKey(outpoint)
    const coin = draft.coins.get(key)
    if (coin !== undefined) draft.putCoin({ ...coin, reserved: false, spentBy: txid })
  }
  if (replaces !== undefined && heightOfTx(draft, replaces) === undefined) forgetIn(draft, replaces)
  // Whoever shares the keys can replace what he has made, as strangers can.
  const isMadeHere = !keys.areShared || origin !== undefined || known?.purpose !== undefined
  const allOurs = isMadeHere && spent.length === tx.inputs.length
  // Of several closes of a channel one will pay us: until it is in a block the channel counts the money.
  const counts = height !== undefined || spent.length > 0 || origin === undefined
  paths.forEach((path, index) => {
    if (path === undefined || !counts) return
    const isFrozen = path.branch === 'change' && frozen !== undefined
    putCoin(draft, seen, { txid, index }, path, { ours: allOurs, ...(isFrozen && { frozen }) })
  })
  draft.putTx(recordOf(seen, known, spent, paths))
  draft.next = paths.reduce(past, draft.next)
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
  const { height } = block
  const after = { ...withTxsOf(state, keys, block), height }
  return height % PRUNE_EVERY === 0 ? prune(after) : after
}

/** The state after another look at a block that it has passed already, with the keys that are known now. */
export const scanBlock = (state: WalletState, keys: WalletKeys, block: Parameters<typeof applyBlock>[2]): WalletState =>
  withTxsOf(state, keys, block, true)

const withTxsOf = (
  state: WalletState,
  keys: WalletKeys,
  { height, txs, txids, now }: Parameters<typeof applyBlock>[2],
  again = false,
): WalletState => {
  const draft = new Draft(state)
  txs.forEach((tx, index) => {
    applyIn(draft, keys, { tx, txid: txids[index] ?? txidOf(tx), height, now, again })
  })
  return draft.state
}

/** The state without the blocks from `fromHeight` on: what they held is unconfirmed, new coins of miners are gone. */
export const undoBlocks = (state: WalletState, fromHeight: BlockHeight): WalletState => {
  const undone = (height: BlockHeight | undefined): boolean => height !== undefined && height >= fromHeight
  const draft = new Draft(state)
  for (const coin of state.coins.values()) {
    if (!undone(coin.height)) continue
    const key = outpointKey(coin.outpoint)
    if (coin.coinbase) {
      forgetIn(draft, coin.outpoint.txid)
    } else {
      const { height, ...unconfirmed } = draft.coins.get(key) ?? coin
      if (draft.coins.has(key)) draft.putCoin(unconfirmed)
    }
  }
  for (const record of [...draft.txs.values()]) {
    if (!undone(record.height)) continue
    const { height, ...unconfirmed } = record
    draft.putTx(unconfirmed)
  }
  return { ...draft.state, height: Math.min(state.height, fromHeight - 1) }
}

/** The state without a transaction that is in no block, and without those that spend its outputs. */
export const forgetTx = (state: WalletState, txid: TxId): WalletState => {
  const record = state.txs.get(toHex(txid))
  if (record === undefined || record.height !== undefined) return state
  const draft = new Draft(state)
  forgetIn(draft, txid)
  return draft.state
}

/**
 * The transactions that the wallet knows in no block and that spend one of these inputs, ours or not: of a claim, say, that
 * somebody else made first.
 */
export const pendingRivals = (state: WalletState, inputs: readonly Pick<TxInput, 'outpoint'>[]): readonly TxId[] =>
  rivalsIn(new Draft(state), inputs)

const rivalsIn = (draft: Draft, inputs: readonly Pick<TxInput, 'outpoint'>[]): readonly TxId[] => {
  const rivals = inputs.flatMap(({ outpoint }) => draft.txs.spendersOf(outpoint))
  return [...new Set(rivals)].filter((txid) => heightOfTx(draft, txid) === undefined)
}

/** Sets coins aside or frees them; outpoints that are not ours are passed over. */
export const setReserved = (state: WalletState, outpoints: readonly OutPoint[], reserved: boolean): WalletState => {
  const own = outpoints.flatMap((outpoint) => state.coins.get(outpointKey(outpoint)) ?? [])
  const changed = own.filter((coin) => coin.spentBy === undefined && coin.reserved !== reserved)
  if (changed.length === 0) return state
  return { ...state, coins: state.coins.with(...changed.map((coin) => ({ ...coin, reserved }))) }
}

/** Has a coin left alone for somebody, or lets it be used again. */
export const setFrozen = (state: WalletState, coin: Coin, frozen: Asker | undefined): WalletState => {
  const { frozen: _, ...thawed } = coin
  return { ...state, coins: state.coins.with(frozen === undefined ? thawed : { ...thawed, frozen }) }
}

/** The indexes after one more key of a chain is in use. */
export const past = (next: NextIndexes, path: KeyPath | undefined): NextIndexes => {
  if (path === undefined) return next
  const { type, branch, index } = path
  return index < next[type][branch] ? next : { ...next, [type]: { ...next[type], [branch]: index + 1 } }
}

const heightOfTx = ({ txs }: Pick<WalletState, 'txs'>, txid: TxId): BlockHeight | undefined =>
  txs.get(toHex(txid))?.height

const heightOf = (height: BlockHeight | undefined): { readonly height?: BlockHeight } =>
  height === undefined ? {} : { height }

const changeOf = (draft: Draft, txid: TxId): readonly Coin[] =>
  (draft.txs.get(toHex(txid))?.tx.outputs ?? []).flatMap((_, index) => {
    const coin = draft.coins.get(outpointKey({ txid, index }))
    return coin?.path.branch === 'change' ? [coin] : []
  })

const frozenFor = (coins: readonly Coin[]): Asker | undefined =>
  coins.some(({ frozen }) => frozen === 'operator')
    ? 'operator'
    : coins.find(({ frozen }) => frozen !== undefined)?.frozen

const putCoin = (
  draft: Draft,
  { tx, height }: SeenTx,
  outpoint: OutPoint,
  path: KeyPath,
  more: Pick<Coin, 'ours' | 'frozen'>,
): void => {
  const key = outpointKey(outpoint)
  const known = draft.coins.get(key)
  if (known !== undefined) {
    draft.putCoin({ ...known, ...heightOf(height) })
    return
  }
  const output = tx.outputs[outpoint.index]
  if (output === undefined) return
  // A child may have been seen before its parent.
  const [spender] = draft.txs.spendersOf(outpoint)
  draft.putCoin({
    outpoint,
    amount: output.amount,
    path,
    ...heightOf(height),
    ...more,
    coinbase: tx.inputs.length === 1 && tx.inputs.every((input) => isAllZero(input.outpoint.txid)),
    reserved: false,
    ...(spender !== undefined && { spentBy: spender }),
  })
}

const recordOf = (
  { tx, txid, height, origin, now, again }: SeenTx,
  known: WalletTx | undefined,
  coins: readonly Coin[],
  paths: readonly (KeyPath | undefined)[],
): WalletTx => {
  if (known !== undefined && !again) return { ...known, ...origin, ...heightOf(height) }
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)
  const spent = sum(coins.map(({ amount }) => amount))
  const paid = sum(tx.outputs.map(({ amount }) => amount))
  return {
    seenAt: now,
    ...known,
    ...origin,
    txid,
    tx,
    ...heightOf(height),
    received: sum(tx.outputs.flatMap(({ amount }, index) => (paths[index] === undefined ? [] : [amount]))),
    // Coins that were spent long ago are no longer kept.
    spent: known === undefined || spent > known.spent ? spent : known.spent,
    ...(coins.length === tx.inputs.length && { fee: spent - paid }),
  }
}

const forgetIn = (draft: Draft, txid: TxId): void => {
  const record = draft.txs.get(toHex(txid))
  if (record === undefined) return
  draft.deleteTx(record)
  for (const { outpoint } of record.tx.inputs) {
    const key = outpointKey(outpoint)
    const coin = draft.coins.get(key)
    if (coin?.spentBy === undefined || !equalBytes(coin.spentBy, txid)) continue
    const { spentBy, ...unspent } = coin
    draft.putCoin(unspent)
  }
  record.tx.outputs.forEach((_, index) => {
    const key = outpointKey({ txid, index })
    const coin = draft.coins.get(key)
    if (coin?.spentBy !== undefined) forgetIn(draft, coin.spentBy)
    if (coin !== undefined) draft.deleteCoin(key)
  })
}

const prune = (state: WalletState): WalletState => {
  const buried = [...state.coins.values()].filter(({ spentBy }) => {
    const height = spentBy && heightOfTx(state, spentBy)
    return height !== undefined && state.height - height >= BURIED_DEPTH
  })
  if (buried.length === 0) return state
  return { ...state, coins: state.coins.without(...buried.map(({ outpoint }) => outpointKey(outpoint))) }
}
