import type { Msat } from '../../lib/units.ts'
import type { FundingSpend } from '../state/closing.ts'
import type { Closing, Funded } from '../state/durable.ts'
import { findHtlc } from '../state/htlc.ts'
import { commitmentSpentBy } from './commitments.ts'

/**
 * What may be ours, in HTLCs, in a commitment of the peer's that we do not know and that is published or mined: this node can take only its
 * main output there. Nothing if another transaction has spent the funding.
 */
export const unclaimableMsat = (durable: Funded): Msat => (durable.phase === 'closing' ? unclaimableOf(durable) : 0n)

const unclaimableOf = (durable: Closing): bigint => {
  const { closing, htlcs } = durable
  const spend = closing.spends.find(({ confirmedAt }) => confirmedAt !== undefined) ?? closing.spends.find(isUnknown)
  if (spend === undefined || !isUnknown(spend)) return 0n
  let sum = 0n
  for (const htlc of commitmentSpentBy(durable, spend.tx).remote.spec.htlcs) {
    // From the peer's view: an HTLC that it received is one that we offered, and ours again unless the peer has the preimage.
    const isOurs =
      htlc.direction === 'received'
        ? findHtlc(htlcs.offered, htlc.id)?.preimage === undefined
        : findHtlc(htlcs.received, htlc.id)?.preimage !== undefined
    if (isOurs) sum += htlc.amountMsat
  }
  return sum
}

const isUnknown = ({ kind }: FundingSpend): boolean => kind === 'unknown'
