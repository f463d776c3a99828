import { displayTxid, type Tx, txidOf } from '../../bitcoin/transaction.ts'
import type { ChainBackend } from '../../chain/chain-backend.ts'
import type { ChainWatcher } from '../../chain/watcher.ts'
import { toHex } from '../../lib/bytes.ts'
import type { TxId } from '../../lib/ids.ts'
import type { NodeLog } from '../node-log.ts'

/** How deep a transaction must be before it is no longer handed in again. */
const SAFE_DEPTH = 6

/** Hands transactions to the network: at once, and again with every block until they are deep enough. */
export class Broadcaster {
  readonly #backend: Pick<ChainBackend, 'broadcast' | 'broadcastPackage'>
  readonly #watcher: Pick<ChainWatcher, 'watchHeight' | 'watchConfirmed'>
  readonly #log: NodeLog
  readonly #waiting = new Map<string, { readonly txs: readonly Tx[]; readonly unwatch: () => void }>()

  constructor(
    backend: Pick<ChainBackend, 'broadcast' | 'broadcastPackage'>,
    watcher: Pick<ChainWatcher, 'watchHeight' | 'watchConfirmed'>,
    log: NodeLog,
  ) {
    this.#backend = backend
    this.#watcher = watcher
    this.#log = log
    watcher.watchHeight(() => {
      for (const { txs } of this.#waiting.values()) void this.#handIn(txs)
    })
  }

  /** Returns the id in displayed form. With parents, the sum of all their fees decides. */
  publish(tx: Tx, purpose: string, parents: readonly Tx[] = []): string {
    const txid = txidOf(tx)
    const key = toHex(txid)
    const known = this.#waiting.get(key)
    // The wallet may have handed it in alone, at the start of the node.
    if (known !== undefined && known.txs.length > parents.length) return displayTxid(txid)
    known?.unwatch()
    this.#log.info('chain.publish', { txid: displayTxid(txid), purpose })
    const unwatch = this.#watcher.watchConfirmed({
      txid,
      minDepth: SAFE_DEPTH,
      handler: (event) => {
        if (event.type === 'confirmed') this.withdraw(txid)
      },
    })
    const txs = [...parents, tx]
    this.#waiting.set(key, { txs, unwatch })
    void this.#handIn(txs)
    return displayTxid(txid)
  }

  /** Another transaction has taken its place: it is not handed in again. */
  withdraw(txid: TxId): void {
    const key = toHex(txid)
    this.#waiting.get(key)?.unwatch()
    this.#waiting.delete(key)
  }

  async #handIn(txs: readonly Tx[]): Promise<void> {
    const [alone, ...others] = txs
    if (alone === undefined) return
    const result = await (others.length === 0 ? this.#backend.broadcast(alone) : this.#backend.broadcastPackage(txs))
    if (result.ok) return
    const reason = result.error.code === 'rejected' ? result.error.reason : result.error.detail
    // A transaction that conflicts with another is refused with every block until the other is deep enough.
    this.#log.debug('chain.broadcast-refused', {
      txid: displayTxid(txidOf(txs.at(-1) as Tx)),
      code: result.error.code,
      reason,
    })
  }
}
