import { equalBytes, utf8Encode } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import type { NodeAnnouncement } from '../../wire/messages/gossip.ts'
import { REFRESHED_AFTER } from './own-update.ts'

/** What this node says about itself. */
export interface OwnNode {
  readonly nodeId: NodeId
  readonly features: FeatureVector
  /** At most 32 bytes of UTF-8. */
  readonly alias: string
  /** Red, green, blue: a byte each. */
  readonly rgbColor: Uint8Array
  /** Address descriptors in ascending order of their types. */
  readonly addresses: Uint8Array
}

const ALIAS_BYTES = 32
const NOT_SIGNED = new Uint8Array(64)

/** BOLT 7, node_announcement: whether an alias fits, and is text that others can show. */
export const isAlias = (alias: string): boolean =>
  alias.isWellFormed() && !/\p{C}/u.test(alias) && utf8Encode(alias).length <= ALIAS_BYTES

/**
 * The `node_announcement` that the network should have now, without its signature; `undefined` while `last` is as good. `now` is in seconds
 * since the Unix epoch.
 */
export const nextOwnNode = (
  last: NodeAnnouncement | undefined,
  { nodeId, features, alias, rgbColor, addresses }: OwnNode,
  now: number,
): NodeAnnouncement | undefined => {
  // BOLT 7: valid UTF-8, with zeroes behind it.
  const padded = new Uint8Array(ALIAS_BYTES)
  padded.set(utf8Encode(alias))
  const announcement: NodeAnnouncement = {
    type: 'node_announcement',
    signature: NOT_SIGNED,
    features,
    // BOLT 7: greater than that of any announcement made before, whatever the clock says.
    timestamp: Math.max(now, (last?.timestamp ?? 0) + 1),
    nodeId,
    rgbColor,
    alias: padded,
    addresses,
  }
  const isRepeated =
    last !== undefined &&
    equalBytes(last.features, features) &&
    equalBytes(last.rgbColor, rgbColor) &&
    equalBytes(last.alias, padded) &&
    equalBytes(last.addresses, addresses)
  return isRepeated && now < last.timestamp + REFRESHED_AFTER ? undefined : announcement
}
