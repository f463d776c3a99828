import { addressToScript, scriptToAddress } from '../bitcoin/address.ts'
import type { Network } from '../bitcoin/network.ts'
import { type Tx, type TxOutput, txidOf } from '../bitcoin/transaction.ts'
import { outpointKey } from '../chain/outpoint-key.ts'
import { toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { invariant } from '../lib/errors.ts'
import type { OutPoint, TxId } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Rng } from '../lib/rng.ts'
import type { Sat } from '../lib/units.ts'
import { buildBump, buildFunding, buildSweep, type Funds } from './build-tx.ts'
import { type Asker, type Coin, isKept } from './coin.ts'
import { type CoinPool, coinsOf, confirmedOf, poolOf } from './coin-pool.ts'
import { fewestCoins } from './coin-selection.ts'
import { walletDescriptors } from './descriptors.ts'
import { droppedTx } from './dropped-tx.ts'
import { childOf, replacementOf } from './fee-bump.ts'
import { type AddressType, KEY_CHAINS, type KeyPath, pathName, perChain, type WalletKeys } from './keys.ts'
import { type Label, labelOf, withLabel } from './labels.ts'
import { parentsFirst } from './parents-first.ts'
import { changedRows, scriptRows } from './rows.ts'
import { signTx } from './sign.ts'
import {
  applyBlock,
  applyTx,
  forgetTx,
  past,
  pendingRivals,
  scanBlock,
  setFrozen,
  setReserved,
  undoBlocks,
} from './track.ts'
import type {
  DroppedTx,
  FeeBumpError,
  FundedTx,
  FundRequest,
  LabelledAddress,
  OwnAddress,
  SendAllError,
  SendAllRequest,
  SentTx,
  Wallet,
  WalletError,
  WalletRow,
} from './wallet.ts'
import {
  balanceOf,
  coinProblem,
  frozenCoins,
  spendableAmount,
  spendableIn,
  spendablePool,
  type WalletState,
} from './wallet-state.ts'
import type { TxOrigin, WalletTx } from './wallet-tx.ts'

export interface BuiltInWalletOptions {
  readonly keys: WalletKeys
  readonly network: Network
  readonly clock: Pick<Clock, 'now'>
  readonly rng: Rng
  /** What a `StateReader` read, or `EMPTY_WALLET`. */
  readonly state: WalletState
  /** `changed` are the transactions that the rows hold, `dropped` those that they take away. */
  readonly save: (rows: readonly WalletRow[], changed: readonly WalletTx[], dropped: readonly DroppedTx[]) => void
  /** What sends and openings must leave for the anchors of channels, this many more than there are. Nothing if absent. */
  readonly anchorReserve?: (moreChannels: number) => Sat
}

