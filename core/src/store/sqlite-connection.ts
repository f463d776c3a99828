import { closeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import sqlite3 from 'sqlite3'
import { openOwnFile } from '../lib/own-file.ts'
import type { BackupProgress } from './store.ts'

/** What the library has and its types do not. */
interface Backup {
  readonly completed: boolean
  readonly failed: boolean
  readonly remaining: number
  readonly pageCount: number
  step(pages: number, done: (error: Error | null) => void): void
  finish(done: () => void): void
}

const PAGES_A_STEP = 64
const PAGES_A_SYNC = 8_192

const syncFile = async (path: string): Promise<void> => {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A promise interface for one serialised `sqlite3` connection. */
export class SqliteConnection {
  readonly #database: sqlite3.Database
  // One connection reads its own uncommitted writes, so a read waits until the transaction under way has ended.
  #transaction: Promise<void> = Promise.resolve()

  private constructor(database: sqlite3.Database) {
    this.#database = database
    database.serialize()
  }

  static open(path: string): Promise<SqliteConnection> {
    return new Promise((resolve, reject) => {
      const database = new sqlite3.Database(path, (error) =>
        error === null ? resolve(new SqliteConnection(database)) : reject(error),
      )
    })
  }

  exec(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#database.exec(sql, (error) => (error === null ? resolve() : reject(error)))
    })
  }

  run(sql: string, values: readonly unknown[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#database.run(sql, values, (error: Error | null) => (error === null ? resolve() : reject(error)))
    })
  }

  async all<Selected>(sql: string, values: readonly unknown[]): Promise<readonly Selected[]> {
    await this.#transaction
    return new Promise((resolve, reject) => {
      this.#database.all<Selected>(sql, values, (error, rows) => (error === null ? resolve(rows) : reject(error)))
    })
  }

  async pragma(name: 'user_version' | 'page_size'): Promise<number> {
    const [row] = await this.all<Record<typeof name, number>>(`PRAGMA ${name}`, [])
    return (row as Record<typeof name, number>)[name]
  }

  /**
   * Runs the statements in one transaction; reads wait until it is over. Rejects with the first error: then the changes of the transaction
   * are lost, and the connection must not be used any more.
   *
   * All statements are one text, so that they cross to the database's thread and back once, however busy this thread is.
   */
  transaction(statements: readonly string[]): Promise<void> {
    // A statement that fails ends the text: a commit after it is never reached.
    this.#transaction = this.exec(`BEGIN;${statements.join(';')};COMMIT`)
    return this.#transaction
  }

  /**
   * Copies the database to a new file, a few pages at a time. What is committed meanwhile goes into the copy as well, because it is this
   * connection that writes it: the copy is the state at its end. A commit waits for one step at most.
   */
  async backup(path: string, onProgress: (progress: BackupProgress) => void): Promise<void> {
    // The database is made with the permissions of a file that is there.
    closeSync(openOwnFile(path))
    const backup = await this.#beginBackup(path)
    try {
      for (let synced = 0; !backup.completed; ) {
        await new Promise<void>((resolve, reject) => {
          backup.step(PAGES_A_STEP, (error) => (error === null ? resolve() : reject(error)))
        })
        if (backup.failed) throw new Error('the copy was given up')
        const pages = backup.pageCount - backup.remaining
        onProgress({ pages, total: backup.pageCount })
        // The last step syncs the file while commits wait: most of it is on the disk by then.
        if (pages - synced >= PAGES_A_SYNC) {
          synced = pages
          await syncFile(path)
        }
      }
    } finally {
      backup.finish(() => {})
    }
    await syncFile(path)
  }

  #beginBackup(path: string): Promise<Backup> {
    return new Promise((resolve, reject) => {
      const database = this.#database as unknown as {
        backup(path: string, done: (error: Error | null) => void): Backup
      }
      const backup = database.backup(path, (error) => (error === null ? resolve(backup) : reject(error)))
    })
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#database.close((error) => (error === null ? resolve() : reject(error)))
    })
  }
}
