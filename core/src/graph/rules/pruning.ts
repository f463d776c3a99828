import { type KnownChannel, STALE_AFTER } from './known.ts'

/**
 * BOLT 7, pruning: a channel whose older update is more than two weeks old may be removed: both ends must be there for it to be of use. A
 * direction that never had an update counts from when we took the channel.
 */
export const isStale = ({ updates, since }: KnownChannel, now: number): boolean =>
  updates.some((update) => (update?.timestamp ?? since) < now - STALE_AFTER)
