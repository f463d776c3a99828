import type { ActorRef } from '../../actor/types.ts'
import type { Epoch } from '../../channel/index.ts'
import type { ChannelId } from '../../lib/ids.ts'
import type { Message } from '../../wire/messages/message.ts'

/** What a channel sends to the actor that has the connection with its peer. It is dropped if the connection of the epoch is gone. */
export type ConnectionProtocol = {
  /** Written with everything else of this turn, in one go. */
  send: {
    readonly request: { readonly epoch: Epoch; readonly channelId: ChannelId; readonly message: Message }
    readonly reply: void
  }
  /** Closes the connection because of this channel, once everything that was sent is written. */
  hangUp: {
    readonly request: { readonly epoch: Epoch; readonly channelId: ChannelId; readonly reason: string }
    readonly reply: void
  }
  /** Stops or resumes reading from the peer. */
  press: { readonly request: { readonly epoch: Epoch; readonly isFull: boolean }; readonly reply: void }
}

/** A channel's way to its peer, for as long as one connection lives. */
export interface ConnectionRef {
  readonly epoch: Epoch
  readonly ref: ActorRef<ConnectionProtocol>
}
