import type { NodeId, ShortChannelId } from '../lib/ids.ts'
import type { BlockDelta, Msat, Ppm, Sat } from '../lib/units.ts'

/** Who is told which channels routes may use, and what their ends ask for. */
export interface GraphSink {
  addChannel(channel: SinkChannel): unknown
  setPolicy(shortChannelId: ShortChannelId, direction: 0 | 1, policy: SinkPolicy): unknown
  removeChannel(shortChannelId: ShortChannelId): unknown
}

interface SinkChannel {
  readonly shortChannelId: ShortChannelId
  readonly nodeIds: readonly [NodeId, NodeId]
  readonly capacitySat: Sat
}

export interface SinkPolicy {
  /** Seconds since the Unix epoch. */
  readonly timestamp: number
  readonly disabled: boolean
  readonly cltvExpiryDelta: BlockDelta
  readonly feeBaseMsat: number
  readonly feeProportionalMillionths: Ppm
  readonly htlcMinimumMsat: Msat
  readonly htlcMaximumMsat: Msat
  /** bLIP 18; absent where there is none. */
  readonly inboundFeeBaseMsat?: number
  readonly inboundFeeProportionalMillionths?: number
}
