import { equalBytes } from '../lib/bytes.ts'
import { FailureError } from '../lib/errors.ts'
import type { TxId } from '../lib/ids.ts'
import type { ChainBackend } from './chain-backend.ts'
import type { SpentEntry, WatchEntry } from './watch-table.ts'

export interface MempoolLookerOptions {
  readonly backend: ChainBackend
  readonly entries: () => Iterable<WatchEntry>
  readonly isFailed: () => boolean
  readonly fail: (error: unknown) => void
}

/** Tells watches what has come into the mempool, or left it, whenever it is called; one look at a time. */
export const mempoolLooker = ({ backend, entries, isFailed, fail }: MempoolLookerOptions): (() => void) => {
  let isLooking = false
  let isNew = false

  const look = async (): Promise<void> => {
    const asked: SpentEntry[] = []
    for (const entry of entries()) {
      if (entry.type === 'spent' && entry.inMempool !== undefined && entry.found === undefined) asked.push(entry)
    }
    if (asked.length === 0) return
    const spenders = await backend.mempoolSpenders(asked.map(({ outpoint }) => outpoint))
    for (const [i, entry] of asked.entries()) {
      const spender = spenders[i]
      if (spender === undefined ? entry.waiting === undefined : isSame(entry.waiting, spender)) continue
      // If the transaction left the mempool for a block, that block reports it.
      if (spender === undefined && (await backend.getUtxo(entry.outpoint)) === undefined) continue
      if (entry.found !== undefined) continue
      entry.waiting = spender
      entry.inMempool?.(spender)
    }
  }

  const lookAgain = async (): Promise<void> => {
    try {
      while (isNew && !isFailed()) {
        isNew = false
        await look()
      }
    } catch (error) {
      // The health of a backend shows that it does not answer, and there is another look soon.
      if (!(error instanceof FailureError)) fail(error)
    } finally {
      isLooking = false
    }
  }

  return () => {
    isNew = true
    if (isLooking || isFailed()) return
    isLooking = true
    void lookAgain()
  }
}

const isSame = (a: TxId | undefined, b: TxId): boolean => a !== undefined && equalBytes(a, b)
