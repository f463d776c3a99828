import { decodeChannel, liveHtlcKeys } from '../../../core/src/channel/persistence/channel-codec.ts'
import type { ChannelState } from '../../../core/src/channel/state/channel-state.ts'
import { TABLE } from '../../../core/src/node/storage/tables.ts'
import type { Row } from '../../../core/src/store/store.ts'
import { keyName } from '../../../core/src/store/waiting-writes.ts'
import type { SimulatedDisk } from './simulated-disk.ts'

/** By a channel's row: what it was read to, and the rows of its live HTLCs then. Rows are never changed in place. */
const read = new WeakMap<Uint8Array, { readonly state: ChannelState; readonly htlcs: readonly Row[] }>()

/** The channels as a disk holds them. */
export const storedChannels = (disk: SimulatedDisk): readonly ChannelState[] =>
  [...disk.table(TABLE.channel).values()].map(({ value }) => {
    const keys = liveHtlcKeys(value)
    if (!keys.ok) throw new Error(`unreadable: ${keys.error.code}`)
    const htlcs = keys.value.map((key) => {
      const row = disk.table(TABLE.htlc).get(keyName(key))
      if (row === undefined) throw new Error('a live HTLC has no row')
      return row
    })
    const known = read.get(value)
    if (known?.htlcs.length === htlcs.length && known.htlcs.every((row, at) => row === htlcs[at])) return known.state
    const channel = decodeChannel(value, htlcs)
    if (!channel.ok) throw new Error(`unreadable: ${channel.error.code}`)
    const state = { durable: channel.value }
    read.set(value, { state, htlcs })
    return state
  })
