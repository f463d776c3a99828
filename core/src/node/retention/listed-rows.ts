import { keyAfter, toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { pacer } from '../../lib/pace.ts'
import type { Store } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { hashesInChannels } from '../channel/hashes-in-channels.ts'
import type { Counted, DueRow, LookedAt } from './retained-rows.ts'

const PAGE = 512

export interface Listed {
  /** Rows whose keys are a byte, a time in 8 bytes, and the key of a row elsewhere. */
  readonly index: string
  readonly from: Uint8Array
  readonly to: Uint8Array
  /** Where those rows are. */
  readonly table: string
}

/** Counts the rows of an index, a page at a time, so that other work comes in between. */
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
      places.map(({ key }) => rowOf(key)),
    )
    rows += found.rows
    bytes += found.bytes + places.reduce((sum, place) => sum + place.key.length + place.bytes, 0)
    if (places.length < PAGE) break
    next = keyAfter(last.key)
    await pace()
  }
  return { rows, bytes, ...(oldestAt === undefined ? {} : { oldestAt }) }
}

interface Look extends Listed {
  readonly limit: number
  /** The row as one that is due, if it is. */
  readonly due: (key: Uint8Array, value: Uint8Array) => DueRow | 'unreadable' | undefined
}

/** Looks at a page of rows that an index lists by payment hash. A row is never due while a channel holds an HTLC of its hash. */
export const lookAtListed = async (
  {
    store,
    clock,
    channelDirectory,
  }: { readonly store: Store; readonly clock: Clock; readonly channelDirectory: ChannelDirectory },
  { index, from, to, table, limit, due }: Look,
): Promise<LookedAt> => {
  const pace = pacer(clock)
  const places = await store.sizes(index, { from, to, limit })
  const keys = places.map(({ key }) => rowOf(key))
  const values = await store.getAll(table, keys)
  const held = hashesInChannels(channelDirectory)
  const rows: DueRow[] = []
  let unreadable = 0
  for (const [at, key] of keys.entries()) {
    const value = values[at]
    const row = value === undefined || held.has(toHex(key)) ? undefined : due(key, value)
    if (row === 'unreadable') unreadable++
    else if (row !== undefined) rows.push(row)
    await pace()
  }
  const last = places.at(-1)
  return { due: rows, unreadable, ...(last === undefined || places.length < limit ? {} : { next: keyAfter(last.key) }) }
}

const rowOf = (place: Uint8Array): Uint8Array => place.subarray(9)

const timeOf = (key: Uint8Array): number => Number(new DataView(key.buffer, key.byteOffset + 1, 8).getBigUint64(0))
