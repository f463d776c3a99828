import type { ChainBackend } from '../../chain/chain-backend.ts'
import type { ChainWatcher } from '../../chain/watcher.ts'
import type { BlockHeight } from '../../lib/units.ts'

/**
 * The height of the best chain as far as the node knows it: the blocks that it has handled, or those that its backend already has beyond
 * them. Blocks that are looked at again after a restart do not lower it; blocks that are undone do. Made before anyone else watches the
 * chain, so that it is up to date when they are told.
 */
export const currentHeight = (watcher: ChainWatcher, backend: ChainBackend): (() => BlockHeight) => {
  let handled = watcher.position()?.height ?? 0
  let following = false
  watcher.watchBlocks((event) => {
    following = true
    if (event.type === 'connected') handled = Math.max(handled, event.block.height)
    else if (event.type === 'disconnected') handled = event.tip.height - 1
  })
  // The backend knows its tip once it is followed.
  return () => (following ? Math.max(handled, backend.tip().height) : handled)
}
