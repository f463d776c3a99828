import { keyAfter } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { pacer } from '../../lib/pace.ts'
import type { Store } from '../../store/store.ts'
import type { Counted } from './retained-rows.ts'

const PAGE = 512

/** Counts the rows of a range of keys. */
export const countRange = async (
  store: Store,
  clock: Clock,
  table: string,
  { from, to }: { readonly from: Uint8Array; readonly to?: Uint8Array },
): Promise<Counted> => {
  const pace = pacer(clock)
  let [rows, bytes] = [0, 0]
  for (let next = from; ; ) {
    const found = await store.sizes(table, { from: next, ...(to === undefined ? {} : { to }), limit: PAGE })
    rows += found.length
    bytes += found.reduce((sum, row) => sum + row.key.length + row.bytes, 0)
    const last = found.at(-1)
    if (last === undefined || found.length < PAGE) return { rows, bytes }
    next = keyAfter(last.key)
    await pace()
  }
}
