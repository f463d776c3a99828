import { decodeChannel, liveHtlcKeys } from '../../../core/src/channel/persistence/channel-codec.ts'
import type { ChannelState } from '../../../core/src/channel/state/channel-state.ts'
import { TABLE } from '../../../core/src/node/storage/tables.ts'
import { keyName } from '../../../core/src/store/waiting-writes.ts'
import type { SimulatedDisk } from './simulated-disk.ts'

/** The channels as a disk holds them. */
export const storedChannels = (disk: SimulatedDisk): readonly ChannelState[] =>
  [...disk.table(TABLE.channel).values()].map(({ value }) => {
    const keys = liveHtlcKeys(value)
    if (!keys.ok) throw new Error(`unreadable: ${keys.error.code}`)
    const rows = keys.value.map((key) => {
      const row = disk.table(TABLE.htlc).get(keyName(key))
      if (row === undefined) throw new Error('a live HTLC has no row')
      return row
    })
    const channel = decodeChannel(value, rows)
    if (!channel.ok) throw new Error(`unreadable: ${channel.error.code}`)
    return { durable: channel.value }
  })
