import type { ChannelDirectory } from './channel-directory.ts'

/** Those that may have to be closed alone: what is funded, but not closing. */
export const openChannels = (channels: Pick<ChannelDirectory, 'count'>): number =>
  (['opening', 'usable', 'offline', 'quarantined'] as const).reduce(
    (sum, standing) => sum + channels.count(standing),
    0,
  )
