import {
  type Channel,
  type ChannelState,
  type Durable,
  decodeChannel,
  encodeChange,
  idsOf,
  isFunded,
  isStored,
  liveHtlcKeys,
  pastOfHtlcRow,
} from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { invariant } from '../../lib/errors.ts'
import { pacer } from '../../lib/pace.ts'
import type { Store, Write } from '../../store/store.ts'
import { readRow } from '../storage/read-row.ts'
import type { RowsMoved } from '../storage/rows-moved.ts'
import { TABLE } from '../storage/tables.ts'

/** What a step from one durable state to the next writes; all of the next if the store has none of the channel. */
export const channelWrites = (previous: Channel | undefined, next: Durable): Write[] => {
  const stored = previous !== undefined && isStored(previous) ? previous : undefined
  const { channelRow, htlcRows, ended } = encodeChange(stored, next)
  const writes: Write[] = []
  if (channelRow !== undefined) writes.push({ table: TABLE.channel, key: idsOf(next).channelId, value: channelRow })
  for (const { key, value } of htlcRows) writes.push({ table: TABLE.htlc, key, value })
  for (const { key, past } of ended) {
    // Until both are written, the row of the living HTLC is still there and says the same.
    writes.push({ table: TABLE.htlc, key, value: undefined, mayWait: true })
    if (past !== undefined) writes.push({ table: TABLE.pastHtlc, key, value: past, mayWait: true })
  }
  return writes
}

/** Moves a row of an HTLC that has ended; if nothing can ask for it any more, as without the row, it is only deleted. */
const endedWrites = (table: string, key: Uint8Array, row: Uint8Array | undefined): readonly Write[] => {
  const gone = { table, key, value: undefined }
  const past = row === undefined ? undefined : readRow(table, key, pastOfHtlcRow(row))
  return past === undefined ? [gone] : [gone, { table: TABLE.pastHtlc, key, value: past }]
}

const CHANNEL_ID_BYTES = 32

/** Every channel of the store, closed ones too. HTLCs that had ended before a crash are moved to where those that have ended are. */
export const readChannels = async (store: Store, clock: Clock): Promise<readonly ChannelState[]> => {
  const states: ChannelState[] = []
  const alive = new Set<string>()
  const pace = pacer(clock)
  for (const { key, value } of await store.scan(TABLE.channel)) {
    const htlcRows = await Promise.all(
      readRow(TABLE.channel, key, liveHtlcKeys(value)).map(async (htlcKey) => {
        alive.add(toHex(htlcKey))
        const row = await store.get(TABLE.htlc, htlcKey)
        invariant(row !== undefined, 'a live HTLC has a row')
        return { key: htlcKey, value: row }
      }),
    )
    states.push({ durable: readRow(TABLE.channel, key, decodeChannel(value, htlcRows)) })
    await pace()
  }
  const open = new Set(states.flatMap(({ durable }) => (isFunded(durable) ? [toHex(durable.params.channelId)] : [])))
  const left = (await store.sizes(TABLE.htlc)).filter(({ key }) => !alive.has(toHex(key)))
  const rows = await store.getAll(
    TABLE.htlc,
    left.map(({ key }) => key),
  )
  const isOpen = (key: Uint8Array): boolean => open.has(toHex(key.subarray(0, CHANNEL_ID_BYTES)))
  store.submit(left.flatMap(({ key }, at) => endedWrites(TABLE.htlc, key, isOpen(key) ? rows[at] : undefined)))
  return states
}

const PAGE = 1_000

/**
 * Moves the HTLCs that an earlier version has stored, a thousand to a commit: living ones unchanged, and of all others what is kept of an
 * ended HTLC. If the node ends meanwhile, it continues at its next start: moved rows are gone from the old table.
 */
export const moveHtlcRows = async (store: Store, moved: RowsMoved): Promise<void> => {
  const [first] = await store.scan(TABLE.channelHtlc, { limit: 1 })
  if (first === undefined) return
  const alive = new Set<string>()
  for (const { key, value } of await store.scan(TABLE.channel)) {
    for (const htlcKey of readRow(TABLE.channel, key, liveHtlcKeys(value))) alive.add(toHex(htlcKey))
  }
  for (;;) {
    const rows = await store.scan(TABLE.channelHtlc, { limit: PAGE })
    if (rows.length === 0) return
    const writes = rows.flatMap(({ key, value }): readonly Write[] => {
      if (!alive.has(toHex(key))) return endedWrites(TABLE.channelHtlc, key, value)
      return [
        { table: TABLE.channelHtlc, key, value: undefined },
        { table: TABLE.htlc, key, value },
      ]
    })
    store.submit(writes)
    await store.flush()
    moved(rows.length)
  }
}
