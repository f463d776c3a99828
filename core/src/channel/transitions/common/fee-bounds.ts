import { FEERATE_FLOOR } from '../../../bitcoin/fees.ts'
import type { FeeratePerKw } from '../../../lib/units.ts'
import type { ChannelEnv } from '../../state/environment.ts'

export interface FeerateError {
  readonly code: 'feerate-too-low' | 'feerate-too-high'
  readonly feeratePerKw: FeeratePerKw
  readonly bound: FeeratePerKw
}

/**
 * BOLT 2, open_channel and update_fee: whether a fee rate is too low for timely processing, or unreasonably large. The rationale of
 * update_fee: with anchors it only has to bring the commitment into the mempools. It is the opener's money, and HTLC transactions do not
 * depend on it, so however far it is from our estimate, the channel is worth more than the difference: estimates drift, and peers cap their
 * rates. Too low is only what nobody relays. Absurd is only what is far above our estimate and above what the network has ever asked for.
 */
export const checkFeerate = (
  feeratePerKw: FeeratePerKw,
  { feerates: { estimate }, settings }: ChannelEnv,
): FeerateError | undefined => {
  if (feeratePerKw < FEERATE_FLOOR) return { code: 'feerate-too-low', feeratePerKw, bound: FEERATE_FLOOR }
  if (estimate === undefined) return undefined
  const { timesEstimate, always } = settings.feerateTolerance
  const highest = Math.max(always, Math.ceil(estimate * timesEstimate))
  return feeratePerKw > highest ? { code: 'feerate-too-high', feeratePerKw, bound: highest } : undefined
}
