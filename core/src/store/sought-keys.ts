import { HEAD_BYTES, KeyFilter } from './key-filter.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

/** Keys in one read from the disk. */
const PAGE = 2_048

interface Known {
  readonly keys: KeyFilter
  /** Until they are all read, an unknown key may still be on the disk. */
  isWhole: boolean
}

interface Page {
  readonly rows: number
  readonly last: Uint8Array
  /** The first bytes of each key, in hexadecimal. */
  readonly heads: string
}

/**
 * Knows which keys may exist in some tables, so that a query for a new key needs no read from the disk. The keys are read once the store is
 * open, beside other work; keys that are written meanwhile are known at once.
 */
export class SoughtKeys {
  readonly #tables: ReadonlyMap<string, Known>

  constructor(tables: readonly string[]) {
    this.#tables = new Map(tables.map((table) => [table, { keys: new KeyFilter(), isWhole: false }]))
  }

  /** Must be called before the row is on the disk. */
  add(table: string, key: Uint8Array): void {
    this.#tables.get(table)?.keys.add(key)
  }

  /** Whether it is certain that the disk has no row with this key. */
  lacks(table: string, key: Uint8Array): boolean {
    const known = this.#tables.get(table)
    return known?.isWhole === true && !known.keys.mayHave(key)
  }

  /** If reading fails, the keys that were not read are still looked up on the disk. */
  async read(connection: SqliteConnection): Promise<void> {
    await Promise.all(Array.from(this.#tables, ([table, known]) => readKeys(connection, table, known)))
  }
}

const readKeys = async (connection: SqliteConnection, table: string, known: Known): Promise<void> => {
  // One text for a whole page: it is made on the database's thread, while a row for each key would be made on this one.
  const sql = `SELECT count(*) AS rows, max(key) AS last, group_concat(hex(substr(key, 1, ${HEAD_BYTES})), '') AS heads
    FROM (SELECT key FROM ${table} WHERE key > ? ORDER BY key LIMIT ${PAGE})`
  for (let after: Uint8Array = Buffer.alloc(0); ; ) {
    const [page] = await connection.all<Page>(sql, [after])
    if (page === undefined || page.rows === 0) break
    const heads = Buffer.from(page.heads, 'hex')
    for (let at = 0; at < heads.length; at += HEAD_BYTES) known.keys.add(heads.subarray(at, at + HEAD_BYTES))
    if (page.rows < PAGE) break
    after = page.last
  }
  known.isWhole = true
}
