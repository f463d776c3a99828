import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { toHex } from '../lib/bytes.ts'
import { FailureError, invariant } from '../lib/errors.ts'
import { waitIsOver } from '../lib/worked-for.ts'
import { SoughtKeys } from './sought-keys.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import type {
  BackupProgress,
  Contribution,
  Migration,
  Row,
  RowSize,
  ScanOptions,
  Store,
  StoreOpenFailure,
  Write,
} from './store.ts'
import { WaitingWrites } from './waiting-writes.ts'
import { WriteBatch } from './write-batch.ts'

export interface SqliteStoreOptions {
  /** A file, made if there is none, or `:memory:`. */
  readonly path: string
  readonly migrations: readonly Migration[]
  /**
   * Tables that are often asked for keys that they do not have: `get` answers such queries from memory. Their keys are as good as random,
   * and at least eight bytes long.
   */
  readonly sought?: readonly string[]
  /**
   * Called once if a commit fails, or a read shows that the file is damaged or its disk cannot be read. The process must end: memory is
   * ahead of the disk and can't be taken back, and whoever decides by a row that cannot be read decides wrongly.
   */
  readonly onFatal: (error: Error) => void
}

/**
 * Opens the store and brings its schema up to date.
 * Rejects with a `FailureError` holding a `StoreOpenFailure`.
 */
export const openSqliteStore = async (options: SqliteStoreOptions): Promise<Store> => {
  const connection = await openExclusively(options.path)
  try {
    await migrate(connection, options)
  } catch (error) {
    await connection.close()
    throw error
  }
  return new SqliteStore(connection, options)
}

class SqliteStore implements Store {
  readonly counters = { commits: 0, statements: 0, rows: 0, reads: 0 }
  readonly #connection: SqliteConnection
  readonly #onFatal: (error: Error) => void
  readonly #sought: SoughtKeys
  readonly #contributors: (() => Contribution | undefined)[] = []
  readonly #waiting = new WaitingWrites()
  /** Resolved when the waiting writes that were last taken into a commit are durable. */
  #written: Promise<void> = Promise.resolve()
  #pending = new WriteBatch(this.#waiting)
  #state: 'idle' | 'scheduled' | 'committing' | 'failed' | 'closed' = 'idle'