/** The driver: holds the state, and passes on the rows that each call changed. */
export const builtInWallet = (options: BuiltInWalletOptions): Wallet => {
  const { keys, network, clock, rng, save, anchorReserve = () => 0n } = options
  let state = options.state
  let scanning = false
  /** What whoever shares the keys wants left alone. */
  let kept: ReadonlySet<string> = new Set()

  /** `seen` are the transactions that made the change: what is dropped had to make way for one of them. */
  const change = (after: WalletState, seen: readonly Tx[] = []): void => {
    if (after === state) return
    const rows = [...changedRows(state, after), ...scriptRows(keys, state.next, after.next)]
    const { changed, gone } = after.txs.changesSince(state.txs)
    const dropped = gone.map((record) => droppedTx(record, seen))
    state = after
    if (rows.length > 0) save(rows, changed, dropped)
  }

  const own = (path: KeyPath): OwnAddress => {
    const script = keys.script(path)
    const address = scriptToAddress(script, network)
    invariant(address !== undefined, 'a script of ours has an address')
    return { address, script }
  }
  const freshPath = (type: AddressType, branch: KeyPath['branch']): KeyPath => ({
    type,
    branch,
    index: Math.min(state.next[type][branch], keys.lastIndex({ type, branch })),
  })

  const labelled = (path: KeyPath): LabelledAddress => {
    const label = state.addressLabels.get(pathName(path))
    return { ...own(path), path, ...(label === undefined ? {} : { label: label.text }) }
  }

  const pathOfAddress = (address: string): KeyPath | undefined => {
    const script = addressToScript(address, network)
    return script.ok ? keys.find(script.value, state.next) : undefined
  }

  /** What may be labelled, and whose words it has. */
  const labelOfAddress = (address: string): { readonly path: KeyPath; readonly by: Asker | undefined } | undefined => {
    const path = pathOfAddress(address)
    return path && { path, by: state.addressLabels.get(pathName(path))?.by }
  }
  const labelOfTx = (txid: TxId): { readonly record: WalletTx; readonly by: Asker | undefined } | undefined => {
    const record = state.txs.get(toHex(txid))
    return record && { record, by: record.label === undefined ? undefined : (record.labelledBy ?? 'operator') }
  }

  const changePath = (): KeyPath => freshPath('p2tr', 'change')
  const fundsOf = (pool: CoinPool, preset: readonly Coin[] = []): Funds => ({
    preset,
    pool,
    scriptOf: ({ path }) => keys.script(path),
    changeScript: keys.script(changePath()),
  })
  /** Those that were asked for, if all of them can be spent. */
  const chosenCoins = (outpoints: readonly OutPoint[]): Result<readonly Coin[], WalletError> => {
    const chosen = new Map<string, Coin>()
    for (const outpoint of outpoints) {
      const coin = state.coins.get(outpointKey(outpoint))
      const reason = coinProblem(state, coin)
      if (reason !== undefined) return err({ code: 'coin-unavailable', outpoint, reason })
      if (coin !== undefined) chosen.set(outpointKey(outpoint), coin)
    }
    return ok([...chosen.values()])
  }
  /** What can still be spent after a transaction, its change included. */
  const leftAfter = ({ tx, changeOutput }: FundedTx, before: WalletState): Sat => {
    const isSpendable = spendableIn(before)
    const spent = tx.inputs.flatMap(({ outpoint }) => before.coins.get(outpointKey(outpoint)) ?? []).filter(isSpendable)
    const changed = changeOutput === undefined ? 0n : (tx.outputs[changeOutput]?.amount ?? 0n)
    return spent.reduce((sum, { amount }) => sum - amount, spendableAmount(before) + changed)
  }
  const belowReserve = (funded: FundedTx, before: WalletState, moreChannels = 0): WalletError | undefined => {
    const [reserve, left] = [anchorReserve(moreChannels), leftAfter(funded, before)]
    return left < reserve ? { code: 'anchor-reserve', reserve, left } : undefined
  }
  const overLimit = (fee: Sat, limit: Sat | undefined): WalletError | undefined =>
    limit === undefined || fee <= limit ? undefined : { code: 'fee-limit-exceeded', fee, limit }

  /**
   * The last check before anything is reserved or signed: the current coins and rates count, not those of an estimate. Many small coins may
   * fit an amount exactly and cost more than few: then the few are taken.
   */
  const build = (request: FundRequest): Result<FundedTx, WalletError> => {
    if (scanning) return err({ code: 'rescan-under-way' })
    const { outputs, feeratePerKw, maxFee, coins, moreChannels = 0 } = request
    const preset = coins === undefined ? undefined : chosenCoins(coins)
    if (preset?.ok === false) return preset
    const all = preset === undefined ? spendablePool(state) : []
    const funded = (pool: CoinPool) => buildFunding(request, fundsOf(pool, preset?.value))
    let built = funded(all)
    if (built.ok && overLimit(built.value.fee, maxFee) !== undefined && preset === undefined) {
      const fewest = fewestCoins(all, outputs, feeratePerKw)
      if (fewest !== undefined) built = funded(poolOf(fewest.coins))
    }
    if (!built.ok) return built
    const over = overLimit(built.value.fee, maxFee)
    if (over !== undefined) return err(over)
    const below = belowReserve(built.value, state, moreChannels)
    return below === undefined ? built : err(below)
  }
  const buildAll = (request: SendAllRequest): Result<FundedTx, SendAllError> => {
    if (scanning) return err({ code: 'rescan-under-way' })
    const chosen = request.coins === undefined ? ok([...coinsOf(spendablePool(state))]) : chosenCoins(request.coins)
    if (!chosen.ok) return chosen
    const others = chosen.value.reduce((sum, { amount }) => sum - amount, spendableAmount(state))
    const reserve = anchorReserve(0)
    const kept = reserve > others ? reserve - others : 0n
    const { script, feeratePerKw, maxFee, maxAmount } = request
    const built = buildSweep({ script, feeratePerKw, lockTime: state.height, kept }, chosen.value, fundsOf([]))
    if (!built.ok) return built
    const amount = built.value.tx.outputs[0]?.amount ?? 0n
    if (maxAmount !== undefined && amount > maxAmount) {
      return err({ code: 'amount-limit-exceeded', amount, limit: maxAmount })
    }
    const over = overLimit(built.value.fee, maxFee)
    return over === undefined ? built : err(over)
  }
  // Who has set a coin aside last. What was set aside before the start is nobody else's: see `releaseForgotten`.
  const holders = new Map<string, string>()
  // Reserves the inputs and marks the change key as used, in one write.
  const keep = (funded: FundedTx): FundedTx => {
    const path = changePath()
    const txid = toHex(txidOf(funded.tx))
    for (const key of holders.keys()) if (!state.coins.has(key)) holders.delete(key)
    for (const { outpoint } of funded.tx.inputs) holders.set(outpointKey(outpoint), txid)
    const reserved = setReserved(
      state,
      funded.tx.inputs.map(({ outpoint }) => outpoint),
      true,
    )
    change(funded.changeOutput === undefined ? reserved : { ...reserved, next: past(state.next, path) })
    return funded
  }
  const sign = ({ tx, prevouts }: { readonly tx: Tx; readonly prevouts: readonly TxOutput[] }): Tx =>
    signTx({ tx, prevouts, pathOf: (script) => keys.find(script, state.next), keys, rng })

  const processTx = (tx: Tx, origin?: TxOrigin): void => {
    const seen = { tx, txid: txidOf(tx), now: clock.now(), ...(origin !== undefined && { origin }) }
    change(applyTx(state, keys, seen), [tx])
  }
  /** Signs and records it: from here on it may be published, and is until it is in a block. */
  const issue = (funded: FundedTx, origin: TxOrigin): SentTx => {
    const tx = sign(keep(funded))
    processTx(tx, origin)
    return { tx, fee: funded.fee }
  }

  return {
    balance: () => balanceOf(state),
    anchorReserve: () => anchorReserve(0),
    newAddress(type = 'p2tr', label, by = 'operator') {
      const path = freshPath(type, 'receive')
      const addressLabels = label === undefined ? state.addressLabels : withLabel(state, path, label, by)
      change({ ...state, next: past(state.next, path), addressLabels })
      return own(path)
    },
    skipTo(next) {
      const after = perChain(({ type, branch }) => Math.max(state.next[type][branch], next[type][branch]))
      const isMore = KEY_CHAINS.some(({ type, branch }) => after[type][branch] > state.next[type][branch])
      if (isMore) change({ ...state, next: after })
    },
    next: () => state.next,
    spokenFor() {
      const isWaiting = (txid: TxId): boolean => {
        const record = state.txs.get(toHex(txid))
        return record !== undefined && record.height === undefined && record.purpose !== undefined
      }
      return [...state.coins.values()]
        .filter(({ reserved, spentBy }) => (spentBy === undefined ? reserved : isWaiting(spentBy)))
        .map(({ outpoint }) => outpoint)
    },
    keepElsewhere(outpoints) {
      const wanted = new Set(outpoints.map(outpointKey))
      const changed = [...kept, ...wanted].flatMap((key) => {
        const coin = state.coins.get(key)
        return coin === undefined || (coin.keptElsewhere === true) === wanted.has(key)
          ? []
          : [{ ...coin, keptElsewhere: wanted.has(key) }]
      })
      kept = wanted
      if (changed.length > 0) change({ ...state, coins: state.coins.with(...changed) })
    },
    pendingElsewhere: () => [...state.txs.pending()].filter(({ purpose }) => purpose === undefined),
    owns: (script) => keys.find(script, state.next) !== undefined,
    addresses: () =>
      (['p2tr', 'p2wpkh'] as const).flatMap((type) =>
        Array.from({ length: state.next[type].receive }, (_, index) => labelled({ type, branch: 'receive', index })),
      ),
    coins: () =>
      [...state.coins.values()]
        .filter(({ spentBy }) => spentBy === undefined)
        .map((coin) => ({ ...coin, ...labelled(coin.path), isKept: isKept(coin) })),
    transactions: () => [...state.txs.values()].sort(newestFirst),
    transaction: (txid) => state.txs.get(toHex(txid)),
    descriptors: () => walletDescriptors(keys, state.next),
    quote({ outputs, feeratePerKw, coins }) {
      if (coins === undefined) return fewestCoins(spendablePool(state), outputs, feeratePerKw)?.fee
      const chosen = chosenCoins(coins)
      const funded = chosen.ok ? buildFunding({ outputs, feeratePerKw }, fundsOf([], chosen.value)) : chosen
      return funded.ok ? funded.value.fee : undefined
    },
    quoteAll(request) {
      const built = buildAll(request)
      return built.ok ? { amount: built.value.tx.outputs[0]?.amount ?? 0n, fee: built.value.fee } : undefined
    },
    checkFunds(request) {
      const built = build(request)
      return built.ok ? undefined : built.error
    },
    fund(request) {
      const built = build(request)
      return built.ok ? ok(keep(keys.areShared ? notReplaceable(built.value) : built.value)) : built
    },
    send({ outputs, ...options }): Result<SentTx, WalletError> {
      // Only the next block may include it, so that nobody gains by mining this one again.
      const built = build({ ...options, outputs, lockTime: state.height })
      return built.ok ? ok(issue(built.value, originOf('send', options))) : built
    },
    sendAll(request): Result<SentTx & { readonly amount: Sat }, SendAllError> {
      const built = buildAll(request)
      if (!built.ok) return built
      const amount = built.value.tx.outputs[0]?.amount ?? 0n
      return ok({ ...issue(built.value, originOf('send-all', request)), amount })
    },
    replace(request): Result<SentTx, FeeBumpError> {
      if (scanning) return err({ code: 'rescan-under-way' })
      const built = replacementOf(state, request, fundsOf)
      if (!built.ok) return built
      const { original, ...funded } = built.value
      const over = overLimit(funded.fee, request.maxFee) ?? belowReserve(funded, forgetTx(state, original.txid))
      if (over !== undefined) return err(over)
      const origin = originOf(original.purpose ?? 'send', { ...original, key: request.key })
      return ok(issue(funded, { ...origin, replaces: original.txid }))
    },
    spendChild(request): Result<SentTx, FeeBumpError> {
      if (scanning) return err({ code: 'rescan-under-way' })
      const built = childOf(state, request, fundsOf)
      if (!built.ok) return built
      const over = overLimit(built.value.fee, request.maxFee) ?? belowReserve(built.value, state)
      if (over !== undefined) return err(over)
      return ok(issue(built.value, originOf('fee-bump', { key: request.key })))
    },
    bump(request) {
      // BIP 125: a replacement must not bring in unconfirmed inputs. It may use the coins of what it replaces.
      const without = pendingRivals(state, request.tx.inputs).reduce(forgetTx, state)
      const confirmed = confirmedOf(spendablePool(without))
      let funded = buildBump(request, fundsOf(confirmed))
      if (!funded.ok) {
        const frozen = frozenCoins(without).filter(({ height }) => height !== undefined)
        if (frozen.length > 0) funded = buildBump(request, fundsOf([...confirmed, ...poolOf(frozen)]))
      }
      return funded.ok ? ok(keep(funded.value)) : funded
    },
    sign,
    reserve: (outpoints: readonly OutPoint[]) => change(setReserved(state, outpoints, true)),
    release(tx) {
      const txid = toHex(txidOf(tx))
      const own = tx.inputs
        .map(({ outpoint }) => outpoint)
        .filter((outpoint) => (holders.get(outpointKey(outpoint)) ?? txid) === txid)
      for (const outpoint of own) holders.delete(outpointKey(outpoint))
      change(setReserved(state, own, false))
    },
    releaseForgotten: (outpoints) => change(setReserved(state, outpoints, false)),
    isDisplaced(tx) {
      const txid = toHex(txidOf(tx))
      return tx.inputs.some(({ outpoint }) => {
        const { spentBy, reserved } = state.coins.get(outpointKey(outpoint)) ?? {}
        const by = spentBy === undefined ? reserved && holders.get(outpointKey(outpoint)) : toHex(spentBy)
        return typeof by === 'string' && by !== txid
      })
    },
    lacksCoinOf: ({ inputs }) => inputs.some(({ outpoint }) => !state.coins.has(outpointKey(outpoint))),
    setFrozen(outpoint, frozen, by) {
      const coin = state.coins.get(outpointKey(outpoint))
      if (coin === undefined || coin.spentBy !== undefined) return err({ code: 'unknown' })
      if (by === 'plugin' && coin.frozen === 'operator')
        return frozen ? ok(undefined) : err({ code: 'kept-by-operator' })
      const frozenBy = frozen ? by : undefined
      if (coin.frozen !== frozenBy) change(setFrozen(state, coin, frozenBy))
      return !frozen && coin.keptElsewhere ? err({ code: 'kept-elsewhere' }) : ok(undefined)
    },
    setLabel(of, label, by) {
      const given = typeof of === 'string' ? labelOfAddress(of) : labelOfTx(of)
      if (given === undefined) return err({ code: 'unknown' })
      if (by === 'plugin' && given.by === 'operator') return err({ code: 'kept-by-operator' })
      if ('path' in given) {
        change({ ...state, addressLabels: withLabel(state, given.path, label, by) })
      } else {
        const { label: _, labelledBy: __, ...bare } = given.record
        const record = { ...bare, ...labelOf({ label, ...(by === 'plugin' && { labelledBy: by }) }) }
        change({ ...state, txs: state.txs.with(record) })
      }
      return ok(undefined)
    },
    processTx,
    processBlock: ({ height, txs, txids }) =>
      change(applyBlock(state, keys, { height, txs, txids, now: clock.now() }), txs),
    scanBlock: ({ height, txs, txids, header }) =>
      change(scanBlock(state, keys, { height, txs, txids, now: header.time * 1_000 }), txs),
    setScanning(isScanning) {
      scanning = isScanning
      if (isScanning) keys.widen()
    },
    undoBlocks: (fromHeight) => change(undoBlocks(state, fromHeight)),
    forget: (tx) => change(forgetTx(state, txidOf(tx))),
    pending: () =>
      parentsFirst(
        [...state.txs.pending()]
          .filter(({ spent }) => spent > 0n)
          // A channel's claims are published, or given up, by whoever raises their fees.
          .filter(({ channelId, purpose }) => channelId === undefined || purpose === FUNDING)
          // Whoever shares the keys publishes what he has made, or gives it up.
          .filter(({ purpose }) => purpose !== undefined || !keys.areShared),
      ).map(({ tx }) => tx),
  }
}

/** The purpose of a transaction that brings a channel into being: a coin of the wallet's that nobody else publishes. */
const FUNDING = 'channel-funding'

// The highest sequence with which the lock time counts: it does not say that a higher fee may replace the transaction (BIP 125).
const NOT_REPLACEABLE = 0xfffffffe

/** A channel names its funding by its id: a wallet that shares the keys must not offer to raise its fee by a replacement. */
const notReplaceable = (funded: FundedTx): FundedTx => {
  const inputs = funded.tx.inputs.map((input) => ({ ...input, sequence: NOT_REPLACEABLE }))
  return { ...funded, tx: { ...funded.tx, inputs } }
}

const newestFirst = (a: WalletTx, b: WalletTx): number =>
  b.seenAt - a.seenAt || Number(b.height ?? Infinity) - Number(a.height ?? Infinity) || 0

const originOf = (purpose: string, { key, ...words }: OptionalWords): TxOrigin => ({
  purpose,
  ...labelOf(words),
  ...(key === undefined ? {} : { key }),
})

interface OptionalWords extends Label {
  readonly key?: string | undefined
}
