import { displayTxid, txidOf } from '../../bitcoin/transaction.ts'
import { type BitcoindWallet, RPC_WALLET_NOT_FOUND } from '../../chain/bitcoind/bitcoind-wallet.ts'
import type { RpcError } from '../../chain/bitcoind/rpc-client.ts'
import type { ChainTip } from '../../chain/chain-backend.ts'
import { outpointKey } from '../../chain/outpoint-key.ts'
import type { ChainWatcher } from '../../chain/watcher.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import { FailureError, stackOf } from '../../lib/errors.ts'
import type { OutPoint } from '../../lib/ids.ts'
import type { Result } from '../../lib/result.ts'
import { KEY_CHAINS } from '../../wallet/keys.ts'
import type { NodeLog } from '../node-log.ts'
import { chainsIn, limitKeys, nextIndexes } from './bitcoind-keys.ts'
import type { OpenedWallet } from './open-wallet.ts'

export interface SharedWalletOptions extends OpenedWallet {
  readonly bitcoind: BitcoindWallet
  readonly watcher: Pick<ChainWatcher, 'watchBlocks' | 'position'>
  readonly tip: () => ChainTip
  readonly clock: Clock
  readonly log: NodeLog
}

/** What the operator does with the same coins in bitcoind is noticed within this time, and before the node spends by choice. */
const LOOK_MS = 2_000
/** On one look. What is left is taken on the next. */
const MOST_ADDRESSES = 1_000

const ADDRESS = { p2wpkh: 'bech32', p2tr: 'bech32m' } as const

/**
 * Keeps the node's wallet and a wallet of bitcoind with the same keys in step. Each address that the node gives out is taken in bitcoind,
 * too, so that bitcoind gives it to nobody else and notices what it is paid; coins that the node sets aside are locked in bitcoind, and those
 * that somebody else has locked there are left alone as if they were frozen; and what bitcoind's wallet spends or is paid is told to the
 * node's before it is in a block. All of it follows from what both know now: a look that
 * fails loses nothing, and the next one does its work.
 */
export class SharedWallet {
  readonly #options: SharedWalletOptions
  /** What bitcoind was told to leave alone. */
  readonly #locked = new Map<string, OutPoint>()
  /** What it may have been told before the start. */
  readonly #lockedBefore = new Map<string, OutPoint>()
  #hasImported = false
  /** Grows when a block is undone. */
  #undone = 0
  #looking: Promise<void> | undefined
  /** Something has changed while a look was under way. */
  #again = false
  #isStarted = false
  #cancel: CancelTimer = () => {}
  #isStopped = false
  #problem: RpcError | undefined

