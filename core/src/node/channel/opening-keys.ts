import type { OpeningKeys } from '../../channel/index.ts'
import type { NodeId, ShortChannelId } from '../../lib/ids.ts'
import type { Rng } from '../../lib/rng.ts'
import type { Signer } from '../keys/signer.ts'
import type { ChannelDirectory } from './channel-directory.ts'
import type { KeyIndexes } from './key-indexes.ts'
import type { ShutdownScripts } from './shutdown-scripts.ts'

export interface OpeningKeysOptions {
  readonly signer: Signer
  readonly indexes: KeyIndexes
  readonly scripts: ShutdownScripts
  readonly rng: Rng
  readonly channelDirectory: ChannelDirectory
}

/** Fresh keys, an alias of its own and a wallet address for a channel that is about to be opened. */
export const openingKeys = (remoteNodeId: NodeId, options: OpeningKeysOptions): OpeningKeys => {
  const { signer, indexes, scripts, rng, channelDirectory } = options
  const keyIndex = indexes.next()
  return {
    localNodeId: signer.nodeId,
    remoteNodeId,
    keyIndex,
    localKeys: signer.channel(keyIndex).publicKeys,
    alias: freshAlias(rng, channelDirectory),
    localShutdownScript: scripts.take(),
  }
}

// Far above any block that will be mined, and within the 24 bits that a real id has for the height: an alias is never taken for a real id.
const FIRST_ALIAS_HEIGHT = 0xf00000n

const freshAlias = (rng: Rng, directory: ChannelDirectory): ShortChannelId => {
  for (;;) {
    const drawn = new DataView(rng.bytes(8).buffer).getBigUint64(0)
    const alias = ((FIRST_ALIAS_HEIGHT + (drawn >> 44n)) << 40n) | (drawn & 0xffffffffffn)
    if (!directory.hasShortChannelId(alias)) return alias
  }
}
