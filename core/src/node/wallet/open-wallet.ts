import type { Network } from '../../bitcoin/network.ts'
import { displayTxid } from '../../bitcoin/transaction.ts'
import type { BitcoindWallet } from '../../chain/bitcoind/bitcoind-wallet.ts'
import type { ChainWatcher } from '../../chain/watcher.ts'
import type { Clock } from '../../lib/clock.ts'
import { FailureError } from '../../lib/errors.ts'
import { pacer } from '../../lib/pace.ts'
import type { Rng } from '../../lib/rng.ts'
import type { Sat } from '../../lib/units.ts'
import type { Store } from '../../store/store.ts'
import { builtInWallet } from '../../wallet/built-in-wallet.ts'
import { seedChains, type WalletKeys, walletKeys } from '../../wallet/keys.ts'
import { StateReader, scriptRows } from '../../wallet/rows.ts'
import type { DroppedTx, Wallet } from '../../wallet/wallet.ts'
import { purposeOf, type WalletTx } from '../../wallet/wallet-tx.ts'
import type { Broadcaster } from '../chain/broadcaster.ts'
import type { EventLog } from '../events/event-log.ts'
import type { KeyTree } from '../keys/key-tree.ts'
import { TABLE } from '../storage/tables.ts'
import { mustBeBuiltIn, openBitcoindKeys } from './bitcoind-keys.ts'

export interface OpenWalletOptions {
  readonly store: Store
  readonly keys: KeyTree
  /** The wallet of bitcoind whose keys are used instead of those of the seed. */
  readonly bitcoind?: BitcoindWallet | undefined
  readonly network: Network
  readonly clock: Clock
  readonly rng: Rng
  readonly watcher: ChainWatcher
  readonly broadcaster: Broadcaster
  readonly events: EventLog
  /** What sends and openings must leave in the wallet, with this many channels more than there are. */
  readonly anchorReserve: (moreChannels: number) => Sat
}

export interface OpenedWallet {
  readonly wallet: Wallet
  readonly keys: WalletKeys
  /** Has this called after each change. */
  onSaved(handler: () => void): void
}

/** The wallet from the store, following the chain; transactions that it had sent before are sent again. */
export const openWallet = async (options: OpenWalletOptions): Promise<OpenedWallet> => {
  const { store, keys, bitcoind, network, clock, rng, watcher, broadcaster, events, anchorReserve } = options
  const pace = pacer(clock)
  const reader = new StateReader()
  for (const row of await store.scan(TABLE.wallet)) {
    const read = reader.add(row)
    if (!read.ok) throw new FailureError(read.error)
    await pace()
  }
  const { state } = reader
  if (bitcoind === undefined) await mustBeBuiltIn(store)
  const shared = bitcoind && (await openBitcoindKeys({ wallet: bitcoind, network, store, state }))
  const ownKeys = shared?.keys ?? walletKeys(seedChains(keys.root, network))
  for (const { path, script } of reader.scripts) ownKeys.remember(path, script)
  await ownKeys.prepare(state.next, pace)
  // Rows of a version that did not store them yet.
  const missing = scriptRows(ownKeys, reader.storedUpTo, state.next)
  if (missing.length > 0) store.submit(missing.map((row) => ({ ...row, table: TABLE.wallet })))
  let saved = (): void => {}
  const wallet = builtInWallet({
    keys: ownKeys,
    network,
    clock,
    rng,
    state,
    anchorReserve,
    save: (rows, changed, dropped) => {
      store.submit(rows.map(({ key, value }) => ({ table: TABLE.wallet, key, value })))
      report(changed)
      for (const each of dropped) reportDropped(each)
      saved()
    },
  })

  // Blocks that are looked at again after a restart undo confirmations for a moment: that is not reported.
  let rescanningTo: number | undefined
  // Reported once when a transaction appears and once more when it is in a block.
  const told = new Map<string, number | undefined>()
  for (const { txid, height } of wallet.transactions()) told.set(displayTxid(txid), height)
  const report = (changed: readonly WalletTx[]): void => {
    if (rescanningTo !== undefined) return
    for (const tx of changed) {
      const txid = displayTxid(tx.txid)
      if (told.has(txid) && told.get(txid) === tx.height) continue
      told.set(txid, tx.height)
      events.append('wallet.transaction', describe(txid, tx))
    }
  }

  /** Dropped while blocks are looked at again: most are back at the end. */
  let lostMeanwhile: DroppedTx[] = []
  const reportDropped = ({ record, by }: DroppedTx): void => {
    if (rescanningTo !== undefined) {
      lostMeanwhile.push({ record, ...(by === undefined ? {} : { by }) })
      return
    }
    const txid = displayTxid(record.txid)
    if (wallet.transaction(record.txid) !== undefined || !told.delete(txid)) return
    // Whoever shares the keys may give up what took its place: a payment that was told as dropped must not be made then.
    if (ownKeys.areShared && record.channelId === undefined) broadcaster.withdraw(record.txid)
    const { blockHeight: _, ...what } = describe(txid, record)
    events.append('wallet.transaction-dropped', { ...what, ...(by === undefined ? {} : { by: displayTxid(by) }) })
  }

  const watchedTo = watcher.position()?.height
  const publishPending = (): void => {
    for (const tx of wallet.pending()) broadcaster.publish(tx, 'wallet')
  }
  watcher.watchBlocks((event) => {
    switch (event.type) {
      case 'connected':
        wallet.processBlock(event.block)
        if (rescanningTo !== undefined && event.block.height >= rescanningTo) {
          rescanningTo = undefined
          report(wallet.transactions())
          for (const each of lostMeanwhile) reportDropped(each)
          lostMeanwhile = []
        }
        break
      case 'rewound':
        rescanningTo = watchedTo
        wallet.undoBlocks(event.height + 1)
        break
      case 'disconnected':
        wallet.undoBlocks(event.tip.height)
        // What was deep enough to be left to the chain is in no block any more.
        publishPending()
        break
    }
  })
  publishPending()
  if (shared !== undefined) wallet.skipTo(shared.next)
  return {
    wallet,
    keys: ownKeys,
    onSaved(handler) {
      saved = handler
    },
  }
}

const describe = (txid: string, record: WalletTx) => {
  const { received, spent, fee, label, channelId, height } = record
  return {
    txid,
    receivedSat: received,
    spentSat: spent,
    ...(fee === undefined ? {} : { feeSat: fee }),
    purpose: purposeOf(record),
    ...(channelId === undefined ? {} : { channelId }),
    ...(label === undefined ? {} : { label }),
    ...(height === undefined ? {} : { blockHeight: height }),
  }
}
