import { outpointKey } from '../chain/outpoint-key.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import type { OutPoint, TxId } from '../lib/ids.ts'
import { type Changes, changesBetween, sortedMap } from '../lib/sorted-map.ts'
import type { WalletTx } from './wallet-tx.ts'

/** The transactions of a wallet, by their ids in hexadecimal. A value, as `Coins` are: a change costs the same however long the history. */
export class WalletTxs {
  #all = sortedMap<string, WalletTx>()
  #pending = sortedMap<string, WalletTx>()
  #spenders = sortedMap<string, readonly TxId[]>()

  static of(records: Iterable<WalletTx>): WalletTxs {
    const made = new WalletTxs()
    for (const record of records) made.#put(record)
    return made
  }

  get size(): number {
    return this.#all.size
  }

  get(id: string): WalletTx | undefined {
    return this.#all.get(id)
  }

  has(id: string): boolean {
    return this.#all.has(id)
  }

  values(): Iterable<WalletTx> {
    return this.#all.values()
  }

  /** Those in no block. */
  pending(): Iterable<WalletTx> {
    return this.#pending.values()
  }

  /** Those that spend the output; more than one only if it is none of ours. */
  spendersOf(outpoint: OutPoint): readonly TxId[] {
    return this.#spenders.get(outpointKey(outpoint)) ?? []
  }

  with(record: WalletTx): WalletTxs {
    const made = this.#clone()
    made.#put(record)
    return made
  }

  without({ txid, tx }: WalletTx): WalletTxs {
    const made = this.#clone()
    const id = toHex(txid)
    made.#all.delete(id)
    made.#pending.delete(id)
    for (const { outpoint } of tx.inputs) {
      const others = made.spendersOf(outpoint).filter((other) => !equalBytes(other, txid))
      if (others.length > 0) made.#spenders.set(outpointKey(outpoint), others)
      else made.#spenders.delete(outpointKey(outpoint))
    }
    return made
  }

  changesSince(before: WalletTxs): Changes<WalletTx> {
    return changesBetween(before.#all, this.#all)
  }

  #clone(): WalletTxs {
    const made = new WalletTxs()
    made.#all = this.#all.clone()
    made.#pending = this.#pending.clone()
    made.#spenders = this.#spenders.clone()
    return made
  }

  #put(record: WalletTx): void {
    const id = toHex(record.txid)
    if (!this.#all.has(id)) {
      for (const { outpoint } of record.tx.inputs) {
        this.#spenders.set(outpointKey(outpoint), [...this.spendersOf(outpoint), record.txid])
      }
    }
    this.#all.set(id, record)
    if (record.height === undefined) this.#pending.set(id, record)
    else this.#pending.delete(id)
  }
}
