import { concat } from '../../lib/bytes.ts'
import type { ChannelId } from '../../lib/ids.ts'
import type { Store } from '../../store/store.ts'
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
