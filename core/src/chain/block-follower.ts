import { equalBytes } from '../lib/bytes.ts'
import type { BlockHash } from '../lib/ids.ts'
import type { BlockHeight } from '../lib/units.ts'
import type { ChainBlock, ChainFollowing, ChainTip } from './chain-backend.ts'

/** What the follower asks about the best chain. Each may throw when the source cannot be reached. */
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
  /** Nothing is delivered after it has settled. */
  stop(): Promise<void>
}

/** How many delivered hashes are remembered: no reorganisation is deeper. */
const MEMORY = 2_016

/** Turns a source that can be asked into the ordered events of `ChainFollowing`. */
export const followBlocks = (source: BlockSource, { fromHeight, onEvent, onFailed }: ChainFollowing): BlockFollower => {
  /** The blocks delivered and not undone, the newest last. */
  const delivered: ChainTip[] = []
  let next: number = fromHeight
  let stopped = false
  let looking: Promise<void> | undefined
  let again = false

  const deliver = async (event: Parameters<typeof onEvent>[0]): Promise<boolean> => {
    try {
      await onEvent(event)
      return true
    } catch (error) {
      stopped = true
      onFailed(error)
      return false
    }
  }

  /** Undoes the newest block if the source has another in its place, or none. Says whether it did. */
  const undo = async (): Promise<boolean> => {
    const top = delivered.at(-1)
    const hash = top === undefined ? undefined : await source.hashAt(top.height)
    if (top === undefined || stopped || (hash !== undefined && equalBytes(hash, top.hash))) return false
    delivered.pop()
    next = top.height
    await deliver({ type: 'disconnected', tip: top })
    return true
  }

  /** One block forwards or back. Says whether there may be more to do. */
  const move = async (): Promise<boolean> => {
    const hash = await source.hashAt(next)
    if (hash === undefined) return undo()
    const block = await source.block(hash, next)
    if (block === undefined || stopped) return false
    const top = delivered.at(-1)
    if (top !== undefined && !equalBytes(block.header.previous, top.hash)) return undo()
    delivered.push({ height: block.height, hash: block.hash })
    if (delivered.length > MEMORY) delivered.shift()
    next = (block.height as number) + 1
    return deliver({ type: 'connected', block })
  }

  const lookOnce = async (): Promise<void> => {
    const tip = await source.tip()
    const top = delivered.at(-1)
    if (top !== undefined && equalBytes(top.hash, tip.hash)) return
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
    async stop() {
      stopped = true
      await looking?.catch(() => undefined)
    },
  }
}
