import { type Failure, invariant } from '../lib/errors.ts'
import type { Result } from '../lib/result.ts'
import type { BlockHeight } from '../lib/units.ts'
import type { ChainBackend, ChainBlock, ChainEvent, ChainTip } from './chain-backend.ts'
import { mempoolLooker } from './mempool-looker.ts'
import type { ConfirmedWatch, SpentWatch, Unwatch, WatchHandler } from './watch.ts'
import { type Found, type WatchEntry, WatchTable } from './watch-table.ts'

export type { Unwatch } from './watch.ts'

export type BlockEvent =
  /** Forget what is known from above this height: the blocks above it are delivered again. Once, before any block. */
  | { readonly type: 'rewound'; readonly height: BlockHeight }
  | { readonly type: 'connected'; readonly block: ChainBlock }
  | { readonly type: 'disconnected'; readonly tip: ChainTip }

/** The last block that was handled, and the one from above which blocks are looked at again. */
export interface ChainCursor extends ChainTip {
  /** Absent until so many blocks have been followed. */
  readonly anchor?: ChainTip
}

/** Up to where the chain has been handled durably. */
export interface CursorStore {
  load(): ChainCursor | undefined | Promise<ChainCursor | undefined>
  /** Called when all handlers of the block are done. What they stored must not become durable after the cursor. */
  save(cursor: ChainCursor): void | Promise<void>
}

export interface WatcherOptions {
  readonly backend: ChainBackend
  readonly cursor: CursorStore
  /** How many blocks before the cursor are looked at again at start. */
  readonly reorgMargin?: number
  /** A handler or the cursor's store threw: the watcher has stopped, and so must the node. */
  readonly onFailed: (error: unknown) => void
}

/**
 * Follows the chain block by block and tells who asked about confirmations and spends. It needs no transaction index.
 * For each block: first `watchBlocks`, then spends and confirmations, then `watchHeight`, then the cursor moves.
 */
export interface ChainWatcher {
  /** Register what was watched before the restart first: blocks since the cursor are delivered from here on. */
  start(): Promise<Result<ChainTip, Failure>>
  stop(): Promise<void>
  /**
   * The last block whose events have been delivered; before the start, the cursor's, if its store tells at once.
   * `undefined` before the first block and while a reorganisation is under way.
   */
  position(): ChainTip | undefined
  /** The highest block whose events have ever been delivered. */
  handled(): BlockHeight
  /** Blocks that should have been looked through again, and were not to be had. */
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
  const { backend, cursor, reorgMargin = REORG_MARGIN, onFailed } = options
  const table = new WatchTable()
  const blockHandlers = new Set<WatchHandler<BlockEvent>>()
  const heightHandlers = new Set<WatchHandler<BlockHeight>>()
  /** Watches that must also look at blocks that have passed already. */
  let catchingUp: { readonly entry: WatchEntry; readonly since: number }[] = []
  const loading = cursor.load()
  let position: ChainTip | undefined = loading instanceof Promise ? undefined : loading
  /** The height up to which blocks have been delivered, known once started. */
  let height: number | undefined
  let delivering: number | undefined
  let last: ChainBlock | undefined
  /** The height of the cursor. */
  let saved = 0
  let failed = false
  let unseen: { from: number; to: number } | undefined
  /** The blocks that may be undone without the cursor's knowing, the newest last. */
  const recent: ChainTip[] = []
  /** Blocks and catching up take turns. */
  let turn: Promise<void> = Promise.resolve()

  const fail = (error: unknown): void => {
    if (failed) return
    failed = true
    onFailed(error)
  }

  const onMempool = mempoolLooker({ backend, entries: () => table.all(), isFailed: () => failed, fail })

  const inTurn = (task: () => Promise<void>): Promise<void> => {
    turn = turn.then(async () => {
      if (!failed) await task().catch(fail)
    })
    return turn
  }

  /** Calls one handler with an event; a throw becomes a rejection, so that one place deals with both. */
  const tell = async <E>(handler: WatchHandler<E>, event: E): Promise<void> => handler(event)

  const tellFound = (entry: WatchEntry, found: Found, tip: number): Promise<void> | undefined => {
    entry.found = found
    if (entry.type === 'spent') {
      const { tx, txid } = found
      return tell(entry.handler, { type: 'spent', outpoint: entry.outpoint, txid, tx, height: found.height })
    }
    const depth = tip - found.height + 1
    if (entry.isReported || depth < entry.minDepth) return undefined
    entry.isReported = true
    return tell(entry.handler, { type: 'confirmed', ...found, depth })
  }

