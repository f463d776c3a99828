import type { EndReason } from './types.ts'

type Watcher = (reason: EndReason) => void

/** Who wants to hear of an actor's end. Each hears of it once, also who comes after it. */
export class Watchers {
  readonly #watchers = new Set<Watcher>()
  readonly #onThrow: (error: unknown) => void
  #ended: EndReason | undefined

  constructor(onThrow: (error: unknown) => void) {
    this.#onThrow = onThrow
  }

  /** Returns how to hear of it no more. */
  add(onEnd: Watcher): () => void {
    if (this.#ended !== undefined) {
      this.#tell(onEnd, this.#ended)
      return () => {}
    }
    // Wrapped, so that the same function given twice is two watchers.
    const watcher = (reason: EndReason): void => onEnd(reason)
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** The actor has ended. */
  tell(reason: EndReason): void {
    this.#ended = reason
    for (const watcher of this.#watchers) this.#tell(watcher, reason)
    this.#watchers.clear()
  }

  #tell(watcher: Watcher, reason: EndReason): void {
    try {
      watcher(reason)
    } catch (error) {
      this.#onThrow(error)
    }
  }
}
