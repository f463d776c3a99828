import sqlite3 from 'sqlite3'

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

  async close(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#database.close((error) => (error === null ? resolve() : reject(error)))
    })
  }
}
