import type { Tx } from '../bitcoin/transaction.ts'
import { toHex } from '../lib/bytes.ts'
import type { TxId } from '../lib/ids.ts'
import type { BlockHeight } from '../lib/units.ts'
import type { ChainBlock } from './chain-backend.ts'
import { outpointKey } from './outpoint-key.ts'
import type { ConfirmedWatch, SpentWatch } from './watch.ts'

/** Where in the chain a watched thing happened. */
export interface Found {
  readonly tx: Tx
  readonly txid: TxId
  readonly txIndex: number
  readonly height: BlockHeight
}

/** What the owner of a watch knew before this watch was made. */
interface Known {
  readonly txid: TxId
  readonly height: BlockHeight
}

export interface ConfirmedEntry extends Omit<ConfirmedWatch, 'known'> {
  readonly type: 'confirmed'
  /** Until it is undone, or found in a block. */
  known: Known | undefined
  found: Found | undefined
  isReported: boolean
}

export interface SpentEntry extends Omit<SpentWatch, 'known'> {
  readonly type: 'spent'
  known: Known | undefined
  found: Found | undefined
  /** What was last told of the mempool. */
  waiting: TxId | undefined
}

export type WatchEntry = ConfirmedEntry | SpentEntry

export const newEntry = {
  confirmed: ({ known: height, ...watch }: ConfirmedWatch): ConfirmedEntry => ({
    ...watch,
    type: 'confirmed',
    known: height === undefined ? undefined : { txid: watch.txid, height },
    found: undefined,
    isReported: height !== undefined,
  }),
  spent: ({ known, ...watch }: SpentWatch): SpentEntry => ({
    ...watch,
    type: 'spent',
    known,
    found: undefined,
    waiting: undefined,
  }),
}

/** Watches by what they wait for. */
export class WatchTable {
  readonly #byTxid = new Map<string, Set<ConfirmedEntry>>()
  readonly #byOutpoint = new Map<string, Set<SpentEntry>>()

  add(entry: WatchEntry): void {
    if (entry.type === 'confirmed') addTo(this.#byTxid, toHex(entry.txid), entry)
    else addTo(this.#byOutpoint, outpointKey(entry.outpoint), entry)
  }

  delete(entry: WatchEntry): void {
    if (entry.type === 'confirmed') deleteFrom(this.#byTxid, toHex(entry.txid), entry)
    else deleteFrom(this.#byOutpoint, outpointKey(entry.outpoint), entry)
  }

  foundAt(txid: TxId): BlockHeight | undefined {
    for (const { found } of this.#byTxid.get(toHex(txid)) ?? []) if (found !== undefined) return found.height
    return undefined
  }

  *all(): Generator<WatchEntry> {
    for (const entries of this.#byTxid.values()) yield* entries
    for (const entries of this.#byOutpoint.values()) yield* entries
  }

  /** What a block holds of what is waited for, in the order of its transactions. */
  *matches({ txs, txids, height }: ChainBlock): Generator<{ readonly entry: WatchEntry; readonly found: Found }> {
    for (const [txIndex, tx] of txs.entries()) {
      const txid = txids[txIndex] as TxId
      const found = { tx, txid, txIndex, height }
      if (this.#byOutpoint.size > 0) {
        for (const { outpoint } of tx.inputs) {
          for (const entry of this.#byOutpoint.get(outpointKey(outpoint)) ?? []) yield { entry, found }
        }
      }
      if (this.#byTxid.size > 0) for (const entry of this.#byTxid.get(toHex(txid)) ?? []) yield { entry, found }
    }
  }
}

const addTo = <T>(map: Map<string, Set<T>>, key: string, entry: T): void => {
  const entries = map.get(key)
  if (entries === undefined) map.set(key, new Set([entry]))
  else entries.add(entry)
}

const deleteFrom = <T>(map: Map<string, Set<T>>, key: string, entry: T): void => {
  const entries = map.get(key)
  entries?.delete(entry)
  if (entries?.size === 0) map.delete(key)
}
