import type { Clock } from '../lib/clock.ts'
import type { TokenBucket } from '../lib/token-bucket.ts'
import { Account, type MemoryPool } from './account.ts'
import { AuditRows } from './audit-rows.ts'
import type { HostStore } from './host-store.ts'
import { NoticeLimit } from './notice-limit.ts'

/** What goes on from one run of a plugin to the next, for as long as the host runs. */
export interface PluginBook {
  readonly account: Account
  readonly audit: AuditRows
  readonly notices: NoticeLimit
}

export interface BookOptions {
  readonly store: HostStore
  readonly plugin: string
  readonly pool: MemoryPool
  /** What may be told of all plugins together. */
  readonly notices: TokenBucket
  readonly clock: Clock
}

export const openBook = ({ store, plugin, pool, notices, clock }: BookOptions): PluginBook => ({
  account: new Account(pool),
  audit: new AuditRows(store, plugin),
  notices: new NoticeLimit(notices, clock),
})
