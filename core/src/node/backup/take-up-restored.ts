import { type ChannelState, idsOf, isFunded, putInDoubt } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Store, Write } from '../../store/store.ts'
import { channelWrites } from '../channel/channel-rows.ts'
import { keyIndexFloorWrite, lastKeyIndex, readKeyIndexFloor } from '../channel/key-indexes.ts'
import type { NodeLog } from '../node-log.ts'
import { isRestored, restoredMarkRemoval } from '../storage/restored-mark.ts'
import { readUnderWay, readUnsure, unsureWrite } from '../storage/unsure-row.ts'

/**
 * Channels that were opened after the database was copied had key indexes that it does not know. An index that is handed out twice gives two
 * channels the same per-commitment secrets: a peer that has been told those of the one could punish the other. No node opens so many
 * channels between two backups, and there are 2^31 indexes: enough for 200,000 starts by somebody who leaves `--restored` in place.
 */
export const SKIPPED_KEY_INDEXES = 10_000

/**
 * If the database was put back, its channels may be older than their peers know them: they are in doubt from now on, and so is what was
 * under way in it, on the disk before anything is done with them. `stored` is every channel of the store; returned is what they are now.
 */
export const takeUpRestored = async (
  store: Store,
  stored: readonly ChannelState[],
  log: NodeLog,
): Promise<readonly ChannelState[]> => {
  if (!(await isRestored(store))) return stored
  const writes: Write[] = []
  const states = stored.map((state): ChannelState => {
    const { durable } = state
    if (!isFunded(durable)) return state
    const doubted = putInDoubt(durable)
    if (doubted === durable) return state
    log.warn('channel.in-doubt', { channel: toHex(idsOf(durable).channelId) })
    writes.push(...channelWrites(durable, doubted))
    return { durable: doubted }
  })
  const floor = lastKeyIndex(stored, await readKeyIndexFloor(store)) + SKIPPED_KEY_INDEXES
  // What was lost in an earlier life of the database stays lost.
  const isLost = (await readUnsure(store))?.isLost === true
  const unsure = unsureWrite({ isLost, ...(await readUnderWay(store)) })
  store.submit([...writes, unsure, keyIndexFloorWrite(floor), restoredMarkRemoval])
  await store.flush()
  return states
}
