import sqlite3 from 'sqlite3'
import type { Row } from './store.ts'

/** A promise's face on one serialised `sqlite3` connection. */
export class SqliteConnection {
  readonly #database: sqlite3.Database
  // Statements are kept by their text, of which there are few.
  readonly #statements = new Map<string, Promise<sqlite3.Statement>>()
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

  async all(sql: string, values: readonly unknown[]): Promise<readonly Row[]> {
    await this.#transaction
    return new Promise((resolve, reject) => {
      this.#database.all<Row>(sql, values, (error, rows) => (error === null ? resolve(rows) : reject(error)))
    })
  }

  userVersion(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#database.get<{ user_version: number }>('PRAGMA user_version', (error, row) =>
        error === null ? resolve(row.user_version) : reject(error),
      )
    })
  }

  /**
   * Runs the statements in one transaction; reads wait until it is over. Rejects with the first error: what the
   * transaction did is then gone, and the connection is of no more use.
   */
  transaction(statements: readonly (readonly [sql: string, values: readonly unknown[]])[]): Promise<void> {
    this.#transaction = this.#runTransaction(statements)
    return this.#transaction
  }

  async #runTransaction(statements: readonly (readonly [sql: string, values: readonly unknown[]])[]): Promise<void> {
    // One statement is a transaction by itself.
    if (statements.length === 1) {
      for (const [sql, values] of statements) await this.#step(sql, values)
      return
    }
    await this.#step('BEGIN', [])
    await Promise.all(statements.map(([sql, values]) => this.#step(sql, values)))
    // Only now: after a statement that failed, a commit would keep the others.
    await this.#step('COMMIT', [])
  }

  async #step(sql: string, values: readonly unknown[]): Promise<void> {
    const statement = await this.#prepared(sql)
    await new Promise<void>((resolve, reject) => {
      statement.run(values, (error: Error | null) => (error === null ? resolve() : reject(error)))
    })
  }

  async close(): Promise<void> {
    for (const prepared of await Promise.allSettled(this.#statements.values())) {
      if (prepared.status === 'fulfilled') prepared.value.finalize()
    }
    this.#statements.clear()
    await new Promise<void>((resolve, reject) => {
      this.#database.close((error) => (error === null ? resolve() : reject(error)))
    })
  }

  #prepared(sql: string): Promise<sqlite3.Statement> {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const prepared = new Promise<sqlite3.Statement>((resolve, reject) => {
      const statement = this.#database.prepare(sql, (error: Error | null) =>
        error === null ? resolve(statement) : reject(error),
      )
    })
    this.#statements.set(sql, prepared)
    return prepared
  }
}
