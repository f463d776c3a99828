import type { NodeId } from '../../lib/ids.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import type { MappingContext } from './context.ts'

/** What a node shows of itself: a peer has told us, and of others the network has heard. Undefined: nothing is known of it. */
export const shownFeatures = (
  nodeId: NodeId,
  { peerDirectory, gossip }: Pick<MappingContext, 'peerDirectory' | 'gossip'>,
): FeatureVector | undefined => peerDirectory.get(nodeId)?.connection?.remoteFeatures ?? gossip?.featuresOf(nodeId)
