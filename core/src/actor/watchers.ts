import type { EndReason } from './types.ts'

type Watcher = (reason: EndReason) => void

/** Those who want to be told of an actor's end. Each is told once, even if it comes after the end. */
export class Watchers {
  readonly #watchers = new Set<Watcher>()
  readonly #onThrow: (error: unknown) => void
  #ended: EndReason | undefined

  constructor(onThrow: (error: unknown) => void) {
    this.#onThrow = onThrow
  }

  /** Returns a function that ends the watch. */
  add(onEnd: Watcher): () => void {
    if (this.#ended !== undefined) {
      this.#tell(onEnd, this.#ended)
      return () => {}
    }
    // Wrapped, so that the same function given twice counts as two watchers.
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
