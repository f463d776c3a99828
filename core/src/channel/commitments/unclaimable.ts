import type { Msat } from '../../lib/units.ts'
import type { FundingSpend } from '../state/closing.ts'
import type { Closing, Funded } from '../state/durable.ts'
import { findHtlc } from '../state/htlc.ts'
import { commitmentSpentBy } from './commitments.ts'

/**
 * What is ours, or may become so, in a closing channel if a commitment of the peer is published or mined: this node does not claim those
 * outputs yet. Nothing if our own commitment, or a cooperative close, is in a block.
 */
export const unclaimableMsat = (durable: Funded): Msat => (durable.phase === 'closing' ? unclaimableOf(durable) : 0n)

const unclaimableOf = (durable: Closing): bigint => {
  const { closing, htlcs } = durable
  const spend = closing.spends.find(({ confirmedAt }) => confirmedAt !== undefined) ?? closing.spends.find(isThePeers)
  if (spend === undefined || !isThePeers(spend)) return 0n
  const commitment = commitmentSpentBy(durable, spend.tx)
  const { spec } = (spend.kind === 'remote-next' ? commitment.remoteNext : undefined) ?? commitment.remote
  let sum = spec.toRemoteMsat
  for (const htlc of spec.htlcs) {
    // From the peer's view: an HTLC that it received is one that we offered, and ours again unless the peer has the preimage.
    const isOurs =
      htlc.direction === 'received'
        ? findHtlc(htlcs.offered, htlc.id)?.preimage === undefined
        : findHtlc(htlcs.received, htlc.id)?.preimage !== undefined
    if (isOurs) sum += htlc.amountMsat
  }
  return sum
}

const isThePeers = ({ kind }: FundingSpend): boolean => kind !== 'local' && kind !== 'mutual'
