import { concat } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { pacer } from '../../lib/pace.ts'
import type { Store } from '../../store/store.ts'
import type { Counted } from './retained-rows.ts'

const PAGE = 512
const AFTER = Uint8Array.of(0)

interface Listed {
  /** Rows whose keys are a byte, a time in 8 bytes, and the key of a row elsewhere. */
  readonly index: string
  readonly from: Uint8Array
  readonly to: Uint8Array
  /** Where those rows are. */
  readonly table: string
}

/** Counts what an index lists, a page at a time, so that whatever else there is to do comes between. */
export const countListed = async (store: Store, clock: Clock, { index, from, to, table }: Listed): Promise<Counted> => {
  const pace = pacer(clock)
  let [rows, bytes] = [0, 0]
  let oldestAt: number | undefined
  for (let next = from; ; ) {
    const places = await store.sizes(index, { from: next, to, limit: PAGE })
    const last = places.at(-1)
    if (last === undefined) break
    oldestAt ??= timeOf(places[0]?.key ?? last.key)
    const found = await store.weigh(
      table,
      places.map(({ key }) => key.subarray(9)),
    )
    rows += found.rows
    bytes += found.bytes + places.reduce((sum, place) => sum + place.key.length + place.bytes, 0)
    if (places.length < PAGE) break
    next = concat(last.key, AFTER)
    await pace()
  }
  return { rows, bytes, ...(oldestAt === undefined ? {} : { oldestAt }) }
}

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
    next = concat(last.key, AFTER)
    await pace()
  }
}

const timeOf = (key: Uint8Array): number => Number(new DataView(key.buffer, key.byteOffset + 1, 8).getBigUint64(0))
