import type { HtlcId } from '../../../lib/ids.ts'
import { isFundingUndone } from '../../commitments/commitments.ts'
import { isIrrevocable } from '../../commitments/cross-signed.ts'
import { type Channel, isFunded } from '../../state/channel-state.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import { findHtlc } from '../../state/htlc.ts'

/**
 * Whether a received HTLC would be ours if its preimage were revealed now: it is in both commitments, we have not given it back, and there
 * is enough time to claim it. One in a channel whose funding is in no block any more is not counted: that may never come back. An HTLC in a channel that the chain decides is not counted: it is open until then which commitment will be in
 * a block, and a claim on ours pays its fee from a wallet that may be empty.
 */
export const isClaimable = (
  durable: Channel,
  htlcId: HtlcId,
  { height, settings }: Pick<ChannelEnv, 'height' | 'settings'>,
): boolean => {
  if (!isFunded(durable) || durable.phase === 'closing' || isFundingUndone(durable)) return false
  const record = findHtlc(durable.htlcs.received, htlcId)
  if (record === undefined || record.failure !== undefined || !isIrrevocable(durable, record)) return false
  // BOLT 2, cltv_expiry_delta selection: nearer to its expiry than this, a fulfilled HTLC goes to the chain.
  return height + settings.fulfilmentMargin <= record.add.cltvExpiry
}
