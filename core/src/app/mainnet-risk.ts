import type { Network } from '../bitcoin/network.ts'
import { utf8Encode } from '../lib/bytes.ts'
import { TABLE } from '../node/storage/tables.ts'
import type { Store, Write } from '../store/store.ts'

const RISK_KEY = utf8Encode('mainnet-risk-accepted')

/**
 * Whether the operator has said of this database that they know what may be lost on its network: on mainnet once, elsewhere nobody asks. What
 * was said of a database was said of its copies and backups; a new folder is asked for again.
 */
export const isRiskAccepted = async (store: Store, network: Network): Promise<boolean> =>
  network.name !== 'mainnet' || (await store.get(TABLE.meta, RISK_KEY)) !== undefined

/** Said now. For whoever looks into the database later, it has the time in it. */
export const riskAccepted = (now: Date): Write => ({
  table: TABLE.meta,
  key: RISK_KEY,
  value: utf8Encode(now.toISOString()),
})
