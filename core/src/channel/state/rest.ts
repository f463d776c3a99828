import type { ClosingSigned, FeeRange } from '../../wire/messages/channel-close.ts'
import type { ChannelReestablish } from '../../wire/messages/channel-operation.ts'

/**
 * What a channel does not say, for a while, because the last connection ended at it: the peer's other channels must be able to
 * go on. What the peer says meanwhile is heard, and taken up when the rest ends.
 */
export type Rest =
  /** Nothing at all. */
  | { readonly from: 'reestablishment'; readonly heard?: ChannelReestablish }
  /** No fee for the close, for as long as it would be much the same: as opener the range, else the answer to this offer. */
  | {
      readonly from: 'negotiation'
      readonly offered?: FeeRange
      readonly answered?: ClosingSigned
      readonly heard?: ClosingSigned
    }
