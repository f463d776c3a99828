import type { FeeratePerKw } from '../../lib/units.ts'
import type { ChannelEnv } from '../state/environment.ts'

/** What no node relays below (1 sat per vbyte, rounded up as bitcoind does). */
const MIN_RELAY_FEERATE = 253

export interface FeerateError {
  readonly code: 'feerate-too-low' | 'feerate-too-high'
  readonly feeratePerKw: FeeratePerKw
  readonly bound: FeeratePerKw
}

/** BOLT 2, open_channel and update_fee: a fee rate too low for timely processing, or unreasonably large, fails the channel. */
export const checkFeerate = (
  feeratePerKw: FeeratePerKw,
  { feerates, settings }: ChannelEnv,
): FeerateError | undefined => {
  const estimate = feerates.commitment as number
  const lowest = Math.max(MIN_RELAY_FEERATE, Math.floor(estimate / settings.feerateTolerance.below))
  if (feeratePerKw < lowest) return { code: 'feerate-too-low', feeratePerKw, bound: lowest }
  const highest = Math.max(MIN_RELAY_FEERATE, Math.ceil(estimate * settings.feerateTolerance.above))
  if (feeratePerKw > highest) return { code: 'feerate-too-high', feeratePerKw, bound: highest }
  return undefined
}
