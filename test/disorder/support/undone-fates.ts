import { type ChannelState, isFunded } from '../../../core/src/channel/state/channel-state.ts'
import { toHex } from '../../../core/src/lib/bytes.ts'
import type { EndingHtlc } from './endings.ts'
import type { SimulatedNode } from './simulated-node.ts'

/** So deep a spend of the funding is when the fates of HTLCs without an output in it are told: `claimDepth` of the nodes. */
const TOLD_AT = 6

/**
 * HTLCs whose failure was told because of a spend of the funding that was deep enough, and is undone: another commitment may hold them, and
 * then whoever has the preimage takes them. What was told stays told.
 */
export class UndoneFates {
  readonly #names = new Set<string>()
  /** How many of them were taken after that. */
  taken = 0

  /** Before so many blocks are undone: the channels as the sender's disk holds them. */
  undoing(sender: SimulatedNode, channels: readonly ChannelState[], tip: number, depth: number): void {
    for (const { durable } of channels) {
      if (!isFunded(durable) || durable.phase !== 'closing') continue
      const { spends, settled } = durable.closing
      const confirmedAt = spends.flatMap((spend) => spend.confirmedAt ?? []).at(0)
      const isDeepAndUndone = confirmedAt !== undefined && confirmedAt <= tip + 1 - TOLD_AT && confirmedAt > tip - depth
      if (!isDeepAndUndone) continue
      const channelId = toHex(durable.params.channelId)
      for (const id of settled) this.#names.add(nameOf(sender, channelId, id))
    }
  }

  has({ offeredBy, channelId, id }: EndingHtlc): boolean {
    return this.#names.has(nameOf(offeredBy, channelId, id))
  }
}

const nameOf = ({ name }: SimulatedNode, channelId: string, id: bigint): string => `${name} ${channelId} ${id}`
