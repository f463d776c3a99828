import type { Write } from './store.ts'

/** A key as one of a map. */
export const keyName = (key: Uint8Array): string =>
  Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')

/** So many share a commit: keys that are near to each other are then taken out of few pages by one statement. */
const SHARED = 256

/** The deletions that wait for others, and then share a commit. */
export class WaitingDeletions {
  readonly #tables = new Map<string, Map<string, Write>>()
  #count = 0

  add(deletion: Write, name: string): void {
    let keys = this.#tables.get(deletion.table)
    if (keys === undefined) {
      keys = new Map()
      this.#tables.set(deletion.table, keys)
    }
    if (!keys.has(name)) this.#count += 1
    keys.set(name, { table: deletion.table, key: deletion.key, value: undefined })
  }

  /** The key is written again, or deleted now. */
  forget(table: string, name: string): void {
    if (this.#tables.get(table)?.delete(name) === true) this.#count -= 1
  }

  has(table: string): boolean {
    return (this.#tables.get(table)?.size ?? 0) > 0
  }

  get areMany(): boolean {
    return this.#count >= SHARED
  }

  take(): readonly Write[] {
    const deletions = [...this.#tables.values()].flatMap((keys) => [...keys.values()])
    this.#tables.clear()
    this.#count = 0
    return deletions
  }
}
