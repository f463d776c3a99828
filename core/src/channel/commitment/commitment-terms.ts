import type { OutPoint, PublicKey } from '../../lib/ids.ts'
import type { BlockDelta, Sat } from '../../lib/units.ts'

/** One side's basepoints as `open_channel` and `accept_channel` carry them. */
export interface Basepoints {
  readonly revocation: PublicKey
  readonly payment: PublicKey
  readonly delayedPayment: PublicKey
  readonly htlc: PublicKey
}

/** The output that holds a channel's money, and whose signatures spend it. */
export interface FundingTerms {
  readonly fundingOutpoint: OutPoint
  readonly fundingAmount: Sat
  readonly localFundingKey: PublicKey
  readonly remoteFundingKey: PublicKey
}

/**
 * The values that stay the same from one commitment transaction of a side to its next. "Local" is the owner of the transaction: for the
 * peer's commitments, `local` holds the peer's values.
 * Results computed from this object are cached by its identity: make it once per side and funding, and pass the same object.
 */
export interface CommitmentTerms extends FundingTerms {
  readonly localBasepoints: Basepoints
  readonly remoteBasepoints: Basepoints
  /** Whether the owner of this commitment opened the channel: the opener pays the fee and the anchors. */
  readonly localIsOpener: boolean
  /** The owner's `dust_limit_satoshis`. */
  readonly dustLimit: Sat
  /** The `to_self_delay` that the other side asked of the owner. */
  readonly toSelfDelay: BlockDelta
}
