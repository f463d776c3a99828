import { equalBytes } from '../lib/bytes.ts'
import type { BlockHeight } from '../lib/units.ts'
import type { WatchHandler } from './watch.ts'
import type { Found, WatchEntry } from './watch-table.ts'

/** Calls a handler with an event; a throw becomes a rejection, so that one place deals with both. */
export const tell = async <E>(handler: WatchHandler<E>, event: E): Promise<void> => handler(event)

/** Records where a watched thing was found, and tells the watch if it is as deep as was asked, and if its owner does not know it. */
export const tellFound = (entry: WatchEntry, found: Found, tip: number): Promise<void> | undefined => {
  const { known } = entry
  if (known !== undefined) {
    if (known.height === found.height && equalBytes(known.txid, found.txid)) {
      entry.known = undefined
      entry.found = found
      return undefined
    }
    // What the owner knew was elsewhere.
    return inOrder(tellUndoneAt(entry, known.height), () => tellFound(entry, found, tip))
  }
  entry.found = found
  if (entry.type === 'spent') {
    const { tx, txid } = found
    return tell(entry.handler, { type: 'spent', outpoint: entry.outpoint, txid, tx, height: found.height })
  }
  const depth = tip - found.height + 1
  if (entry.isReported || depth < entry.minDepth) return undefined
  entry.isReported = true
  return tell(entry.handler, { type: 'confirmed', ...found, depth })
}

/** The blocks from this height on are undone: if the watched thing was in one of them, it must be found anew. */
export const tellUndone = (entry: WatchEntry, height: number): Promise<void> | undefined => {
  const at = (entry.found ?? entry.known)?.height
  return at === undefined || at < height ? undefined : tellUndoneAt(entry, at)
}

const tellUndoneAt = (entry: WatchEntry, height: BlockHeight): Promise<void> | undefined => {
  entry.found = undefined
  entry.known = undefined
  if (entry.type === 'spent') return tell(entry.handler, { type: 'unspent', outpoint: entry.outpoint, height })
  if (!entry.isReported) return undefined
  entry.isReported = false
  return tell(entry.handler, { type: 'unconfirmed', txid: entry.txid, height })
}

const inOrder = async (first: Promise<void> | undefined, second: () => Promise<void> | undefined): Promise<void> => {
  await first
  await second()
}
