import type { ChannelId, HtlcId, PaymentHash } from '../lib/ids.ts'
import type { BlockHeight, Msat } from '../lib/units.ts'

/**
 * Where an HTLC of ours was to be offered, as the row says that is written with or before the commit that holds it. A channel gives out ids
 * one after the other, in the commit that holds the HTLC, and keeps what belongs to each: so whatever else is lost, whether the offer was
 * made can be told from the ids that were given out since.
 */
export interface Offer {
  readonly channelId: ChannelId
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat
  readonly cltvExpiry: BlockHeight
  /** No id below it can be the HTLC's. Absent in rows of an earlier version: any can. */
  readonly firstHtlcId?: HtlcId
}

/** Whether an offer was made of which no channel and no outcome tells any more. */
export type OfferTrace =
  /** No commitment has ever held it. */
  | 'never'
  | 'made'
  /** What would tell is gone. */
  | 'lost'
