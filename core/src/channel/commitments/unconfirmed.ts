import type { Msat } from '../../lib/units.ts'
import type { Funded } from '../state/durable.ts'
import { balancesOf } from './balances.ts'
import { isFundingConfirmed } from './commitments.ts'

/**
 * What is ours in a channel whose funding, by the peer, is not deep enough. BOLT 2, open_channel: `push_msat` is not received before that; the
 * same holds of whatever a channel brings that is used unconfirmed. A funding of our own spends our own coins.
 */
export const unconfirmedMsat = (durable: Funded): Msat =>
  durable.params.localIsOpener || isFundingConfirmed(durable) ? 0n : balancesOf(durable).localMsat
