import type { Write } from './store.ts'

/** A key in a form that a map can use. */
export const keyName = (key: Uint8Array): string =>
  Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')

/** This many writes share a commit: keys that are near each other are then in few pages, and one statement reaches them all. */
const SHARED = 256

/** Writes that wait until there are enough of them, and then share a commit. */
export class WaitingWrites {
  readonly #tables = new Map<string, Map<string, Write>>()
  #count = 0

  add(write: Write, name: string): void {
    let keys = this.#tables.get(write.table)
    if (keys === undefined) {
      keys = new Map()
      this.#tables.set(write.table, keys)
    }
    if (!keys.has(name)) this.#count += 1
    keys.set(name, { ...write, mayWait: false })
  }

  /** The key is written now. */
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
    const writes = [...this.#tables.values()].flatMap((keys) => [...keys.values()])
    this.#tables.clear()
    this.#count = 0
    return writes
  }
}
