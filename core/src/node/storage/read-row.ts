import { toHex } from '../../lib/bytes.ts'
import { FailureError } from '../../lib/errors.ts'
import type { Result } from '../../lib/result.ts'

/** Decodes a stored row. Throws a `FailureError` if the row was damaged, or written by a version that this one cannot read. */
export const readRow = <T>(table: string, key: Uint8Array, decoded: Result<T, unknown>): T => {
  if (!decoded.ok) throw new FailureError({ code: 'row-unreadable', table, key: toHex(key) })
  return decoded.value
}
