import type { ChannelId, NodeId } from '../../lib/ids.ts'

/** What names a channel, in every phase. */
export interface Ids {
  /** By which the peer knows the channel now: the temporary id until the funding outpoint is known. */
  readonly channelId: ChannelId
  readonly localNodeId: NodeId
  readonly remoteNodeId: NodeId
  /** The signer finds our keys by it. A channel gets its keys when it is opened or accepted. */
  readonly keyIndex?: number
}
