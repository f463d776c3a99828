import { type Channel, isOpening } from '../../state/channel-state.ts'
import type { Closing } from '../../state/durable.ts'
import { mutualCloses } from '../common/simple-close.ts'
import { confirmedSpend, decided } from './close-resolution.ts'
import { mayBeOld, publishesLocal } from './on-chain.ts'

/**
 * Whether a close of the channel by our own commitment may still cost coins of the wallet: with anchors neither a commitment nor its HTLC
 * transactions pay enough by themselves (BOLT 3, commitment and HTLC transactions). What is claimed from a commitment of the peer pays
 * with what it claims.
 */
export const mayCloseAtOurCost = (durable: Channel): boolean => {
  if (isOpening(durable) || durable.phase === 'closed') return false
  return durable.phase !== 'closing' || mayStillCost(durable)
}

const mayStillCost = (durable: Closing): boolean => {
  if (durable.closing.done !== undefined) return false
  const spend = confirmedSpend(durable)
  // Which HTLCs of it are left is not looked up: what is set aside for them is free when the close is done.
  if (spend !== undefined) return spend.kind === 'local' && decided(durable).local.spec.htlcs.length > 0
  // A commitment of the peer that waits for a block may give way to ours.
  return publishesLocal(durable) || (mutualCloses(durable).length === 0 && !mayBeOld(durable))
}
