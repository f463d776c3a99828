import type { Durable } from '../../channel/index.ts'
import type { ChannelId, ShortChannelId } from '../../lib/ids.ts'

export interface ChannelIds {
  /** Once the funding outpoint is known. */
  readonly channelId?: ChannelId
  /** One side made it up: it names the channel among those of one peer, and nowhere else. */
  readonly temporaryChannelId?: ChannelId
  readonly shortIds: readonly ShortChannelId[]
}

/** Whether two consecutive states have the same names. */
export const haveSameIds = (before: Durable, after: Durable): boolean =>
  'shortIds' in before && 'shortIds' in after && before.shortIds === after.shortIds

/** Every name by which a channel in this state may be asked for. */
export const channelIds = (durable: Durable): ChannelIds => {
  switch (durable.phase) {
    case 'idle':
    case 'aborted':
      return { temporaryChannelId: durable.channelId, shortIds: [] }
    case 'wait-for-open-answer':
    case 'wait-for-funding':
    case 'wait-for-decision':
    case 'wait-for-funding-created':
      return { temporaryChannelId: durable.open.temporaryChannelId, shortIds: [] }
    case 'closed':
      return { channelId: durable.channelId, shortIds: [] }
    default: {
      const { real, localAliases } = durable.shortIds
      const { channelId, temporaryChannelId } = durable.params
      return { channelId, temporaryChannelId, shortIds: real === undefined ? localAliases : [real, ...localAliases] }
    }
  }
}
