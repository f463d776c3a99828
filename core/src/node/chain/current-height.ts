import type { ChainBackend } from '../../chain/chain-backend.ts'
import type { ChainWatcher } from '../../chain/watcher.ts'
import type { BlockHeight } from '../../lib/units.ts'

/**
 * The height of the block being handled, or of the last one that was. Made before anyone else watches the chain, so that
 * it is right when they are told.
 */
export const currentHeight = (watcher: ChainWatcher, backend: ChainBackend): (() => BlockHeight) => {
  let height: BlockHeight | undefined
  watcher.watchBlocks((event) => {
    switch (event.type) {
      case 'connected':
        height = event.block.height
        break
      case 'rewound':
        height = event.height
        break
      case 'disconnected':
        height = (event.tip.height as number) - 1
        break
    }
  })
  return () => height ?? watcher.position()?.height ?? backend.tip().height
}