  constructor(connection: SqliteConnection, { onFatal, sought = [] }: SqliteStoreOptions) {
    this.#connection = connection
    this.#onFatal = onFatal
    this.#sought = new SoughtKeys(sought.map(named))
    // If the store was closed or has failed meanwhile, the result has no use any more.
    void this.#sought.read(connection).catch((error: Error) => {
      if (isOfFile(error)) this.#fail(error)
    })
  }

  submit(writes: readonly Write[], onDurable?: () => void): void {
    invariant(this.#state !== 'closed', 'the store is closed')
    // The callback that does nothing keeps the submission from counting as empty: contributions wait for the commit that it asks for.
    this.#pending.add(writes, onDurable ?? nothing)
    if (this.#state === 'idle') {
      this.#state = 'scheduled'
      // After all microtasks, including those that they cause: code that is told about a submission and submits something in turn shares
      // the commit.
      queueMicrotask(() => process.nextTick(() => void this.#commit()))
    }
  }

  beforeCommit(contribute: () => Contribution | undefined): void {
    this.#contributors.push(contribute)
  }

  async #commit(): Promise<void> {
    const batch = this.#pending
    for (const contribute of this.#contributors) {
      const contribution = contribute()
      if (contribution !== undefined) batch.add(contribution.writes, contribution.onDurable)
    }
    if (this.#waiting.areMany) this.#written = new Promise((resolve) => batch.add(this.#waiting.take(), resolve))
    this.#pending = new WriteBatch(this.#waiting)
    this.#state = 'committing'
    try {
      // A batch without writes waits too, if only for this turn: it is begun before the effects of the commit ahead of it are released, and
      // its own effects must not overtake those.
      await (batch.hasWrites ? this.#write(batch) : undefined)
    } catch (error) {
      this.#fail(error as Error)
      return
    }
    if (this.#hasFailed()) return
    this.#state = 'idle'
    // The next commit is started first, so that its disk time passes while this one's effects are released.
    if (!this.#pending.isEmpty) void this.#commit()
    batch.release()
  }

  /** Nothing that waits is released any more. */
  #fail(error: Error): void {
    if (this.#hasFailed() || this.#state === 'closed') return
    this.#state = 'failed'
    this.#onFatal(error)
  }

  #hasFailed(): boolean {
    return this.#state === 'failed'
  }

  async #write(batch: WriteBatch): Promise<void> {
    const statements: string[] = []
    for (const [table, { puts, deletes }] of batch.tables()) {
      this.counters.rows += puts.length + deletes.length
      if (puts.length > 0) {
        for (const { key } of puts) this.#sought.add(table, key)
        const rows = puts.map(({ key, value }) => `(${literal(key)},${literal(value as Uint8Array)})`)
        // An existing row keeps its place: deleting and inserting it would move both the row and its entry in the index.
        statements.push(
          `INSERT INTO ${named(table)} (key, value) VALUES ${rows.join()} ON CONFLICT(key) DO UPDATE SET value = excluded.value`,
        )
      }
      if (deletes.length > 0) {
        statements.push(`DELETE FROM ${named(table)} WHERE key IN (${deletes.map(literal).join()})`)
      }
    }
    this.counters.commits += 1
    this.counters.statements += statements.length
    await this.#connection.transaction(statements)
  }

  async get(table: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#sought.lacks(table, key)) return undefined
    const [row] = await this.#read<Row>(`SELECT key, value FROM ${named(table)} WHERE key = ?`, [asBuffer(key)])
    return row?.value
  }

  async getAll(table: string, keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    if (keys.length === 0) return []
    const places = keys.map(() => '?').join()
    const rows = await this.#read<Row>(
      `SELECT key, value FROM ${named(table)} WHERE key IN (${places})`,
      keys.map(asBuffer),
    )
    const values = new Map(rows.map(({ key, value }) => [toHex(key), value]))
    return keys.map((key) => values.get(toHex(key)))
  }

  async scan(table: string, options: ScanOptions = {}): Promise<readonly Row[]> {
    await this.#nothingWaits(table)
    return this.#select<Row>('key, value', table, options)
  }

  async sizes(table: string, options: ScanOptions = {}): Promise<readonly RowSize[]> {
    await this.#nothingWaits(table)
    return this.#select<RowSize>('key, length(value) AS bytes', table, options)
  }

  async weigh(table: string, keys: readonly Uint8Array[]): Promise<{ readonly rows: number; readonly bytes: number }> {
    if (keys.length === 0) return { rows: 0, bytes: 0 }
    const [sum] = await this.#read<{ readonly rows: number; readonly bytes: number }>(
      `SELECT count(*) AS rows, coalesce(sum(length(key) + length(value)), 0) AS bytes FROM ${named(table)} WHERE key IN (${keys.map(() => '?').join()})`,
      keys.map(asBuffer),
    )
    return sum as { readonly rows: number; readonly bytes: number }
  }

  #select<Selected>(columns: string, table: string, options: ScanOptions): Promise<readonly Selected[]> {
    const conditions: string[] = []
    const values: unknown[] = []
    if (options.from !== undefined) {
      conditions.push('key >= ?')
      values.push(asBuffer(options.from))
    }
    if (options.to !== undefined) {
      conditions.push('key < ?')
      values.push(asBuffer(options.to))
    }
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
    const order = options.reverse === true ? 'DESC' : 'ASC'
    const limit = options.limit === undefined ? '' : `LIMIT ${Math.trunc(options.limit)}`
    return this.#read<Selected>(
      `SELECT ${columns} FROM ${named(table)} ${where} ORDER BY key ${order} ${limit}`,
      values,
    )
  }

  async #read<Selected>(sql: string, values: readonly unknown[]): Promise<readonly Selected[]> {
    this.counters.reads += 1
    try {
      const rows = await this.#connection.all<Selected>(sql, values)
      waitIsOver()
      return rows
    } catch (error) {
      if (isOfFile(error as Error)) this.#fail(error as Error)
      throw error
    }
  }

  flush(): Promise<void> {
    return new Promise((resolve) => this.submit([], resolve))
  }

  /** Resolves when the waiting writes for the table are durable, whoever asked for them to be written. */
  #nothingWaits(table: string): Promise<void> {
    return this.#waiting.has(table) ? this.#writeWaiting() : this.#written
  }

  #writeWaiting(): Promise<void> {
    this.#written = new Promise((resolve) => this.submit(this.#waiting.take(), resolve))
    return this.#written
  }

  async backup(path: string, onProgress: (progress: BackupProgress) => void = nothing): Promise<void> {
    await this.#writeWaiting()
    await this.#connection.backup(path, onProgress)
  }

  async damage(): Promise<string | undefined> {
    const found = await this.#connection
      .all<{ readonly integrity_check: string }>('PRAGMA integrity_check(1)', [])
      .catch((error: Error) => [{ integrity_check: error.message }])
    const [first] = found
    return first?.integrity_check === 'ok' ? undefined : first?.integrity_check
  }

  async close(): Promise<void> {
    if (this.#state !== 'failed') await this.#writeWaiting()
    this.#state = 'closed'
    await this.#connection.close()
  }
}

/** What SQLite says when the file is at fault, or the disk under it. Anything else that a read fails by is a bug of ours. */
const OF_FILE = ['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_IOERR', 'SQLITE_CANTOPEN']

