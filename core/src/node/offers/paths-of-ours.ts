import type { BlindedPath } from '../../onion/blinded-path.ts'
import type { OnionMessages } from '../onion-messages/onion-messages.ts'

const PATHS = 3

/** By which an offer or a refund of ours is reached; none where it names our node. `blinded`: it is not to, even if the network knows us. */
export const pathsOfOurs = (
  messages: Pick<OnionMessages, 'pathsToUs' | 'isAnnounced'>,
  blinded: boolean,
  pathId: Uint8Array,
): readonly BlindedPath[] => {
  // BOLT 12, the writer: a node with private channels alone is reached by paths.
  if (messages.isAnnounced && !blinded) return []
  // A path that begins with us says who we are, and nothing else leads to us then.
  return messages.pathsToUs(pathId, PATHS).filter(({ path }) => path.length > 1)
}
