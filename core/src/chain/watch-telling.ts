import type { WatchHandler } from './watch.ts'
import type { Found, WatchEntry } from './watch-table.ts'

/** Calls a handler with an event; a throw becomes a rejection, so that one place deals with both. */
export const tell = async <E>(handler: WatchHandler<E>, event: E): Promise<void> => handler(event)

/** Records where a watched thing was found, and tells the watch if it is as deep as was asked. */
export const tellFound = (entry: WatchEntry, found: Found, tip: number): Promise<void> | undefined => {
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

/** The block of the height is undone: if the watched thing was there, it must be found anew. */
export const tellUndone = (entry: WatchEntry, height: number): Promise<void> | undefined => {
  if (entry.found?.height !== height) return undefined
  const { txid } = entry.found
  entry.found = undefined
  if (entry.type === 'spent') return tell(entry.handler, { type: 'unspent', outpoint: entry.outpoint, height })
  if (!entry.isReported) return undefined
  entry.isReported = false
  return tell(entry.handler, { type: 'unconfirmed', txid, height })
}
