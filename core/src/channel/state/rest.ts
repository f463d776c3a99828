import type { ClosingSigned, FeeRange } from '../../wire/messages/channel-close.ts'
import type { ChannelReestablish } from '../../wire/messages/channel-operation.ts'
import type { ErrorMessage } from '../../wire/messages/setup.ts'

/** What a channel does not say for a while. What the peer says meanwhile is heard, and taken up when the rest ends. */
export type Rest =
  /** Nothing at all, until it is known what the chain has decided. Nor does the channel close for what the peer says. */
  | { readonly from: 'chain'; readonly heard: readonly (ChannelReestablish | ErrorMessage)[] }
  /** Nothing at all, because the last connections ended at it: the peer's other channels must be able to go on. */
  | { readonly from: 'reestablishment'; readonly heard: readonly ChannelReestablish[] }
  /** No fee for the close, for as long as it would be much the same: as opener the range, else the answer to this offer. */
  | {
      readonly from: 'negotiation'
      readonly offered?: FeeRange
      readonly answered?: ClosingSigned
      readonly heard?: ClosingSigned
    }
