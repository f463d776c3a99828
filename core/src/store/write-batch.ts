import type { Write } from './store.ts'

/** What one commit writes to one table. */
export interface TableWrites {
  readonly puts: readonly Write[]
  readonly deletes: readonly Uint8Array[]
}

/** Collects submissions for the next commit: the last write to a key wins, callbacks keep their order. */
export class WriteBatch {
  readonly #tables = new Map<string, Map<string, Write>>()
  readonly #callbacks: (() => void)[] = []

  add(writes: readonly Write[], onDurable?: () => void): void {
    for (const write of writes) {
      let rows = this.#tables.get(write.table)
      if (rows === undefined) {
        rows = new Map()
        this.#tables.set(write.table, rows)
      }
      const { key } = write
      rows.set(Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1'), write)
    }
    if (onDurable !== undefined) this.#callbacks.push(onDurable)
  }

  get isEmpty(): boolean {
    return this.#tables.size === 0 && this.#callbacks.length === 0
  }

  get hasWrites(): boolean {
    return this.#tables.size > 0
  }

  /** The writes of each table, puts and deletes apart. */
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
