import type { ChainTip } from './chain-backend.ts'

/** The last block that was handled, and the anchor: blocks above it are looked at again. */
export interface ChainCursor extends ChainTip {
  /** Absent until so many blocks have been followed. */
  readonly anchor?: ChainTip
}

/** Stores up to where the chain has been handled durably. */
export interface CursorStore {
  load(): ChainCursor | undefined | Promise<ChainCursor | undefined>
  /** Called when all handlers of the block are done. What they stored must not become durable after the cursor. */
  save(cursor: ChainCursor): void | Promise<void>
}

/** Moves the cursor on as blocks are handled. */
export class CursorKeeper {
  readonly #store: CursorStore
  readonly #reorgMargin: number
  /** The blocks that may be undone without the cursor's knowledge, the newest last. */
  readonly #recent: ChainTip[] = []
  #height = 0

  constructor(store: CursorStore, reorgMargin: number) {
    this.#store = store
    this.#reorgMargin = reorgMargin
  }

  /** The height of the cursor: that of the highest block that was ever handled. */
  get height(): number {
    return this.#height
  }

  /** Begins where the cursor was left, or at the tip if no chain was followed before. */
  begin(height: number): void {
    this.#height = height
  }

  connected(tip: ChainTip): void {
    this.#recent.push(tip)
    if (this.#recent.length > this.#reorgMargin + 1) this.#recent.shift()
  }

  disconnected({ height }: ChainTip): void {
    if (this.#recent.at(-1)?.height === height) this.#recent.pop()
  }

  /** The block is handled. While blocks before the cursor are looked at again, and after a reorganisation, it stays where it is. */
  async advance(tip: ChainTip): Promise<void> {
    if (tip.height < this.#height) return
    this.#height = tip.height
    await this.#store.save(this.#cursorAt(tip))
  }

  /** At the next start blocks are looked at again from above the anchor, so it must not be undone by then. */
  #cursorAt(tip: ChainTip): ChainCursor {
    const anchor = this.#recent.find(({ height }) => height === tip.height - this.#reorgMargin)
    return anchor === undefined ? tip : { ...tip, anchor }
  }
}
