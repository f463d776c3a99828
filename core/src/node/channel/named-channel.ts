import { isFunded } from '../../channel/index.ts'
import { compareBytes } from '../../lib/bytes.ts'
import type { NodeId, ShortChannelId } from '../../lib/ids.ts'
import type { ChannelDirectory } from './channel-directory.ts'

type Named = Pick<ChannelDirectory, 'byShortChannelId'>

/**
 * The peer of a channel of ours that somebody else's path names. BOLT 4, the reader: a channel is named by an alias of ours, or by its id on
 * the chain if it is announced. LDK names channels that are not announced by that id too, and it harms nobody, unless the channel is not to be
 * found by it.
 */
export const peerNamedBy = (directory: Named, id: ShortChannelId): NodeId | undefined => {
  const entry = directory.byShortChannelId(id)
  const durable = entry?.state.durable
  if (durable === undefined || !isFunded(durable)) return undefined
  const isHidden = durable.params.channelType.scidAlias && !durable.shortIds.localAliases.includes(id)
  return isHidden ? undefined : entry?.remoteNodeId
}

/** One end of a channel of ours that somebody else's path names. */
export const endNamedBy = (
  nodeId: NodeId,
  directory: Named,
  id: ShortChannelId,
  direction: 0 | 1,
): NodeId | undefined => {
  const peer = peerNamedBy(directory, id)
  if (peer === undefined) return undefined
  // BOLT 1, sciddir_or_pubkey: 0 is the end whose id is the lesser one.
  return compareBytes(nodeId, peer) < 0 === (direction === 0) ? nodeId : peer
}
