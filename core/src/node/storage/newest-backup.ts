import { u64be, utf8Encode } from '../../lib/bytes.ts'
import type { Store, Write } from '../../store/store.ts'
import { TABLE } from './tables.ts'

const KEY = utf8Encode('newest-static-backup')

/** When the newest static backup was made that this database has taken channels from, or found nothing new in; 0 if there was none. */
export const readNewestBackup = async (store: Store): Promise<bigint> => {
  const row = await store.get(TABLE.meta, KEY)
  return row === undefined ? 0n : new DataView(row.buffer, row.byteOffset).getBigUint64(0)
}

export const newestBackupWrite = (madeAt: bigint): Write => ({ table: TABLE.meta, key: KEY, value: u64be(madeAt) })
