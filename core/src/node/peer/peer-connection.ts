import type { NodeId } from '../../lib/ids.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import type { PeerLink } from '../channel/peer-link.ts'

/** A connection as its peer's actor holds it. */
export interface PeerConnection extends PeerLink {
  readonly remoteNodeId: NodeId
  /** Of the peer's `init`. */
  readonly remoteFeatures: FeatureVector
  /** `host:port`. */
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
}
