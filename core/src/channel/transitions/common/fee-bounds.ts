import { FEERATE_FLOOR } from '../../../bitcoin/fees.ts'
import type { FeeratePerKw } from '../../../lib/units.ts'
import type { ChannelEnv } from '../../state/environment.ts'

export interface FeerateError {
  readonly code: 'feerate-too-low' | 'feerate-too-high'
  readonly feeratePerKw: FeeratePerKw
  readonly bound: FeeratePerKw
}

/**
 * BOLT 2, open_channel and update_fee: whether a fee rate is too low for timely processing, or unreasonably large. Only an estimate can
 * tell: without one, any rate that nodes relay is as good as another, because the opener pays it and anchors can raise it.
 */
export const checkFeerate = (
  feeratePerKw: FeeratePerKw,
  { feerates: { estimate }, settings }: ChannelEnv,
): FeerateError | undefined => {
  const { below, above } = settings.feerateTolerance
  const floor = FEERATE_FLOOR
  const lowest = estimate === undefined ? floor : Math.max(floor, Math.floor(estimate / below))
  if (feeratePerKw < lowest) return { code: 'feerate-too-low', feeratePerKw, bound: lowest }
  if (estimate === undefined) return undefined
  const highest = Math.max(floor, Math.ceil(estimate * above))
  return feeratePerKw > highest ? { code: 'feerate-too-high', feeratePerKw, bound: highest } : undefined
}
