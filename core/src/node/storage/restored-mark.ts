import { utf8Encode } from '../../lib/bytes.ts'
import type { Store, Write } from '../../store/store.ts'
import { TABLE } from './tables.ts'

const RESTORED_KEY = utf8Encode('restored')

/**
 * In a database that was put back: a backup has it from its making on, and `--restored` sets it. The node that starts on it takes the mark
 * away in the commit that puts its channels in doubt.
 */
export const restoredMark: Write = { table: TABLE.meta, key: RESTORED_KEY, value: Uint8Array.of(1) }

export const restoredMarkRemoval: Write = { ...restoredMark, value: undefined }

export const isRestored = async (store: Store): Promise<boolean> =>
  (await store.get(TABLE.meta, RESTORED_KEY)) !== undefined
