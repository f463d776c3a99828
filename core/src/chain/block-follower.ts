import { displayBlockHash } from '../bitcoin/block.ts'
import { equalBytes } from '../lib/bytes.ts'
import { FailureError } from '../lib/errors.ts'
import type { BlockHash } from '../lib/ids.ts'
import type { BlockHeight } from '../lib/units.ts'
import type { ChainBlock, ChainFollowing, ChainRewritten, ChainTip } from './chain-backend.ts'
import { REORG_DEPTH } from './reorg-depth.ts'

/** The follower's view of the best chain. Each method may throw if the source cannot be reached. */
export interface BlockSource {
  tip(): Promise<ChainTip>
  /** `undefined` above the tip. */
  hashAt(height: BlockHeight): Promise<BlockHash | undefined>
  /** `undefined` when it is not there any more. */
  block(hash: BlockHash, height: BlockHeight): Promise<ChainBlock | undefined>
}

export interface BlockFollower {
  /** Looks at the source and delivers what has changed; at once, or after the look under way. Rejects when it throws. */
  look(): Promise<void>
  /** The block to be delivered next, while the source does not have it any more. */
  readonly missing: BlockHeight | undefined
  /** Nothing is delivered after it has settled. */
  stop(): Promise<void>
}

/** How many delivered hashes are remembered: no reorganisation is deeper. */
const MEMORY = 2_016

/** The first block to deliver: what must be below it is waited for, and where nothing is known of that, the chain may be shorter. */
export const firstHeight = ({ fromHeight, anchor, followed = [] }: ChainFollowing, tip: ChainTip): BlockHeight =>
  anchor === undefined && followed.length === 0 ? Math.min(fromHeight, tip.height + 1) : fromHeight

/**
 * Turns a source that can be polled into the ordered events of `ChainFollowing`. A best chain that is only shorter than what was delivered
 * undoes nothing: a backend that loads or downloads its blocks anew looks like that.
 */
export const followBlocks = (
  source: BlockSource,
  { fromHeight, anchor, followed = [], onEvent, onFailed }: ChainFollowing,
): BlockFollower => {
  /** The blocks delivered and not undone, the newest last; at first those that were handled before the start. */
  const delivered: ChainTip[] = followed.filter(({ height }) => height > (anchor?.height ?? -1) && height < fromHeight)
  /** The block below them, which cannot be undone. */
  let base: ChainTip | undefined = anchor
  let isBased = fromHeight === 0
  let next: number = fromHeight
  let missing: BlockHeight | undefined
  let stopped = false
  let looking: Promise<void> | undefined
  let again = false

  const fail = (error: unknown): false => {
    stopped = true
    onFailed(error)
    return false
  }

  const deliver = async (event: Parameters<typeof onEvent>[0]): Promise<boolean> => {
    try {
      await onEvent(event)
      return true
    } catch (error) {
      return fail(error)
    }
  }

  /** Whether the best chain contains the block that cannot be undone; a chain with another block there is not ours. */
  const isOnBase = async (): Promise<boolean> => {
    if (base === undefined) return true
    const hash = await source.hashAt(base.height)
    if (hash === undefined || stopped) return false
    return equalBytes(hash, base.hash) || fail(rewritten(base, hash))
  }

  /**
   * Compares the anchor with the source, or learns what is below the lowest block that is known: whatever is there now can be undone later.
   * If the lowest block that was handled before the start is gone, another branch may begin further down, and nothing of it was told: its
   * blocks are delivered. Returns whether the source knows what is below.
   */
  const findBase = async (): Promise<boolean> => {
    if (base !== undefined) return isOnBase()
    const lowest = delivered[0]?.height ?? fromHeight
    const found: ChainTip[] = []
    for (let height = Math.max(0, fromHeight - 1 - REORG_DEPTH); height < lowest; height++) {
      const hash = await source.hashAt(height)
      if (hash === undefined) return false
      found.push({ height, hash })
    }
    const handled = delivered[0]
    const there = handled && (await source.hashAt(handled.height))
    base = found.shift()
    if (handled === undefined || there === undefined || equalBytes(there, handled.hash)) delivered.unshift(...found)
    return true
  }

  /** Undoes the newest block if the best chain has another in its place. Returns whether it did. */
  const undo = async (): Promise<boolean> => {
    const top = delivered.at(-1) ?? base
    if (top === undefined) return false
    let hash = await source.hashAt(top.height)
    if (hash === undefined) {
      const tip = await source.tip()
      const known = tip.height === base?.height ? base : delivered.find(({ height }) => height === tip.height)
      if (known === undefined || equalBytes(known.hash, tip.hash)) return false
      hash = tip.hash
    }
    if (stopped || equalBytes(hash, top.hash) || !(await isOnBase())) return false
    delivered.pop()
    next = (delivered.at(-1) ?? base ?? { height: top.height - 1 }).height + 1
    return deliver({ type: 'disconnected', tip: top })
  }

  /** One block forwards or back. Returns whether there may be more to do. */
  const move = async (): Promise<boolean> => {
    const hash = await source.hashAt(next)
    if (hash === undefined) return undo()
    const block = await source.block(hash, next)
    if (stopped) return false
    missing = block === undefined ? next : undefined
    if (block === undefined) return undo()
    const top = delivered.at(-1) ?? base
    if (top !== undefined && !equalBytes(block.header.previous, top.hash)) return undo()
    delivered.push({ height: block.height, hash: block.hash })
    if (delivered.length > MEMORY) base = delivered.shift()
    next = block.height + 1
    return deliver({ type: 'connected', block })
  }

  const lookOnce = async (): Promise<void> => {
    const tip = await source.tip()
    isBased ||= await findBase()
    const top = delivered.at(-1) ?? base
    if (!isBased || (top !== undefined && equalBytes(top.hash, tip.hash))) return
    while (!stopped && (await move())) {}
  }

  const run = async (): Promise<void> => {
    try {
      do {
        again = false
        await lookOnce()
      } while (again && !stopped)
    } finally {
      looking = undefined
    }
  }

  return {
    look() {
      if (stopped) return Promise.resolve()
      again = looking !== undefined
      looking ??= run()
      return looking
    },
    get missing() {
      return missing
    },
    async stop() {
      stopped = true
      await looking?.catch(() => undefined)
    },
  }
}

const rewritten = ({ height, hash }: ChainTip, actual: BlockHash): FailureError<ChainRewritten> =>
  new FailureError({
    code: 'chain-rewritten',
    height,
    expected: displayBlockHash(hash),
    actual: displayBlockHash(actual),
  })
