import { decodeChannel, encodeChannel, liveHtlcKeys } from '../../channel/persistence/channel-codec.ts'
import { type ChannelState, isStored } from '../../channel/state/channel-state.ts'
import type { Durable } from '../../channel/state/durable.ts'
import { idOf } from '../../channel/transitions/step.ts'
import type { Clock } from '../../lib/clock.ts'
import { invariant } from '../../lib/errors.ts'
import { pacer } from '../../lib/pace.ts'
import type { Store, Write } from '../../store/store.ts'
import { readRow } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'

/** What a step from one durable state to the next writes. */
export const channelWrites = (previous: Durable, next: Durable): Write[] => {
  const { channelRow, htlcRows } = encodeChannel(isStored(previous) ? previous : undefined, next)
  const writes: Write[] = [{ table: TABLE.channel, key: idOf(next), value: channelRow }]
  for (const { key, value } of htlcRows) writes.push({ table: TABLE.channelHtlc, key, value })
  return writes
}

/** Every channel of the store, closed ones too. */
export const readChannels = async (store: Store, clock: Clock): Promise<readonly ChannelState[]> => {
  const states: ChannelState[] = []
  const pace = pacer(clock)
  for (const { key, value } of await store.scan(TABLE.channel)) {
    const htlcRows = []
    for (const htlcKey of readRow(TABLE.channel, key, liveHtlcKeys(value))) {
      const row = await store.get(TABLE.channelHtlc, htlcKey)
      invariant(row !== undefined, 'a live HTLC has a row')
      htlcRows.push({ key: htlcKey, value: row })
    }
    states.push({ durable: readRow(TABLE.channel, key, decodeChannel(value, htlcRows)) })
    await pace()
  }
  return states
}
