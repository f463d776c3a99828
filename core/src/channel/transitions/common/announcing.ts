import type { ShortChannelId } from '../../../lib/ids.ts'
import { latest } from '../../commitments/commitments.ts'
import { type Channel, isFunded } from '../../state/channel-state.ts'
import type { Funded, Normal } from '../../state/durable.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import { isAsDeepAs } from './depth.ts'

/** BOLT 7, channel_announcement: below this many confirmations of the funding it must not be sent. */
const ANNOUNCEMENT_DEPTH = 6
/** From here on the peer may see as many: its blocks may be two ahead of ours. */
const NEARLY_ANNOUNCED_DEPTH = ANNOUNCEMENT_DEPTH - 2
/** A peer that has not signed by then, a day later, announces nothing: or it has, and its signatures are lost. */
const PAST_ANNOUNCING_DEPTH = ANNOUNCEMENT_DEPTH + 144

/** Whether both sides are to announce the channel, once it is deep enough. After our `shutdown` it is too late (BOLT 7). */
export const isForAll = (durable: Funded): durable is Normal =>
  durable.phase === 'normal' && durable.params.announce && durable.localShutdown === undefined

/** The channel's own id, as long as we have nothing of what the peer signs for it. */
export const unsignedIdOf = (durable: Channel): ShortChannelId | undefined =>
  isFunded(durable) && isForAll(durable) && durable.announcement === undefined ? durable.shortIds.real : undefined

/** The channel's own id, once a funding that is deep enough to be announced has given it one. */
export const dueId = (durable: Normal, env: ChannelEnv): ShortChannelId | undefined =>
  hasConfirmations(ANNOUNCEMENT_DEPTH, durable, env) ? durable.shortIds.real : undefined

/**
 * Whether the peer may be announcing the channel at this moment. As it begins to, LND takes the channel out of its graph and puts it back in;
 * an update that it is dealing with then counts as one of a channel that there is not, and it refuses every later one from whoever sent
 * it. Its signatures show that it is past that.
 */
export const isBeingAnnounced = (durable: Funded, env: ChannelEnv): boolean =>
  isForAll(durable) &&
  durable.announcement === undefined &&
  hasConfirmations(NEARLY_ANNOUNCED_DEPTH, durable, env) &&
  !hasConfirmations(PAST_ANNOUNCING_DEPTH, durable, env)

const hasConfirmations = (depth: number, durable: Funded, env: ChannelEnv): boolean => {
  const { fundingStatus } = latest(durable)
  return fundingStatus.type === 'confirmed' && isAsDeepAs(depth, fundingStatus.blockHeight, env)
}
