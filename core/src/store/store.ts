import type { Failure } from '../lib/errors.ts'

/** One row: a value that replaces what the key held, or a deletion. */
export interface Write {
  readonly table: string
  readonly key: Uint8Array
  /** `undefined` deletes the row. */
  readonly value: Uint8Array | undefined
  /** The caller knows that the table has no row with this key. If the row is deleted before its commit, it costs nothing at all. */
  readonly isNew?: boolean
  /**
   * The write may share a later commit with others of its kind, because a start after a crash repairs the state from before it. Meanwhile a
   * scan of the table sees it as written; a query for the key may not.
   */
  readonly mayWait?: boolean
}

export interface Row {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** A row without its value. */
export interface RowSize {
  readonly key: Uint8Array
  /** Of the value. */
  readonly bytes: number
}

/** Keys in lexicographic order of their bytes, `from` inclusive, `to` exclusive. */
export interface ScanOptions {
  readonly from?: Uint8Array
  readonly to?: Uint8Array
  readonly reverse?: boolean
  readonly limit?: number
}

/**
 * Ordered, durable storage of rows of bytes in named tables. It knows nothing about what it stores.
 *
 * Writes are grouped: everything that is submitted while a commit is under way goes into the next one, and of several writes to one key
 * only the last is issued. A commit is always a prefix of what was submitted, except for writes that may wait. A commit that fails, or a read
 * of a damaged file, ends the store: the callbacks of the commit under way and of all later ones are never called, and `onFatal` tells the
 * process to end.
 */
export interface Store {
  /** Adds the writes to the next commit. `onDurable` is called after that commit, in the order of submission. */
  submit(writes: readonly Write[], onDurable?: () => void): void
  /**
   * Asks before each commit for writes that belong in it and can only be known then, such as sequence numbers. These writes go last;
   * `submit([])` makes sure that there is a commit to ask for.
   */
  beforeCommit(contribute: () => Contribution | undefined): void
  /** The durable value of a key: what is submitted and not yet committed is not seen. */
  get(table: string, key: Uint8Array): Promise<Uint8Array | undefined>
  /** The same for several keys at once, in their order. */
  getAll(table: string, keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>
  /** Durable rows in key order. Writes to the table that wait are made first. */
  scan(table: string, options?: ScanOptions): Promise<readonly Row[]>
  /** Like `scan`, without the values: for counting or deleting. */
  sizes(table: string, options?: ScanOptions): Promise<readonly RowSize[]>
  /** How many of these keys have rows, and the bytes of those keys and values together. */
  weigh(table: string, keys: readonly Uint8Array[]): Promise<{ readonly rows: number; readonly bytes: number }>
  /** Resolves once everything that was submitted before the call is durable, except for writes that may wait. */
  flush(): Promise<void>
  /**
   * Writes a copy to a path that does not exist yet, while the node runs: it holds at least all that was durable at the call, and is one state
   * that the store had. Copied a few pages at a time, between commits, so that none waits long.
   */
  backup(path: string, onProgress?: (progress: BackupProgress) => void): Promise<void>
  /** Reads everything, and says what is damaged first: a copy of a file in use may be a mixture of states. */
  damage(): Promise<string | undefined>
  /** Flushes and closes. Nothing may be submitted afterwards. */
  close(): Promise<void>
  /** What the store has done since it was opened. */
  readonly counters: StoreCounters
}

export interface BackupProgress {
  readonly pages: number
  readonly total: number
}

export interface Contribution {
  readonly writes: readonly Write[]
  readonly onDurable: () => void
}

interface StoreCounters {
  readonly commits: number
  readonly statements: number
  readonly rows: number
  /** Reads from the disk: each waits for the commit under way. */
  readonly reads: number
}

/** One step of the schema. Steps are numbered from 1, run once, in order, each in a transaction, and never change. */
export interface Migration {
  readonly version: number
  /**
   * Tables of rows that the step creates, stored in the order of their keys: for small rows, if their keys grow or there are few of them.
   */
  readonly tables: readonly string[]
  /**
   * Tables whose rows are stored in the order in which they came, and are found by an index of their keys: for large rows, or rows whose
   * keys come in no order. Rows that came together are then written and changed together, in few pages, however large the table is. If the
   * table exists already, it is made anew and its rows are kept.
   */
  readonly heaps?: readonly string[]
}

export type StoreOpenFailure =
  | (Failure<'store-in-use'> & { readonly path: string })
  | (Failure<'store-too-new'> & { readonly path: string; readonly version: number; readonly known: number })
  | (Failure<'store-damaged'> & { readonly path: string; readonly reason: string })
  | (Failure<'store-unreadable'> & { readonly path: string; readonly reason: string })
