import { type Failure, invariant } from '../lib/errors.ts'
import type { TxId } from '../lib/ids.ts'
import type { Result } from '../lib/result.ts'
import type { BlockHeight } from '../lib/units.ts'
import { firstHeight } from './block-follower.ts'
import { CatchUp } from './catch-up.ts'
import type { ChainBackend, ChainBlock, ChainEvent, ChainTip } from './chain-backend.ts'
import { type ChainCursor, CursorKeeper, type CursorStore } from './cursor-keeper.ts'
import { mempoolLooker } from './mempool-looker.ts'
import { REORG_DEPTH } from './reorg-depth.ts'
import type { ConfirmedWatch, SpentWatch, Unwatch, WatchHandler } from './watch.ts'
import { newEntry, type WatchEntry, WatchTable } from './watch-table.ts'
import { tell, tellFound, tellUndone } from './watch-telling.ts'

export type BlockEvent =
  /** Forget everything above this height: the blocks above it are delivered again. Called once, before any block. */
  | { readonly type: 'rewound'; readonly height: BlockHeight }
  | { readonly type: 'connected'; readonly block: ChainBlock }
  | { readonly type: 'disconnected'; readonly tip: ChainTip }

export interface WatcherOptions {
  readonly backend: ChainBackend
  readonly cursor: CursorStore
  /** How many blocks may be undone while the watcher does not follow the chain. */
  readonly reorgDepth?: number
  /** A handler or the cursor's store threw: the watcher has stopped, and so must the node. */
  readonly onFailed: (error: unknown) => void
}

/**
 * Follows the chain block by block and reports confirmations and spends to those who watch for them. It needs no transaction index. For
 * each block: first `watchBlocks`, then spends and confirmations, then `watchHeight`, then the cursor moves.
 */
export interface ChainWatcher {
  /** First register everything that was watched before the restart: blocks since the cursor are delivered from here on. */
  start(): Promise<Result<ChainTip, Failure>>
  stop(): Promise<void>
  /**
   * The last block whose events have been delivered; before the start, the cursor's, if its store tells at once.
   * `undefined` before the first block and while a reorganisation is under way.
   */
  position(): ChainTip | undefined
  /** The highest block whose events have ever been delivered. */
  handled(): BlockHeight
  /** Blocks that should have been scanned again, and could not be obtained. */
  unseen(): { readonly from: BlockHeight; readonly to: BlockHeight } | undefined
  watchConfirmed(watch: ConfirmedWatch): Unwatch
  watchSpent(watch: SpentWatch): Unwatch
  /** The block in which a watched transaction was found, however deep it has to be before that is told. */
  foundAt(txid: TxId): BlockHeight | undefined
  /** The height after each connected block; it falls back when blocks are undone. */
  watchHeight(handler: WatchHandler<BlockHeight>): Unwatch
  /** Every block, for a wallet. */
  watchBlocks(handler: WatchHandler<BlockEvent>): Unwatch
}

/** A cursor of an earlier version names one block so far below itself, or none: the blocks above are delivered again. */
const EARLIER_MARGIN = 24

/** The last block that is known to be handled, what is known below it, and the first block to deliver. */
const placeOf = (stored: ChainCursor | undefined) => {
  if (stored === undefined) return { fromHeight: Number.MAX_SAFE_INTEGER, isFirst: true } as const
  const { followed, anchor, height } = stored
  if (followed !== undefined) return { fromHeight: height + 1, followed, ...(anchor && { anchor }) }
  const fromHeight = Math.max(1, height - EARLIER_MARGIN + 1)
  return { fromHeight, ...(anchor?.height === fromHeight - 1 && { anchor }) }
}

