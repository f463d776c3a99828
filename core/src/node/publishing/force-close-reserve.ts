import type { Sat } from '../../lib/units.ts'

/**
 * What the wallet should keep for one forced close: a commitment without HTLCs and the transaction that spends its anchor weigh about 1,900
 * (BOLT 3, appendix A), and at 20 sat/vbyte that is 9,500 sat. Without it the commitment waits for the fees to fall. HTLCs of more than that
 * are claimed with more: the operator is told as soon as the wallet falls short.
 */
const RESERVE_PER_CHANNEL: Sat = 10_000n

/** Channels are not all closed at once, and what a close locks up comes back. */
const MOST_AT_ONCE = 10n

/** The emergency reserve for so many channels that may have to be closed by the wallet's coins. */
export const forceCloseReserve = (channels: number): Sat => {
  const count = BigInt(channels)
  return (count < MOST_AT_ONCE ? count : MOST_AT_ONCE) * RESERVE_PER_CHANNEL
}
