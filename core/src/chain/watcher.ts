import { type Failure, invariant } from '../lib/errors.ts'
import type { Result } from '../lib/result.ts'
import type { BlockHeight } from '../lib/units.ts'
import { CatchUp } from './catch-up.ts'
import type { ChainBackend, ChainBlock, ChainEvent, ChainTip } from './chain-backend.ts'
import { CursorKeeper, type CursorStore } from './cursor-keeper.ts'
import { mempoolLooker } from './mempool-looker.ts'
import type { ConfirmedWatch, SpentWatch, Unwatch, WatchHandler } from './watch.ts'
import { type WatchEntry, WatchTable } from './watch-table.ts'
import { tell, tellFound, tellUndone } from './watch-telling.ts'

export type { Unwatch } from './watch.ts'

export type BlockEvent =
  /** Forget everything above this height: the blocks above it are delivered again. Called once, before any block. */
  | { readonly type: 'rewound'; readonly height: BlockHeight }
  | { readonly type: 'connected'; readonly block: ChainBlock }
  | { readonly type: 'disconnected'; readonly tip: ChainTip }

export interface WatcherOptions {
  readonly backend: ChainBackend
  readonly cursor: CursorStore
  /** How many blocks before the cursor are looked at again at start. */
  readonly reorgMargin?: number
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
  /** The height after each connected block; it falls back when blocks are undone. */
  watchHeight(handler: WatchHandler<BlockHeight>): Unwatch
  /** Every block, for a wallet. */
  watchBlocks(handler: WatchHandler<BlockEvent>): Unwatch
}

const REORG_MARGIN = 24

/** Follows a backend from the cursor on. */
export const chainWatcher = (options: WatcherOptions): ChainWatcher => {
  const { backend, cursor: store, reorgMargin = REORG_MARGIN, onFailed } = options
  const table = new WatchTable()
  const blockHandlers = new Set<WatchHandler<BlockEvent>>()
  const heightHandlers = new Set<WatchHandler<BlockHeight>>()
  const cursor = new CursorKeeper(store, reorgMargin)
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
    cursor.connected(position)
    await passed.run(tip)
    if (!failed) await cursor.advance(position)
  }

  const disconnected = async (tip: ChainTip): Promise<void> => {
    const told: (Promise<void> | undefined)[] = []
    for (const handler of blockHandlers) told.push(tell(handler, { type: 'disconnected', tip }))
    for (const entry of table.all()) told.push(tellUndone(entry, tip.height))
    await Promise.all(told)
    height = tip.height - 1
    position = undefined
    last = undefined
    cursor.disconnected(tip)
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
      const wanted = stored === undefined ? Number.MAX_SAFE_INTEGER : Math.max(1, stored.height - reorgMargin + 1)
      if (stored !== undefined) cursor.begin(stored.height)
      const starting = Promise.withResolvers<void>()
      void inTurn(() => starting.promise)
      // Another margin than before, or a cursor that was kept before there were anchors.
      const anchor = stored?.anchor?.height === wanted - 1 ? stored.anchor : undefined
      const onEvent = (event: ChainEvent): Promise<void> =>
        inTurn(() => (event.type === 'connected' ? connected(event.block) : disconnected(event.tip)))
      const following = { fromHeight: wanted, ...(anchor && { anchor }), onEvent, onMempool, onFailed: fail }
      const started = await backend.start(following)
      if (started.ok) {
        const tip = started.value
        // A backend that has not come so far (again) as the anchor has nothing to deliver yet.
        const rewound = anchor === undefined ? Math.min(wanted - 1, tip.height) : wanted - 1
        height = rewound
        position = rewound === tip.height ? tip : undefined
        if (stored === undefined) cursor.begin(tip.height)
        try {
          await Promise.all([...blockHandlers].map((handler) => tell(handler, { type: 'rewound', height: rewound })))
          if (stored === undefined) await store.save(tip)
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
    watchConfirmed: (confirmed) => watch({ ...confirmed, type: 'confirmed', found: undefined, isReported: false }),
    watchSpent: (spent) => watch({ ...spent, type: 'spent', found: undefined, waiting: undefined }),
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
