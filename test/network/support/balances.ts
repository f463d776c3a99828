import { balanceView } from '../../../core/src/channel/commitments/balances.ts'
import { latest } from '../../../core/src/channel/commitments/commitments.ts'
import { decodeChannel, liveHtlcKeys } from '../../../core/src/channel/persistence/channel-codec.ts'
import { isFunded } from '../../../core/src/channel/state/channel-state.ts'
import { toHex } from '../../../core/src/lib/bytes.ts'
import { TABLE } from '../../../core/src/node/storage/tables.ts'
import { keyName } from '../../../core/src/store/waiting-writes.ts'
import type { SimulatedDisk } from '../../disorder/support/simulated-disk.ts'

/** One side of a channel, as that side's disk holds it. */
export interface Balance {
  readonly channelId: string
  /** What the side has, and what it could send in one HTLC. */
  readonly localMsat: bigint
  readonly spendableMsat: bigint
  /** HTLCs that are under way. */
  readonly htlcs: number
}

/** Reads the channels of disks: a row is decoded once. */
export class Balances {
  readonly #read = new WeakMap<Uint8Array, Balance>()

  of(disk: SimulatedDisk): readonly Balance[] {
    return [...disk.table(TABLE.channel).values()].map(({ value }) => {
      const known = this.#read.get(value) ?? balanceOf(disk, value)
      this.#read.set(value, known)
      return known
    })
  }
}

const balanceOf = (disk: SimulatedDisk, row: Uint8Array): Balance => {
  const keys = liveHtlcKeys(row)
  if (!keys.ok) throw new Error(`unreadable: ${keys.error.code}`)
  const htlcs = keys.value.flatMap((key) => disk.table(TABLE.htlc).get(keyName(key)) ?? [])
  const channel = decodeChannel(row, htlcs)
  if (!channel.ok || !isFunded(channel.value)) throw new Error('a channel that cannot be used')
  const { params } = channel.value
  return {
    channelId: toHex(params.channelId),
    localMsat: latest(channel.value).local.spec.toLocalMsat,
    spendableMsat: balanceView(channel.value).spendableMsat,
    htlcs: htlcs.length,
  }
}
