import { toHex } from '../../lib/bytes.ts'
import { FailureError } from '../../lib/errors.ts'
import type { Result } from '../../lib/result.ts'
import { tellOnce } from '../../lib/tell-once.ts'
import type { NodeLog } from '../node-log.ts'

/** Decodes a stored row. Throws a `FailureError` if the row was damaged, or written by a version that this one cannot read. */
export const readRow = <T>(table: string, key: Uint8Array, decoded: Result<T, unknown>): T => {
  if (!decoded.ok) throw new FailureError({ code: 'row-unreadable', table, key: toHex(key) })
  return decoded.value
}

/** Is told of a row that cannot be read and is passed over. */
export type OnUnreadable = (table: string, key: Uint8Array) => void

/** Logs each such row once in a life of the node. */
export const logUnreadable = (log: Pick<NodeLog, 'error'>): OnUnreadable => {
  const tell = tellOnce((row: string) => log.error('row.unreadable', { row }))
  return (table, key) => tell(`${table} ${toHex(key)}`)
}

/** Decodes one row of many: if it cannot be read it is passed over, so that it keeps no other from being read. */
export const readRowOfMany = <T>(
  table: string,
  key: Uint8Array,
  decoded: Result<T, unknown>,
  onUnreadable: OnUnreadable,
): T | undefined => {
  if (decoded.ok) return decoded.value
  onUnreadable(table, key)
  return undefined
}
