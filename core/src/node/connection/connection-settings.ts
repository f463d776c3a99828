import type { Clock } from '../../lib/clock.ts'
import type { PrivateKey } from '../../lib/ids.ts'
import type { Rng } from '../../lib/rng.ts'
import type { FeatureSet } from '../../wire/features.ts'
import type { MessageRooms } from './message-rooms.ts'
import type { TrafficControl } from './traffic-control.ts'

/** What all connections of a node have in common. */
export interface ConnectionSettings {
  /** The node's own key. */
  readonly privateKey: PrivateKey
  /** What we offer in `init`, and know. */
  readonly features: FeatureSet
  /** Hash of the genesis block of our chain, 32 bytes, internal byte order. */
  readonly chainHash: Uint8Array
  readonly clock: Clock
  /** Makes the ephemeral keys of the handshake: `systemRng` outside of tests. */
  readonly rng: Rng
  /** What peers may use of this node. */
  readonly traffic: TrafficControl
  /** Who takes the messages that the wire does not read. */
  readonly rooms: Pick<MessageRooms, 'has' | 'of'>
}

/** How long a peer may take for the handshake and `init`. */
export const HANDSHAKE_TIMEOUT_MS = 10_000