  constructor(options: SharedWalletOptions) {
    this.#options = options
    for (const outpoint of options.wallet.spokenFor()) this.#lockedBefore.set(outpointKey(outpoint), outpoint)
    options.watcher.watchBlocks((event) => {
      if (event.type === 'disconnected') this.#undone += 1
    })
    options.onSaved(() => {
      if (this.#isStarted && !this.#isStopped) void this.look()
    })
  }

  /** Once the chain is followed. Coins that bitcoind's wallet has from before are known when it returns, if bitcoind answers. */
  async start(): Promise<void> {
    this.#isStarted = true
    this.#options.log.info('wallet.in-bitcoind', { wallet: this.#options.bitcoind.name })
    await this.look()
    const again = (): void => {
      if (this.#isStopped) return
      this.#cancel = this.#options.clock.setTimer(LOOK_MS, () => void this.look().then(again))
    }
    again()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel()
    // Questions that bitcoind does not answer end here, too.
    this.#options.bitcoind.close()
    await this.#looking
  }

  /** Brings both in step: settles when all that is known now is told, or bitcoind does not answer. */
  look(): Promise<void> {
    this.#again = true
    this.#looking ??= this.#lookAgain().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  /** What is wrong between the node and bitcoind's wallet, and what to do. */
  warnings(): readonly string[] {
    const problem = this.#problem
    if (problem === undefined) return []
    const { name } = this.#options.bitcoind
    const why = problem.code === 'bitcoind-error' ? problem.message : problem.code
    const isUnloaded = problem.code === 'bitcoind-error' && problem.rpcCode === RPC_WALLET_NOT_FOUND
    const fix = isUnloaded ? `bitcoin-cli loadwallet "${name}" true` : 'see to bitcoind'
    return [
      `bitcoind's wallet ${name} does not answer (${why}): what you spend there is not seen before it is in a block. To do: ${fix}`,
    ]
  }

  async #lookAgain(): Promise<void> {
    // What a look changes in the wallet asks for another.
    while (this.#again && !this.#isStopped) {
      this.#again = false
      await this.#look()
      if (this.#problem !== undefined) return
    }
  }

  async #look(): Promise<void> {
    const { log } = this.#options
    try {
      await this.#takeAddresses()
      if (!this.#hasImported) await this.#importCoins()
      await this.#followUnconfirmed()
      await this.#lockCoins()
      if (this.#problem !== undefined) log.info('wallet.bitcoind-answers')
      this.#problem = undefined
    } catch (error) {
      if (!(error instanceof UnansweredError)) {
        log.error('wallet.bitcoind-failed', { error: stackOf(error) })
        return
      }
      const { failure } = error
      if (this.#problem === undefined) {
        log.warn('wallet.bitcoind-problem', {
          code: failure.code,
          ...(failure.code === 'bitcoind-error' && { method: failure.method, message: failure.message }),
        })
      }
      this.#problem = failure
    }
  }

  /** Neither gives out an address that the other has given out, and bitcoind's range grows with what the node gives out. */
  async #takeAddresses(): Promise<void> {
    const { bitcoind, wallet, keys } = this.#options
    const shown = must(await bitcoind.descriptors())
    const theirs = chainsIn(keys, shown)
    wallet.skipTo(nextIndexes(keys, shown))
    const ours = wallet.next()
    let taken = 0
    for (const { type, branch } of KEY_CHAINS) {
      const { next, use } = theirs[type][branch] ?? {}
      // What is no longer in use gives out no address: its range grows with what is paid to it.
      if (next === undefined || use !== branch) continue
      for (let index = next; index < ours[type][branch] && taken < MOST_ADDRESSES; index++, taken++) {
        must(await bitcoind.takeAddress(ADDRESS[type], branch))
      }
    }
    limitKeys(keys, taken > 0 ? must(await bitcoind.descriptors()) : shown)
  }

  /** Coins from before the node followed the chain: of each the transaction that made it, in the order of the blocks. */
  async #importCoins(): Promise<void> {
    const { bitcoind, wallet, watcher } = this.#options
    const handled = watcher.position()?.height
    // Blocks are being undone, or those since the last start are not handled yet: the next look will do.
    if (handled === undefined) return
    const known = new Set(wallet.coins().map(({ outpoint }) => outpointKey(outpoint)))
    const held = [...must(await bitcoind.unspent()), ...must(await bitcoind.locked())]
    const missing = held.filter((outpoint) => !known.has(outpointKey(outpoint)))
    const txids = new Map(missing.map(({ txid }) => [displayTxid(txid), txid]))
    const undone = this.#undone
    const found = []
    for (const txid of txids.values()) {
      const of = must(await bitcoind.transaction(txid))
      // What is in a block that was not handled yet comes with it.
      if (of?.block !== undefined && of.block.height <= handled) found.push({ tx: of.tx, ...of.block })
    }
    // A block that was undone meanwhile may have been one of these.
    if (undone !== this.#undone) return
    for (const { tx, height, time } of found.sort((a, b) => a.height - b.height)) {
      wallet.scanBlock({ height, txs: [tx], txids: [txidOf(tx)], header: { time } })
    }
    this.#hasImported = true
  }

  /** What is in bitcoind's mempool, and what the node knows from there and can no longer happen. */
  async #followUnconfirmed(): Promise<void> {
    const { bitcoind, wallet, tip } = this.#options
    for (const txid of must(await bitcoind.unconfirmed(tip().hash))) {
      if (wallet.transaction(txid) !== undefined) continue
      const of = must(await bitcoind.transaction(txid))
      if (of?.isInMempool === true) wallet.processTx(of.tx)
    }
    for (const { txid, tx } of wallet.pendingElsewhere()) {
      const of = must(await bitcoind.transaction(txid))
      if (of === undefined || of.isGone) wallet.forget(tx)
    }
  }

  async #lockCoins(): Promise<void> {
    const { bitcoind, wallet } = this.#options
    const wanted = new Map(wallet.spokenFor().map((outpoint) => [outpointKey(outpoint), outpoint]))
    for (const [key, outpoint] of wanted) {
      if (this.#locked.has(key)) continue
      must(await bitcoind.setLocked(outpoint, true))
      this.#locked.set(key, outpoint)
    }
    for (const locked of [this.#locked, this.#lockedBefore]) {
      for (const [key, outpoint] of locked) {
        if (!wanted.has(key)) must(await bitcoind.setLocked(outpoint, false))
        if (!wanted.has(key) || locked === this.#lockedBefore) locked.delete(key)
      }
    }
    const theirs = must(await bitcoind.locked()).filter((outpoint) => !this.#locked.has(outpointKey(outpoint)))
    wallet.keepElsewhere(theirs)
  }
}

/** bitcoind's wallet has no answer now. */
class UnansweredError extends FailureError<RpcError> {}

const must = <T>(reply: Result<T, RpcError>): T => {
  if (reply.ok) return reply.value
  throw new UnansweredError(reply.error)
}
