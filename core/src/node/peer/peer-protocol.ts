import type { CommandResult, Epoch, OpenCommand } from '../../channel/index.ts'
import type { Failure } from '../../lib/errors.ts'
import type { ChannelId } from '../../lib/ids.ts'
import type { Result } from '../../lib/result.ts'
import type { Message, UnknownMessage } from '../../wire/messages/message.ts'
import type { ConnectionProtocol } from '../channel/connection-ref.ts'

/** `outcome-unknown`: the channel came into being in the very moment in which it was given up. */
export type PeerFailure = Failure<'peer-not-connected' | 'peer-not-answering' | 'outcome-unknown'>

/** What a peer's actor is told and asked. */
export type PeerProtocol = ConnectionProtocol & {
  /** A connection that has exchanged `init`. It takes the place of the one before. */
  attached: { readonly request: { readonly epoch: Epoch }; readonly reply: void }
  detached: {
    readonly request: {
      readonly epoch: Epoch
      readonly reason: string
      /** The channel of the message at which it ended. */
      readonly channelId?: ChannelId
    }
    readonly reply: void
  }
  message: {
    readonly request: { readonly epoch: Epoch; readonly message: Message | UnknownMessage }
    readonly reply: void
  }
  openChannel: {
    readonly request: Omit<OpenCommand, 'type' | 'requestId' | 'temporaryChannelId'>
    readonly reply: Result<CommandResult<'open'>, PeerFailure>
  }
  disconnect: { readonly request: { readonly reason: string }; readonly reply: Result<void, PeerFailure> }
}
