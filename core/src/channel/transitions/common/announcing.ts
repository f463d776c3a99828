import type { ShortChannelId } from '../../../lib/ids.ts'
import { latest } from '../../commitments/commitments.ts'
import type { Funded, Normal } from '../../state/durable.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import { isAsDeepAs } from './depth.ts'

/** BOLT 7, channel_announcement: below this many confirmations of the funding it must not be sent. */
const ANNOUNCEMENT_DEPTH = 6

/** Whether both sides are to announce the channel, once it is deep enough. After our `shutdown` it is too late (BOLT 7). */
export const isForAll = (durable: Funded): durable is Normal =>
  durable.phase === 'normal' && durable.params.announce && durable.localShutdown === undefined

/** The channel's own id, once a funding that is that deep has given it one. */
export const dueId = (durable: Normal, env: ChannelEnv): ShortChannelId | undefined => {
  const { fundingStatus } = latest(durable)
  if (fundingStatus.type !== 'confirmed') return undefined
  return isAsDeepAs(ANNOUNCEMENT_DEPTH, fundingStatus.blockHeight, env) ? durable.shortIds.real : undefined
}

/**
 * Whether both sides announce the channel now. What the peer is told of it alone would be overtaken, and may do harm: LND throws away the
 * channel that it knows by an alias when it announces it, and refuses all later updates of it from whoever sent one at that moment.
 */
export const isAnnouncedNow = (durable: Funded, env: ChannelEnv): boolean =>
  isForAll(durable) && dueId(durable, env) !== undefined
