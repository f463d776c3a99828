import { HEAD_BYTES, KeyFilter } from './key-filter.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

/** Keys of one look at the disk. */
const PAGE = 2_048

interface Known {
  readonly keys: KeyFilter
  /** Until then a key that is not known may yet be on the disk. */
  isWhole: boolean
}

interface Page {
  readonly rows: number
  readonly last: Uint8Array
  /** The first bytes of each key, in hexadecimal. */
  readonly heads: string
}

/**
 * Which keys of some tables there may be, so that who asks for one that is new needs no look at the disk. They are read once the
 * store is open, beside whatever else is done; what is written meanwhile is known at once.
 */
export class SoughtKeys {
  readonly #tables: ReadonlyMap<string, Known>

  constructor(tables: readonly string[]) {
    this.#tables = new Map(tables.map((table) => [table, { keys: new KeyFilter(), isWhole: false }]))
  }

  /** To be called before the row is on the disk. */
  add(table: string, key: Uint8Array): void {
    this.#tables.get(table)?.keys.add(key)
  }

  /** Whether it is certain that there is no row of this key on the disk. */
  lacks(table: string, key: Uint8Array): boolean {
    const known = this.#tables.get(table)
    return known?.isWhole === true && !known.keys.mayHave(key)
  }

  /** Where it fails, what was not read goes on being looked for on the disk. */
  async read(connection: SqliteConnection): Promise<void> {
    await Promise.all(Array.from(this.#tables, ([table, known]) => readKeys(connection, table, known)))
  }
}

const readKeys = async (connection: SqliteConnection, table: string, known: Known): Promise<void> => {
  // One text for all of a page: made on the database's thread, where a row for each would be made on this one.
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
