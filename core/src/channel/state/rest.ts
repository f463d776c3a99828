import type { ClosingSigned, FeeRange } from '../../wire/messages/channel-close.ts'
import type { ChannelReestablish } from '../../wire/messages/channel-operation.ts'
import type { ErrorMessage } from '../../wire/messages/setup.ts'

/** What a channel does not say for a while. The peer's messages are kept meanwhile, and handled when the rest ends. */
export type Rest =
  /** Nothing at all, until it is known what the chain has decided. The channel also does not close because of the peer's messages. */
  | { readonly from: 'chain'; readonly heard: readonly (ChannelReestablish | ErrorMessage)[] }
  /** Nothing at all, because the last connections ended at this channel: the peer's other channels must be able to go on. */
  | { readonly from: 'reestablishment'; readonly heard: readonly ChannelReestablish[] }
  /** No fee for the close, while it would be much the same as before: as opener the range, else the answer to this offer. */
  | {
      readonly from: 'negotiation'
      readonly offered?: FeeRange
      readonly answered?: ClosingSigned
      readonly heard?: ClosingSigned
    }