  const connected = async (block: ChainBlock): Promise<void> => {
    const tip = block.height
    delivering = tip
    const told: (Promise<void> | undefined)[] = []
    for (const handler of blockHandlers) told.push(tell(handler, { type: 'connected', block }))
    for (const { entry, found } of table.matches(block)) {
      if (entry.found === undefined) told.push(tellFound(entry, found, tip))
    }
    for (const entry of table.all()) {
      if (entry.type === 'confirmed' && entry.found !== undefined && !entry.isReported) {
        told.push(tellFound(entry, entry.found, tip))
      }
    }
    for (const handler of heightHandlers) told.push(tell(handler, block.height))
    await Promise.all(told)
    height = tip
    position = { height: block.height, hash: block.hash }
    last = block
    delivering = undefined
    recent.push(position)
    if (recent.length > reorgMargin + 1) recent.shift()
    await catchUp()
    // While blocks before the cursor are looked at again, and after a reorganisation, it stays where it is.
    if (failed || tip < saved) return
    saved = tip
    await cursor.save(cursorAt(position))
  }

  /** At the next start blocks are looked at again from above the anchor, so it must not be undone by then. */
  const cursorAt = (tip: ChainTip): ChainCursor => {
    const anchor = recent.find(({ height }) => height === tip.height - reorgMargin)
    return anchor === undefined ? tip : { ...tip, anchor }
  }

  const disconnected = async (tip: ChainTip): Promise<void> => {
    const told: Promise<void>[] = []
    for (const handler of blockHandlers) told.push(tell(handler, { type: 'disconnected', tip }))
    for (const entry of table.all()) {
      if (entry.found?.height !== tip.height) continue
      const { txid } = entry.found
      entry.found = undefined
      if (entry.type === 'spent') {
        told.push(tell(entry.handler, { type: 'unspent', outpoint: entry.outpoint, height: tip.height }))
      } else if (entry.isReported) {
        entry.isReported = false
        told.push(tell(entry.handler, { type: 'unconfirmed', txid, height: tip.height }))
      }
    }
    await Promise.all(told)
    height = tip.height - 1
    position = undefined
    last = undefined
    if (recent.at(-1)?.height === tip.height) recent.pop()
  }

  /** Looks through blocks that have passed for the watches that ask for it, until none is left that does. */
  const catchUp = async (): Promise<void> => {
    while (catchingUp.length > 0 && height !== undefined && !failed) {
      const batch = catchingUp
      catchingUp = []
      const passed = new WatchTable()
      for (const { entry } of batch) passed.add(entry)
      const since = new Map(batch.map((waiting) => [waiting.entry, waiting.since]))
      for (let at = Math.min(...since.values()); at <= height && !failed; at++) {
        const block = last?.height === at ? last : await backend.getBlock(at)
        if (block === undefined) {
          unseen = { from: Math.min(unseen?.from ?? at, at), to: Math.max(unseen?.to ?? at, at) }
          continue
        }
        const told: (Promise<void> | undefined)[] = []
        for (const { entry, found } of passed.matches(block)) {
          if (entry.found === undefined && (since.get(entry) ?? 0) <= at) told.push(tellFound(entry, found, height))
        }
        await Promise.all(told)
      }
    }
  }

  const watch = (entry: WatchEntry): Unwatch => {
    table.add(entry)
    const since = entry.since ?? delivering ?? height
    // Before the start it is not known yet which blocks will be delivered.
    if (since !== undefined && (height === undefined || since <= (delivering ?? height))) {
      catchingUp.push({ entry, since })
      if (height !== undefined && delivering === undefined) void inTurn(catchUp)
    }
    return () => {
      table.delete(entry)
      catchingUp = catchingUp.filter((waiting) => waiting.entry !== entry)
      // A catch-up under way takes it for found.
      entry.found ??= ENDED
    }
  }

  return {
    async start() {
      invariant(height === undefined, 'the watcher is started once')
      const stored = await loading
      const wanted = stored === undefined ? Number.MAX_SAFE_INTEGER : Math.max(1, stored.height - reorgMargin + 1)
      saved = stored?.height ?? 0
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
        if (stored === undefined) saved = tip.height
        try {
          await Promise.all([...blockHandlers].map((handler) => tell(handler, { type: 'rewound', height: rewound })))
          if (stored === undefined) await cursor.save(tip)
          await catchUp()
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
    handled: () => saved,
    unseen: () => unseen,
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

/** Stands where a watch was ended. */
const ENDED: Found = {
  tx: { version: 2, inputs: [], outputs: [], lockTime: 0 },
  txid: new Uint8Array(32),
  txIndex: 0,
  height: -1,
}
