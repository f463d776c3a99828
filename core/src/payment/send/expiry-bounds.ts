import type { BlockDelta, BlockHeight } from '../../lib/units.ts'
import type { PaymentTarget } from './payment.ts'
import { finalDeltaOf, windowOf } from './recipient.ts'
import { FINAL_CLTV_MARGIN } from './route.ts'
import { wishesOf } from './route-wishes.ts'

/** In blocks from now. */
interface ExpiryBounds {
  /** Until the recipient's HTLC expires, at least. */
  readonly leastFinal: BlockDelta
  /** The same, with those that are added because blocks are found while it travels. */
  readonly usualFinal: BlockDelta
  /** Until our own HTLC expires, at most. */
  readonly most: BlockDelta
}

/** When the HTLCs of a payment may expire. What is relayed by trampoline expires by what came in for it. */
export const expiryBounds = (target: PaymentTarget, height: BlockHeight): ExpiryBounds => {
  const { recipient } = target
  const { maxCltvExpiryDelta } = wishesOf(target)
  const expires = windowOf(recipient)
  if (expires !== undefined) {
    const final = expires.finalExpiry - height
    return {
      leastFinal: final,
      usualFinal: final,
      most: Math.min(maxCltvExpiryDelta, expires.latestExpiry - height),
    }
  }
  const leastFinal = finalDeltaOf(recipient)
  return { leastFinal, usualFinal: leastFinal + FINAL_CLTV_MARGIN, most: maxCltvExpiryDelta }
}
