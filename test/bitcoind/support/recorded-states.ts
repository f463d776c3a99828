import { decodeChannel, liveHtlcKeys } from '../../../core/src/channel/persistence/channel-codec.ts'
import { isFunded } from '../../../core/src/channel/state/channel-state.ts'
import type { Funded } from '../../../core/src/channel/state/durable.ts'
import { equalBytes, toHex } from '../../../core/src/lib/bytes.ts'
import { TABLE } from '../../../core/src/node/storage/tables.ts'
import type { Store, Write } from '../../../core/src/store/store.ts'

/** Every state that the channels of one node have had: what somebody has who copies its disk in one moment or another. */
export class RecordedStates {
  readonly #writes: Write[] = []

  /** Records what goes through the store. */
  recording(store: Store): Store {
    const submit = store.submit.bind(store)
    store.submit = (writes, onDurable) => {
      this.#writes.push(...writes.filter(({ table }) => table === TABLE.channel || table === TABLE.htlc))
      submit(writes, onDurable)
    }
    return store
  }

  /** How much is recorded by now: a moment, for `between`. */
  get now(): number {
    return this.#writes.length
  }

  /** The states of a channel that were written from one moment to another: where each is, for `at`. */
  between(channelId: Uint8Array, from: number, to: number): readonly number[] {
    const moments: number[] = []
    for (let moment = from; moment < to; moment++) {
      const { table, key, value } = this.#writes[moment] as Write
      if (table === TABLE.channel && value !== undefined && equalBytes(key, channelId)) moments.push(moment)
    }
    return moments
  }

  /** The channel whose row was written in this moment, with its HTLCs as they were. */
  at(moment: number): Funded {
    const row = this.#writes[moment]?.value
    const keys = row === undefined ? undefined : liveHtlcKeys(row)
    if (row === undefined || keys?.ok !== true) throw new Error('no row of a channel')
    const wanted = new Map(keys.value.map((key) => [toHex(key), key]))
    const found = new Map<string, Uint8Array>()
    // A step's rows are submitted together, in whatever order.
    for (
      let at = Math.min(this.#writes.length - 1, moment + wanted.size + 1);
      at >= 0 && found.size < wanted.size;
      at--
    ) {
      const { table, key, value } = this.#writes[at] as Write
      const name = toHex(key)
      if (table === TABLE.htlc && value !== undefined && wanted.has(name) && !found.has(name)) found.set(name, value)
    }
    const rows = [...wanted].map(([name, key]) => ({ key, value: found.get(name) ?? new Uint8Array(0) }))
    const channel = decodeChannel(row, rows)
    if (!channel.ok || !isFunded(channel.value)) throw new Error('the recorded state cannot be read')
    return channel.value
  }
}
