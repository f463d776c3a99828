/** Which plugins run. What a plugin has set for the time that it runs goes with it. */
export class PluginPresence {
  readonly #runs = new Map<string, number>()
  readonly #listeners: ((name: string) => void)[] = []

  /** A run of the plugin begins. Returns what is called when it has ended. */
  begin(name: string): () => void {
    this.#runs.set(name, (this.#runs.get(name) ?? 0) + 1)
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      const left = (this.#runs.get(name) ?? 1) - 1
      if (left > 0) this.#runs.set(name, left)
      else this.#runs.delete(name)
      for (const listener of this.#listeners) listener(name)
    }
  }

  has(name: string): boolean {
    return this.#runs.has(name)
  }

  /** Calls the listener whenever a run has ended. */
  onEnd(listener: (name: string) => void): void {
    this.#listeners.push(listener)
  }
}
