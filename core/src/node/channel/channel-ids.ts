import type { Durable } from '../../channel/state/durable.ts'
import type { ChannelId, ShortChannelId } from '../../lib/ids.ts'

export interface ChannelIds {
  /** The id in use first; then the temporary one, by which a peer may still name the channel. */
  readonly channelIds: readonly ChannelId[]
  readonly shortIds: readonly ShortChannelId[]
}

/** Every name by which a channel in this state may be asked for. */
export const channelIds = (durable: Durable): ChannelIds => {
  switch (durable.phase) {
    case 'idle':
    case 'aborted':
      return { channelIds: [durable.channelId], shortIds: [] }
    case 'wait-for-open-answer':
    case 'wait-for-funding':
    case 'wait-for-decision':
    case 'wait-for-funding-created':
      return { channelIds: [durable.open.temporaryChannelId], shortIds: [] }
    case 'closed':
      return { channelIds: [durable.channelId], shortIds: [] }
    default: {
      const { real, localAliases } = durable.shortIds
      return {
        channelIds: [durable.params.channelId, durable.params.temporaryChannelId],
        shortIds: real === undefined ? localAliases : [real, ...localAliases],
      }
    }
  }
}