/** Follows a backend from the cursor on. */
export const chainWatcher = (options: WatcherOptions): ChainWatcher => {
  const { backend, cursor: store, reorgDepth = REORG_DEPTH, onFailed } = options
  const table = new WatchTable()
  const blockHandlers = new Set<WatchHandler<BlockEvent>>()
  const heightHandlers = new Set<WatchHandler<BlockHeight>>()
  const cursor = new CursorKeeper(store, reorgDepth)
  const loading = store.load()
  let position: ChainTip | undefined = loading instanceof Promise ? undefined : loading
  /** The height up to which blocks have been delivered, known once started. */
  let height: number | undefined
  let delivering: number | undefined
  let last: ChainBlock | undefined
  let failed = false
  /** Blocks and catching up take turns. */
  let turn: Promise<void> = Promise.resolve()

  const fail = (error: unknown): void => {
    if (failed) return
    failed = true
    onFailed(error)
  }
  const isFailed = (): boolean => failed
  const onMempool = mempoolLooker({ backend, entries: () => table.all(), isFailed, fail })
  const passed = new CatchUp({
    block: async (at) => (last?.height === at ? last : backend.getBlock(at)),
    isFailed,
  })

  const inTurn = (task: () => Promise<void>): Promise<void> => {
    turn = turn.then(async () => {
      if (!failed) await task().catch(fail)
    })
    return turn
  }

  const connected = async (block: ChainBlock): Promise<void> => {
    const tip = block.height
    delivering = tip
    const told: (Promise<void> | undefined)[] = []
    for (const handler of blockHandlers) told.push(tell(handler, { type: 'connected', block }))
    for (const { entry, found } of table.matches(block)) {
      if (entry.found === undefined) told.push(tellFound(entry, found, tip))
    }
    // What its owner knew of this height, and this block does not hold.
    for (const entry of table.all()) if (entry.known?.height === tip) told.push(tellUndone(entry, tip))
    // What was found before may be deep enough now.
    for (const entry of table.all()) {
      if (entry.type === 'confirmed' && entry.found !== undefined) told.push(tellFound(entry, entry.found, tip))
    }
    for (const handler of heightHandlers) told.push(tell(handler, tip))
    await Promise.all(told)
    height = tip
    position = { height: tip, hash: block.hash }
    last = block
    delivering = undefined
    await passed.run(tip)
    if (!failed) await cursor.connected(position)
  }

  const disconnected = async (tip: ChainTip): Promise<void> => {
    await cursor.undoing(tip)
    const told: (Promise<void> | undefined)[] = []
    for (const handler of blockHandlers) told.push(tell(handler, { type: 'disconnected', tip }))
    for (const entry of table.all()) told.push(tellUndone(entry, tip.height))
    await Promise.all(told)
    height = tip.height - 1
    position = undefined
    last = undefined
  }

  const watch = (entry: WatchEntry): Unwatch => {
    table.add(entry)
    const since = entry.since ?? delivering ?? height
    // Before the start it is not known yet which blocks will be delivered.
    if (since !== undefined && (height === undefined || since <= (delivering ?? height))) {
      passed.add(entry, since)
      if (height !== undefined && delivering === undefined) void inTurn(() => passed.run(height as number))
    }
    return () => {
      table.delete(entry)
      passed.remove(entry)
    }
  }

  return {
    async start() {
      invariant(height === undefined, 'the watcher is started once')
      const stored = await loading
      const place = placeOf(stored)
      if (stored !== undefined) cursor.begin({ ...stored, ...place })
      const starting = Promise.withResolvers<void>()
      void inTurn(() => starting.promise)
      const onEvent = (event: ChainEvent): Promise<void> =>
        inTurn(() => (event.type === 'connected' ? connected(event.block) : disconnected(event.tip)))
      const following = { ...place, onEvent, onMempool, onFailed: fail }
      const started = await backend.start(following)
      if (started.ok) {
        const tip = started.value
        // A backend that has not come so far (again) as what was followed has nothing to deliver yet.
        const rewound = firstHeight(following, tip) - 1
        height = rewound
        position = rewound === tip.height ? tip : undefined
        try {
          await Promise.all([...blockHandlers].map((handler) => tell(handler, { type: 'rewound', height: rewound })))
          if (stored === undefined) await cursor.first(tip)
          await passed.run(rewound)
        } catch (error) {
          fail(error)
        }
      }
      starting.resolve()
      onMempool()
      return started
    },
    async stop() {
      await backend.stop()
      await turn
    },
    position: () => position,
    handled: () => cursor.height,
    unseen: () => passed.unseen,
    watchConfirmed: (confirmed) => watch(newEntry.confirmed(confirmed)),
    watchSpent: (spent) => watch(newEntry.spent(spent)),
    foundAt: (txid) => table.foundAt(txid),
    watchHeight(handler) {
      heightHandlers.add(handler)
      return () => void heightHandlers.delete(handler)
    },
    watchBlocks(handler) {
      blockHandlers.add(handler)
      return () => void blockHandlers.delete(handler)
    },
  }
}
