import { type Tx, type TxInput, txidOf } from '../bitcoin/transaction.ts'
import { outpointKey } from '../chain/outpoint-key.ts'
import { equalBytes, isAllZero, toHex } from '../lib/bytes.ts'
import type { OutPoint, TxId } from '../lib/ids.ts'
import type { BlockHeight, TimestampMs } from '../lib/units.ts'
import type { KeyPath, NextIndexes, WalletKeys } from './keys.ts'
import type { Asker, Coin, TxOrigin, WalletState, WalletTx } from './wallet-state.ts'

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

/**
 * A state in the making, for all transactions of a block: its maps are copied at the first write, and the index of spends is built once.
 */
class Draft {
  coins: ReadonlyMap<string, Coin>
  txs: ReadonlyMap<string, WalletTx>
  next: NextIndexes
  #own: { readonly coins: Map<string, Coin>; readonly txs: Map<string, WalletTx> } | undefined
  #spenders: Spenders | undefined
  readonly #state: WalletState

  constructor(state: WalletState) {
    this.#state = state
    this.coins = state.coins
    this.txs = state.txs
    this.next = state.next
  }

  /** The same object if nothing was written. */
  get state(): WalletState {
    if (this.#own === undefined && this.next === this.#state.next) return this.#state
    if (this.#spenders !== undefined) spendersOf.set(this.txs, this.#spenders)
    return { ...this.#state, coins: this.coins, txs: this.txs, next: this.next }
  }

  putCoin(key: string, coin: Coin): void {
    this.#writable().coins.set(key, coin)
  }

  deleteCoin(key: string): void {
    this.#writable().coins.delete(key)
  }

  putTx(record: WalletTx): void {
    const id = toHex(record.txid)
    const isKnown = this.txs.has(id)
    const spenders = isKnown ? undefined : this.#ownSpenders()
    this.#writable().txs.set(id, record)
    if (spenders !== undefined) addSpender(spenders, record)
  }

  deleteTx(record: WalletTx): void {
    const spenders = this.#ownSpenders()
    this.#writable().txs.delete(toHex(record.txid))
    for (const { outpoint } of record.tx.inputs) {
      const key = outpointKey(outpoint)
      const others = (spenders.get(key) ?? []).filter((txid) => !equalBytes(txid, record.txid))
      if (others.length > 0) spenders.set(key, others)
      else spenders.delete(key)
    }
  }

  /** The transactions of the wallet that spend the output; more than one only if it is none of ours. */
  spendersOf(outpoint: OutPoint): readonly TxId[] {
    return (this.#spenders ?? spendersIn(this.#state.txs)).get(outpointKey(outpoint)) ?? []
  }

  #ownSpenders(): Spenders {
    this.#spenders ??= new Map(spendersIn(this.#state.txs))
    return this.#spenders
  }

  #writable() {
    if (this.#own === undefined) {
      this.#own = { coins: new Map(this.coins), txs: new Map(this.txs) }
      this.coins = this.#own.coins
      this.txs = this.#own.txs
    }
    return this.#own
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
    if (coin !== undefined) draft.putCoin(key, { ...coin, reserved: false, spentBy: txid })
  }
  if (replaces !== undefined && heightOfTx(draft, replaces) === undefined) forgetIn(draft, replaces)
  const allOurs = spent.length === tx.inputs.length
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
  for (const [key, coin] of state.coins) {
    if (!undone(coin.height)) continue
    if (coin.coinbase) {
      forgetIn(draft, coin.outpoint.txid)
    } else {
      const { height, ...unconfirmed } = draft.coins.get(key) ?? coin
      if (draft.coins.has(key)) draft.putCoin(key, unconfirmed)
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
  const rivals = inputs.flatMap(({ outpoint }) => draft.spendersOf(outpoint))
  return [...new Set(rivals)].filter((txid) => heightOfTx(draft, txid) === undefined)
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

/** Has a coin left alone for somebody, or lets it be used again. */
export const setFrozen = (state: WalletState, coin: Coin, frozen: Asker | undefined): WalletState => {
  const { frozen: _, ...thawed } = coin
  const coins = new Map(state.coins).set(
    outpointKey(coin.outpoint),
    frozen === undefined ? thawed : { ...thawed, frozen },
  )
  return { ...state, coins }
}

/** The indexes after one more key of a chain is in use. */
export const past = (next: NextIndexes, path: KeyPath | undefined): NextIndexes => {
  if (path === undefined) return next
  const { type, branch, index } = path
  return index < next[type][branch] ? next : { ...next, [type]: { ...next[type], [branch]: index + 1 } }
}

type Spenders = Map<string, readonly TxId[]>

// By the outputs that they spend. Kept as long as the transactions are the same: every transaction of a block is compared with it.
const spendersOf = new WeakMap<WalletState['txs'], Spenders>()

const spendersIn = (txs: WalletState['txs']): ReadonlyMap<string, readonly TxId[]> => {
  const cached = spendersOf.get(txs)
  if (cached !== undefined) return cached
  const spenders: Spenders = new Map()
  for (const record of txs.values()) addSpender(spenders, record)
  spendersOf.set(txs, spenders)
  return spenders
}

const addSpender = (spenders: Spenders, { tx, txid }: WalletTx): void => {
  for (const { outpoint } of tx.inputs) {
    const key = outpointKey(outpoint)
    spenders.set(key, [...(spenders.get(key) ?? []), txid])
  }
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
    draft.putCoin(key, { ...known, ...heightOf(height) })
    return
  }
  const output = tx.outputs[outpoint.index]
  if (output === undefined) return
  // A child may have been seen before its parent.
  const [spender] = draft.spendersOf(outpoint)
  draft.putCoin(key, {
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
    draft.putCoin(key, unspent)
  }
  record.tx.outputs.forEach((_, index) => {
    const key = outpointKey({ txid, index })
    const coin = draft.coins.get(key)
    if (coin?.spentBy !== undefined) forgetIn(draft, coin.spentBy)
    if (coin !== undefined) draft.deleteCoin(key)
  })
}

const prune = (state: WalletState): WalletState => {
  const coins = new Map(state.coins)
  for (const [key, { spentBy }] of coins) {
    const height = spentBy && heightOfTx(state, spentBy)
    if (height !== undefined && state.height - height >= BURIED_DEPTH) coins.delete(key)
  }
  return coins.size === state.coins.size ? state : { ...state, coins }
}
