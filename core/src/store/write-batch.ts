import type { Write } from './store.ts'
import { keyName, type WaitingWrites } from './waiting-writes.ts'

/** What one commit writes to one table. */
export interface TableWrites {
  readonly puts: readonly Write[]
  readonly deletes: readonly Uint8Array[]
}

/** Collects submissions for the next commit: the last write to a key wins, callbacks keep their order. */
export class WriteBatch {
  readonly #tables = new Map<string, Map<string, Write>>()
  readonly #callbacks: (() => void)[] = []
  readonly #waiting: WaitingWrites

  constructor(waiting: WaitingWrites) {
    this.#waiting = waiting
  }

  add(writes: readonly Write[], onDurable?: () => void): void {
    // If a write takes back a row of this commit, a start after a crash would find nothing to repair: then the rest of the batch must not
    // wait either.
    const mayWait = !writes.some((write) => write.mayWait === true && this.#has(write))
    for (const write of writes) {
      let rows = this.#tables.get(write.table)
      if (rows === undefined) {
        rows = new Map()
        this.#tables.set(write.table, rows)
      }
      const name = keyName(write.key)
      const earlier = rows.get(name)
      if (mayWait && write.mayWait === true && earlier === undefined) {
        this.#waiting.add(write, name)
        continue
      }
      this.#waiting.forget(write.table, name)
      // A write that follows a deletion in the same commit is new to the writer, but not to the disk.
      if (earlier?.isNew !== true) rows.set(name, earlier === undefined ? write : { ...write, isNew: false })
      else if (write.value === undefined) rows.delete(name)
      else rows.set(name, { ...write, isNew: true })
    }
    if (onDurable !== undefined) this.#callbacks.push(onDurable)
  }

  #has({ table, key }: Write): boolean {
    return this.#tables.get(table)?.has(keyName(key)) === true
  }

  get isEmpty(): boolean {
    return this.#tables.size === 0 && this.#callbacks.length === 0
  }

  get hasWrites(): boolean {
    for (const rows of this.#tables.values()) if (rows.size > 0) return true
    return false
  }

  /** The writes of each table, with puts and deletes apart. */
  *tables(): Iterable<[string, TableWrites]> {
    for (const [table, rows] of this.#tables) {
      const puts: Write[] = []
      const deletes: Uint8Array[] = []
      for (const write of rows.values()) {
        if (write.value === undefined) deletes.push(write.key)
        else puts.push(write)
      }
      yield [table, { puts, deletes }]
    }
  }

  release(): void {
    for (const callback of this.#callbacks) callback()
  }
}
