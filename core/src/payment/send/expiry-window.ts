import type { BlockHeight } from '../../lib/units.ts'

/** The recipient's HTLC expires then; ours expires then at the latest. */
export interface ExpiryWindow {
  readonly finalExpiry: BlockHeight
  readonly latestExpiry: BlockHeight
}
