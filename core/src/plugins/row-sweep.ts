import type { HostStore } from './host-store.ts'

const STEP_ROWS = 512
const STEP_BYTES = 1 << 20
const ROW_BYTES = 256

export interface SweepOptions {
  /** Rows that stay. */
  readonly keep?: (key: string, bytes: number) => boolean
  /** Whether to stop, because the node stops. */
  readonly stopped?: () => boolean
}

/**
 * Deletes the rows under a prefix in steps. Each commit deletes so little that other writes of the node do not wait for it. Returns
 * whether it has deleted all.
 */
export const sweepRows = async (
  store: HostStore,
  prefix: string,
  { keep = () => false, stopped = () => false }: SweepOptions = {},
): Promise<boolean> => {
  let after: string | undefined
  while (!stopped()) {
    const page = await store.sizes(prefix, { limit: STEP_ROWS, ...(after === undefined ? {} : { after }) })
    if (page.length === 0) return true
    if (stopped()) break
    const gone: [key: string, value: undefined][] = []
    let bytes = 0
    for (const [key, size] of page) {
      if (bytes > STEP_BYTES) break
      after = key
      if (keep(key, size)) continue
      bytes += ROW_BYTES + size
      gone.push([key, undefined])
    }
    if (gone.length > 0) await store.put(gone)
  }
  return false
}