const isOfFile = ({ code }: Error & { readonly code?: string }): boolean =>
  OF_FILE.some((start) => code?.startsWith(start) === true)

/** Where a header says how the file is written to (SQLite's file format, 1.3): 1 without a log, 2 with one. */
const WRITE_VERSION_AT = 18
const WITHOUT_LOG = 1

/**
 * Whether a log lies beside a database that has none of its own: a backup was put over another database. SQLite would apply the log to it.
 * A store's own file says that it has a log before there is one.
 */
export const hasForeignLog = (path: string): boolean => {
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
  if (log === undefined || log.size === 0) return false
  const version = new Uint8Array(1)
  const file = openSync(path, 'r')
  try {
    readSync(file, version, 0, 1, WRITE_VERSION_AT)
  } finally {
    closeSync(file)
  }
  return version[0] === WITHOUT_LOG
}

/** Makes a closed store's file one that has no log, so that it is told from a log that it is put beside (`hasForeignLog`). */
export const detachLog = async (path: string): Promise<void> => {
  const connection = await SqliteConnection.open(path)
  try {
    await connection.exec('PRAGMA synchronous = FULL; PRAGMA journal_mode = DELETE')
  } finally {
    await connection.close()
  }
}

/**
 * For a new file; an existing one keeps its own page size. A commit changes a few hundred bytes here and there, and writes every page that
 * it touches whole; most rows fit into a page that is smaller than the default.
 */
const PAGE_BYTES = 2_048

/**
 * The log may hold this much before its pages are copied to their places. Pages that nearly every commit changes are then copied once in
 * hundreds of commits.
 */
const LOG_BYTES = 8 * 1024 * 1024

// With WAL, readers do not block the writer; FULL syncs the log at every commit, so that a commit survives a power cut. The exclusive lock
// keeps a second node off the same data.
const openExclusively = async (path: string): Promise<SqliteConnection> => {
  let connection: SqliteConnection | undefined
  try {
    connection = await SqliteConnection.open(path)
    const pragmas = [
      `page_size = ${PAGE_BYTES}`,
      'locking_mode = EXCLUSIVE',
      'journal_mode = WAL',
      'synchronous = FULL',
      'user_version',
    ]
    for (const pragma of pragmas) await connection.exec(`PRAGMA ${pragma}`)
    const pageBytes = await connection.pragma('page_size')
    await connection.exec(`PRAGMA wal_autocheckpoint = ${Math.trunc(LOG_BYTES / pageBytes)}`)
    // The lock is taken at the first write, not by the pragma.
    await connection.exec('BEGIN EXCLUSIVE; COMMIT')
    return connection
  } catch (error) {
    await connection?.close().catch(() => undefined)
    const { code, message } = error as Error & { code?: string }
    const failure: StoreOpenFailure =
      code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED'
        ? { code: 'store-in-use', path }
        : code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB'
          ? { code: 'store-damaged', path, reason: message }
          : { code: 'store-unreadable', path, reason: message }
    throw new FailureError(failure)
  }
}

const migrate = async (connection: SqliteConnection, { path, migrations }: SqliteStoreOptions): Promise<void> => {
  const known = migrations.at(-1)?.version ?? 0
  const version = await connection.pragma('user_version')
  if (version > known) throw new FailureError<StoreOpenFailure>({ code: 'store-too-new', path, version, known })
  for (const migration of migrations) {
    if (migration.version <= version) continue
    const statements = migration.tables.map((table) => createTable(table, 'WITHOUT ROWID'))
    for (const heap of migration.heaps ?? []) statements.push(...(await heapStatements(connection, heap)))
    await connection.exec(`BEGIN; ${statements.join(';')}; PRAGMA user_version = ${migration.version}; COMMIT`)
  }
}

const heapStatements = async (connection: SqliteConnection, heap: string): Promise<readonly string[]> => {
  const found = await connection.all('SELECT 1 FROM sqlite_schema WHERE name = ?', [named(heap)])
  if (found.length === 0) return [createTable(heap, '')]
  return [
    `ALTER TABLE ${heap} RENAME TO ${heap}_before`,
    createTable(heap, ''),
    `INSERT INTO ${heap} (key, value) SELECT key, value FROM ${heap}_before`,
    `DROP TABLE ${heap}_before`,
  ]
}

const createTable = (table: string, kind: 'WITHOUT ROWID' | ''): string =>
  `CREATE TABLE ${named(table)} (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) ${kind}`

const nothing = (): void => {}

// Table names are ours, never a user's; even so they become part of a statement's text.
const named = (table: string): string => {
  invariant(/^[a-z_]+$/.test(table), `table name ${table}`)
  return table
}

/** Measured against bound values: more expensive to parse, cheaper to hand over. */
const literal = (bytes: Uint8Array): string => `x'${toHex(bytes)}'`

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
