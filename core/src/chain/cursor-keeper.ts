import type { ChainTip } from './chain-backend.ts'

/** The last block that was handled, and what is known of the blocks below it. */
export interface ChainCursor extends ChainTip {
  /** The blocks that may be undone while nobody looks, the cursor's own last. Absent in a cursor of an earlier version. */
  readonly followed?: readonly ChainTip[]
  /** A block that cannot be undone any more. Absent until so many blocks have been followed. */
  readonly anchor?: ChainTip
}

/** Stores up to where the chain has been handled durably. */
export interface CursorStore {
  load(): ChainCursor | undefined | Promise<ChainCursor | undefined>
  /**
   * Called when all handlers of the block are done: what they stored must not become durable after the cursor. Before a block is undone, it
   * is called with the block below. `isNew`: the chain is as high as it ever was.
   */
  save(cursor: ChainCursor, isNew: boolean): void | Promise<void>
}

/**
 * Moves the cursor on as blocks are handled, and back before they are undone. What was stored because of a block above the cursor may be there
 * or not; whatever is at or below it is complete, and belongs to the blocks that the cursor names.
 */
export class CursorKeeper {
  readonly #store: CursorStore
  readonly #depth: number
  #recent: ChainTip[] = []
  #anchor: ChainTip | undefined
  #height = 0

  constructor(store: CursorStore, depth: number) {
    this.#store = store
    this.#depth = depth
  }

  /** The height of the highest block that was ever handled. */
  get height(): number {
    return this.#height
  }

  /** Begins where the cursor was left, or at the tip if no chain was followed before. */
  begin({ height, followed = [], anchor }: ChainCursor): void {
    this.#height = height
    this.#recent = [...followed]
    this.#anchor = anchor
  }

  /** The first tip that was ever followed. */
  async first(tip: ChainTip): Promise<void> {
    this.begin({ ...tip, followed: [tip] })
    await this.#save(tip, true)
  }

  /** The block is handled. */
  async connected(tip: ChainTip): Promise<void> {
    this.#recent.push(tip)
    if (this.#recent.length > this.#depth) this.#anchor = this.#recent.shift()
    const isNew = tip.height >= this.#height
    this.#height = Math.max(this.#height, tip.height)
    await this.#save(tip, isNew)
  }

  /** The block is about to be undone. */
  async undoing({ height }: ChainTip): Promise<void> {
    if (this.#anchor?.height === height) this.#anchor = undefined
    if (this.#recent.at(-1)?.height !== height) return
    this.#recent.pop()
    const below = this.#recent.at(-1) ?? this.#anchor
    if (below !== undefined) await this.#save(below, false)
  }

  async #save(tip: ChainTip, isNew: boolean): Promise<void> {
    const anchor = this.#anchor
    await this.#store.save({ ...tip, followed: [...this.#recent], ...(anchor && { anchor }) }, isNew)
  }
}
