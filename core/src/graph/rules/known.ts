import type { NodeId, ShortChannelId } from '../../lib/ids.ts'
import type { BlockHeight, Sat } from '../../lib/units.ts'

/** What the rules ask about a channel that was announced. */
export interface KnownChannel {
  readonly shortChannelId: ShortChannelId
  readonly nodeIds: readonly [NodeId, NodeId]
  readonly capacitySat: Sat
  /** When we took it, in seconds since the Unix epoch. */
  readonly since: number
  /** The block that spends its funding; absent while it is unspent. */
  readonly spentAt?: BlockHeight
  /** The latest update of each direction. */
  readonly updates: readonly [KnownUpdate | undefined, KnownUpdate | undefined]
}

export interface KnownUpdate {
  /** Seconds since the Unix epoch. */
  readonly timestamp: number
  /** Of all but its signature and timestamp: see `updateChecksum`. */
  readonly checksum: number
}

/** What is known now. */
export interface GossipEnv {
  readonly chainHash: Uint8Array
  readonly height: BlockHeight
  /** Seconds since the Unix epoch. */
  readonly now: number
}

/** BOLT 7, pruning: how old the older of a channel's updates may get, in seconds. */
export const STALE_AFTER = 14 * 24 * 3600
