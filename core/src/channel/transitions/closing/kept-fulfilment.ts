import type { HtlcId } from '../../../lib/ids.ts'
import { type Channel, isFunded } from '../../state/channel-state.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import { findHtlc } from '../../state/htlc.ts'
import { resolutionOf } from './close-resolution.ts'

/**
 * Whether a received HTLC is paid, as far as its channel knows: its preimage is kept, and no block has ended it otherwise. On the chain a
 * preimage may come too late: the peer has taken the HTLC back, or the commitment that decides has no output for it.
 */
export const keepsFulfilment = (durable: Channel, htlcId: HtlcId, env: ChannelEnv): boolean => {
  if (!isFunded(durable) || findHtlc(durable.htlcs.received, htlcId)?.preimage === undefined) return false
  if (durable.phase !== 'closing') return true
  const outcomes = resolutionOf(durable, env)?.outcomes ?? []
  return !outcomes.some(
    ({ htlc, outcome }) =>
      htlc.direction === 'received' &&
      htlc.id === htlcId &&
      (outcome.type === 'timed-out-by-peer' || outcome.type === 'no-output'),
  )
}
