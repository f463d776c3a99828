import { err, ok, type Result } from '../../lib/result.ts'
import type { BlindedPath } from '../../onion/blinded-path.ts'
import type { OnionMessages } from '../onion-messages/onion-messages.ts'

const PATHS = 3

/** It is not to name our node, and no peer is there that relays messages to us. */
export interface NoRelayingPeer {
  readonly code: 'no-relaying-peer'
}

/** By which an offer or a refund of ours is reached; none where it names our node. `blinded`: it is not to, even if the network knows us. */
export const pathsOfOurs = (
  messages: Pick<OnionMessages, 'pathsToUs' | 'isAnnounced'>,
  blinded: boolean,
  pathId: Uint8Array,
): Result<readonly BlindedPath[], NoRelayingPeer> => {
  // BOLT 12, the writer: a node with private channels alone is reached by paths.
  if (messages.isAnnounced && !blinded) return ok([])
  // A path that begins with us says who we are, and nothing else leads to us then.
  const paths = messages.pathsToUs(pathId, PATHS).filter(({ path }) => path.length > 1)
  return blinded && paths.length === 0 ? err({ code: 'no-relaying-peer' }) : ok(paths)
}
