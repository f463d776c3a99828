import { type HostStore, keys } from './host-store.ts'
import { sweepRows } from './row-sweep.ts'

/** Rows of labels that the plugin no longer registers are kept in case it registers them again; this many of each kind. */
const KEPT_UNREGISTERED = 256
const READ_AT_ONCE = 1_024

type Kind = 'cursor' | 'schedule'

/** When each schedule last ran. */
export const lastRuns = async (store: HostStore, plugin: string): Promise<Readonly<Record<string, number>>> => {
  const prefix = keys.schedule(plugin, '')
  const rows = await store.list(prefix, { limit: READ_AT_ONCE })
  return Object.fromEntries(rows.map(([key, at]) => [key.slice(prefix.length), Number(at)]))
}

/** Deletes the rows of labels that are not registered any more, beyond a number. Returns how many bytes are kept. */
export const tidyProgress = async (
  store: HostStore,
  plugin: string,
  registered: Readonly<Record<Kind, readonly string[]>>,
): Promise<number> => {
  let bytes = 0
  for (const kind of ['cursor', 'schedule'] as const) {
    const current = new Set(registered[kind].map((label) => keys[kind](plugin, label)))
    let others = 0
    await sweepRows(store, keys[kind](plugin, ''), {
      keep(key, size) {
        if (!current.has(key)) others += 1
        const kept = current.has(key) || others <= KEPT_UNREGISTERED
        if (kept) bytes += key.length + size
        return kept
      },
    })
  }
  return bytes
}
