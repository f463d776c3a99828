import { scriptToAddress } from '../bitcoin/address.ts'
import type { Network } from '../bitcoin/network.ts'
import { type Tx, type TxOutput, txidOf } from '../bitcoin/transaction.ts'
import { toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { invariant } from '../lib/errors.ts'
import type { OutPoint } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Rng } from '../lib/rng.ts'
import { buildBump, buildFunding, buildSweep, type Funds } from './build-tx.ts'
import { fewestCoins } from './coin-selection.ts'
import type { AddressType, KeyPath, WalletKeys } from './keys.ts'
import { changedRows, changedTxs, scriptRows } from './rows.ts'
import { signTx } from './sign.ts'
import { applyBlock, applyTx, forgetTx, past, pendingRivals, setReserved, undoBlocks } from './track.ts'
import type { FundedTx, FundRequest, OwnAddress, Wallet, WalletError, WalletRow } from './wallet.ts'
import { balanceOf, type Coin, spendableCoins, type WalletState, type WalletTx } from './wallet-state.ts'

export interface BuiltInWalletOptions {
  readonly keys: WalletKeys
  readonly network: Network
  readonly clock: Pick<Clock, 'now'>
  readonly rng: Rng
  /** What a `StateReader` read, or `EMPTY_WALLET`. */
  readonly state: WalletState
  /** `changed` are the transactions that the rows hold. */
  readonly save: (rows: readonly WalletRow[], changed: readonly WalletTx[]) => void
}

/** The driver: holds the state, and passes on the rows that each call changed. */
export const builtInWallet = (options: BuiltInWalletOptions): Wallet => {
  const { keys, network, clock, rng, save } = options
  let state = options.state

  const change = (after: WalletState): void => {
    if (after === state) return
    const rows = [...changedRows(state, after), ...scriptRows(keys, state.next, after.next)]
    const changed = changedTxs(state, after)
    state = after
    if (rows.length > 0) save(rows, changed)
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
    index: state.next[type][branch],
  })

  const fundsOf = (coins: readonly Coin[]): Funds & { readonly changePath: KeyPath } => {
    const changePath = freshPath('p2tr', 'change')
    return {
      candidates: coins.map((coin) => ({ coin, script: keys.script(coin.path) })),
      changeScript: keys.script(changePath),
      changePath,
    }
  }
  /**
   * The last check before anything is reserved or signed: the current coins and rates count, not those of an estimate. Many small coins may
   * fit an amount exactly and cost more than few: then the few are taken.
   */
  const buildWithin = (
    request: FundRequest,
    build: (coins: readonly Coin[]) => Result<FundedTx, WalletError>,
  ): Result<FundedTx, WalletError> => {
    const coins = spendableCoins(state)
    const { outputs, feeratePerKw, maxFee: limit } = request
    const built = build(coins)
    if (limit === undefined || !built.ok || built.value.fee <= limit) return built
    const fewest = outputs.length === 0 ? undefined : fewestCoins(coins, outputs, feeratePerKw)
    const again = fewest === undefined ? built : build(fewest.coins)
    if (!again.ok || again.value.fee <= limit) return again
    return err({ code: 'fee-limit-exceeded', fee: again.value.fee, limit })
  }
  // Reserves the inputs and marks the change key as used, in one write.
  const keep = (funded: FundedTx, changePath: KeyPath): FundedTx => {
    const reserved = setReserved(
      state,
      funded.tx.inputs.map(({ outpoint }) => outpoint),
      true,
    )
    change(funded.changeOutput === undefined ? reserved : { ...reserved, next: past(state.next, changePath) })
    return funded
  }
  const sign = ({ tx, prevouts }: { readonly tx: Tx; readonly prevouts: readonly TxOutput[] }): Tx =>
    signTx({ tx, prevouts, pathOf: (script) => keys.find(script, state.next), keys, rng })

  const processTx = (tx: Tx, label?: string): void => {
    const seen = { tx, txid: txidOf(tx), now: clock.now(), ...(label !== undefined && { label }) }
    change(applyTx(state, keys, seen))
  }

  return {
    balance: () => balanceOf(state),
    newAddress(type = 'p2tr') {
      const path = freshPath(type, 'receive')
      change({ ...state, next: past(state.next, path) })
      return own(path)
    },
    owns: (script) => keys.find(script, state.next) !== undefined,
    coins: () =>
      [...state.coins.values()]
        .filter(({ spentBy }) => spentBy === undefined)
        .map((coin) => ({ ...coin, ...own(coin.path) })),
    transactions: () => [...state.txs.values()].sort(newestFirst),
    transaction: (txid) => state.txs.get(toHex(txid)),
    quote: ({ outputs, feeratePerKw }) => fewestCoins(spendableCoins(state), outputs, feeratePerKw)?.fee,
    fund(request) {
      const changePath = freshPath('p2tr', 'change')
      const funded = buildWithin(request, (coins) => buildFunding(request, fundsOf(coins)))
      return funded.ok ? ok(keep(funded.value, changePath)) : funded
    },
    send({ script, amount, feeratePerKw, label, maxFee }): Result<{ tx: Tx; fee: bigint }, WalletError> {
      const changePath = freshPath('p2tr', 'change')
      // Only the next block may include it, so that nobody gains by mining this one again.
      const lockTime = state.height
      const outputs = amount === 'all' ? [] : [{ amount, script }]
      const request = { outputs, feeratePerKw, lockTime, ...(maxFee === undefined ? {} : { maxFee }) }
      const built = buildWithin(request, (coins) =>
        amount === 'all'
          ? buildSweep(script, feeratePerKw, lockTime, fundsOf(coins).candidates)
          : buildFunding(request, fundsOf(coins)),
      )
      if (!built.ok) return built
      const tx = sign(keep(built.value, changePath))
      processTx(tx, label)
      return ok({ tx, fee: built.value.fee })
    },
    bump(request) {
      // BIP 125: a replacement must not bring in unconfirmed inputs. It may use the coins of what it replaces.
      const without = pendingRivals(state, request.tx.inputs).reduce(forgetTx, state)
      const confirmed = spendableCoins(without).filter(({ height }) => height !== undefined)
      const { changePath, ...funds } = fundsOf(confirmed)
      const funded = buildBump(request, funds)
      return funded.ok ? ok(keep(funded.value, changePath)) : funded
    },
    sign,
    reserve: (outpoints: readonly OutPoint[]) => change(setReserved(state, outpoints, true)),
    release: (outpoints: readonly OutPoint[]) => change(setReserved(state, outpoints, false)),
    processTx,
    processBlock: ({ height, txs, txids }) => change(applyBlock(state, keys, { height, txs, txids, now: clock.now() })),
    undoBlocks: (fromHeight) => change(undoBlocks(state, fromHeight)),
    forget: (tx) => change(forgetTx(state, txidOf(tx))),
    pending() {
      const waiting = new Map(
        [...state.txs.values()]
          .filter(({ height, spent }) => height === undefined && spent > 0n)
          .map((record) => [toHex(record.txid), record.tx]),
      )
      const ordered = new Set<Tx>()
      const visit = (tx: Tx): void => {
        for (const { outpoint } of tx.inputs) {
          const parent = waiting.get(toHex(outpoint.txid))
          if (parent !== undefined) visit(parent)
        }
        ordered.add(tx)
      }
      for (const tx of waiting.values()) visit(tx)
      return [...ordered]
    },
  }
}

const newestFirst = (a: WalletTx, b: WalletTx): number =>
  b.seenAt - a.seenAt || Number(b.height ?? Infinity) - Number(a.height ?? Infinity) || 0
