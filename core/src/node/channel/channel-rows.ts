import {
  type ChannelState,
  type Durable,
  decodeChannel,
  encodeChannel,
  idOf,
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
import { TABLE } from '../storage/tables.ts'

/** What a step from one durable state to the next writes. */
export const channelWrites = (previous: Durable, next: Durable): Write[] => {
  const { channelRow, htlcRows, ended } = encodeChannel(isStored(previous) ? previous : undefined, next)
  const writes: Write[] = [{ table: TABLE.channel, key: idOf(next), value: channelRow }]
  for (const { key, value } of htlcRows) writes.push({ table: TABLE.htlc, key, value })
  for (const { key, past } of ended) {
    writes.push({ table: TABLE.htlc, key, value: undefined, mayWait: true })
    if (past !== undefined) writes.push({ table: TABLE.pastHtlc, key, value: past })
  }
  return writes
}

/** Every channel of the store, closed ones too. */
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
  // What a crash has left of those that had ended.
  const left = (await store.sizes(TABLE.htlc)).filter(({ key }) => !alive.has(toHex(key)))
  store.submit(left.map(({ key }) => ({ table: TABLE.htlc, key, value: undefined })))
  return states
}

const PAGE = 1_000

/**
 * Moves the HTLCs that a version before has stored, a thousand to a commit: those alive as they are, of all others what is kept of an
 * HTLC that has ended. A node that ends meanwhile goes on where it stopped: what is moved is gone from where it was.
 */
export const moveHtlcRows = async (store: Store): Promise<void> => {
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
      const gone = { table: TABLE.channelHtlc, key, value: undefined }
      if (alive.has(toHex(key))) return [gone, { table: TABLE.htlc, key, value }]
      const past = readRow(TABLE.channelHtlc, key, pastOfHtlcRow(value))
      return past === undefined ? [gone] : [gone, { table: TABLE.pastHtlc, key, value: past }]
    })
    store.submit(writes)
    await store.flush()
  }
}
