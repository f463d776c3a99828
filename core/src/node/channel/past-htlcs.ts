import { htlcKey, isInRemoteOf, readPastHtlc, type SpecHtlc } from '../../channel/index.ts'
import { concat, keyAfter } from '../../lib/bytes.ts'
import type { ChannelId, HtlcId } from '../../lib/ids.ts'
import type { Store } from '../../store/store.ts'
import { type OnUnreadable, readRowOfMany } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'

const PAGE = 1_000

const rangeOf = (channelId: ChannelId) => ({
  from: concat(channelId, Uint8Array.of(0)),
  to: concat(channelId, Uint8Array.of(2)),
})

/** Whether anything is kept of a channel's HTLCs. */
export const hasPastHtlcs = async (store: Store, channelId: ChannelId): Promise<boolean> =>
  (await store.sizes(TABLE.pastHtlc, { ...rangeOf(channelId), limit: 1 })).length > 0

/**
 * The HTLCs that have ended and that the peer's commitment of this number held, from our view. A channel may have kept tens of thousands:
 * they are read once, a page at a time, and only those of the commitment are held in memory. A row that cannot be read costs its output.
 */
export const recallHtlcs = async (
  store: Store,
  channelId: ChannelId,
  remoteIndex: number,
  onUnreadable: OnUnreadable,
): Promise<readonly SpecHtlc[]> => {
  const found: SpecHtlc[] = []
  for await (const { key, value } of rowsIn(store, rangeOf(channelId))) {
    const past = readRowOfMany(TABLE.pastHtlc, key, readPastHtlc(key, value), onUnreadable)
    if (past !== undefined && isInRemoteOf(past, remoteIndex)) found.push(past)
  }
  return found
}

/** The HTLCs that we offered and that have ended, with ids from `from` on and below `to`; `undefined` for a row that cannot be read. */
export async function* pastOffered(store: Store, channelId: ChannelId, from: HtlcId, to: HtlcId) {
  const range = { from: htlcKey(channelId, 'offered', from), to: htlcKey(channelId, 'offered', to) }
  for await (const { key, value } of rowsIn(store, range)) {
    const past = readPastHtlc(key, value)
    yield past.ok ? past.value : undefined
  }
}

async function* rowsIn(store: Store, { from, to }: { readonly from: Uint8Array; readonly to: Uint8Array }) {
  // Rows of HTLCs that a start has found to have ended are on their way to the table.
  await store.flush()
  let next = from
  for (;;) {
    const rows = await store.scan(TABLE.pastHtlc, { from: next, to, limit: PAGE })
    yield* rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return
    next = keyAfter(last.key)
  }
}

/**
 * Deletes what is kept of the HTLCs of a closed channel: its funding is spent for good, and no commitment that held them can be published
 * any more. A thousand rows to a commit; if the node ends meanwhile, the rest is deleted at its next start.
 */
export const forgetPastHtlcs = async (store: Store, channelId: ChannelId): Promise<void> => {
  for (;;) {
    const rows = await store.sizes(TABLE.pastHtlc, { ...rangeOf(channelId), limit: PAGE })
    if (rows.length === 0) return
    store.submit(rows.map(({ key }) => ({ table: TABLE.pastHtlc, key, value: undefined })))
    await store.flush()
  }
}
