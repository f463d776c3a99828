import { type Funded, type HtlcRef, isFunded } from '../../channel/index.ts'
import type { Store } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import {
  readUnderWay,
  readUnsure,
  relayName,
  type UnsureList,
  unsureRemoval,
  unsureWrite,
} from '../storage/unsure-row.ts'

/**
 * What was under way when the database was put back, or when a start found that a peer has proven it old: something may have been sent for it
 * since of which no row tells, over any channel whose state is lost. It is not sent again. What is begun later is certain, however many
 * channels are in doubt.
 *
 * The list ends when every channel has shown that its state is the latest. If one was lost, nothing on this side will ever tell how what is on
 * the list has ended, and it stays there until it ends.
 */
export interface UnsureOutcomes {
  /** Their hashes. */
  readonly payments: ReadonlySet<string>
  hasRelay(incoming: HtlcRef): boolean
  /** Whether it may still turn out to be certain. */
  isOpen(): boolean
  /**
   * Whether the list has ended since it was asked last, and how: `cleared` if no channel is in doubt any more and none was lost, so that what
   * was on it is certain from then on.
   */
  ended(): 'cleared' | 'lost' | undefined
}

export const openUnsureOutcomes = async (store: Store, channels: ChannelDirectory): Promise<UnsureOutcomes> => {
  const kept = await readUnsure(store)
  const now = lookAt(channels)
  if (kept === undefined && now === 'certain') return NONE
  const list = still(kept, now === 'lost', await readUnderWay(store))
  if (now === 'certain' && (!list.isLost || (list.payments.size === 0 && list.relays.size === 0))) {
    store.submit([unsureRemoval])
    return NONE
  }
  store.submit([unsureWrite(list)])
  // Before anything begins that the list must not have.
  await store.flush()
  let state: 'open' | 'lost' | 'cleared' = list.isLost ? 'lost' : 'open'
  return {
    payments: list.payments,
    hasRelay: ({ channelId, htlcId }) => list.relays.has(relayName(channelId, htlcId)),
    isOpen: () => state === 'open',
    ended() {
      if (state !== 'open') return undefined
      const found = lookAt(channels)
      if (found === 'doubtful') return undefined
      state = found === 'lost' ? 'lost' : 'cleared'
      store.submit([found === 'lost' ? unsureWrite({ ...list, isLost: true }) : unsureRemoval])
      return state
    },
  }
}

const NONE: UnsureOutcomes = { payments: new Set(), hasRelay: () => false, isOpen: () => false, ended: () => undefined }

/** Of a list that was kept, what is still under way; if none was, all that is. */
const still = (
  kept: UnsureList | undefined,
  isLost: boolean,
  { payments, relays }: Omit<UnsureList, 'isLost'>,
): UnsureList =>
  kept === undefined
    ? { isLost, payments, relays }
    : {
        isLost: kept.isLost || isLost,
        payments: new Set([...kept.payments].filter((hash) => payments.has(hash))),
        relays: new Set([...kept.relays].filter((name) => relays.has(name))),
      }

const lookAt = (channels: ChannelDirectory): 'certain' | 'doubtful' | 'lost' => {
  let isDoubtful = false
  for (const { state } of channels.all()) {
    if (!isFunded(state.durable)) continue
    if (isLost(state.durable)) return 'lost'
    if (state.durable.inDoubt === true) isDoubtful = true
  }
  return isDoubtful ? 'doubtful' : 'certain'
}

/** What such a channel does not hold, it may have held later. One that closes while it is in doubt will never be shown to be the latest. */
const isLost = (durable: Funded): boolean =>
  durable.phase === 'closing' && (durable.closing.cause === 'data-loss' || durable.inDoubt === true)
