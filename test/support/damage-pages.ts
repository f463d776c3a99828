import { readFileSync, writeFileSync } from 'node:fs'
import { SqliteConnection } from '../../core/src/store/sqlite-connection.ts'

/** Writes over the first page of each table, and of what finds its rows, as a disk does that has lost them. */
export const damagePages = async (path: string, tables: readonly string[]): Promise<void> => {
  const connection = await SqliteConnection.open(path)
  const pageBytes = await connection.pragma('page_size')
  const roots = await connection.all<{ readonly rootpage: number }>(
    `SELECT rootpage FROM sqlite_schema WHERE tbl_name IN (${tables.map(() => '?').join()})`,
    tables,
  )
  await connection.close()
  const bytes = readFileSync(path)
  for (const { rootpage } of roots) bytes.fill(0x5a, (rootpage - 1) * pageBytes, rootpage * pageBytes)
  writeFileSync(path, bytes)
}
