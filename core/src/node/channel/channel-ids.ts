import { type Channel, type Funded, isOpening, isStored } from '../../channel/index.ts'
import type { ChannelId, ShortChannelId } from '../../lib/ids.ts'

export interface ChannelIds {
  /** Once the funding outpoint is known. */
  readonly channelId?: ChannelId
  /** One side made it up: it names the channel among those of one peer, and nowhere else. */
  readonly temporaryChannelId?: ChannelId
  readonly shortIds: readonly ShortChannelId[]
}

/** Whether two consecutive states have the same names. */
export const haveSameIds = (before: Channel, after: Channel): boolean =>
  isStored(before) && isStored(after) && before.shortIds !== undefined && before.shortIds === after.shortIds

/** Every name by which a channel in this state may be asked for. */
export const channelIds = (channel: Channel): ChannelIds => {
  if (channel.phase === 'closed') return { channelId: channel.channelId, shortIds: [] }
  if (channel.phase === 'wait-for-funding-signed') return namesOf(channel.unsigned)
  return isOpening(channel) ? { temporaryChannelId: channel.ids.channelId, shortIds: [] } : namesOf(channel)
}

const namesOf = ({ params, shortIds }: Pick<Funded, 'params' | 'shortIds'>): ChannelIds => {
  const { real, localAliases } = shortIds
  const { channelId, temporaryChannelId } = params
  return { channelId, temporaryChannelId, shortIds: real === undefined ? localAliases : [real, ...localAliases] }
}
