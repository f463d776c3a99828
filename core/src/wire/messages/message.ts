import type { ClosingComplete, ClosingSig, ClosingSigned, Shutdown } from './channel-close.ts'
import type { AcceptChannel, ChannelReady, FundingCreated, FundingSigned, OpenChannel } from './channel-open.ts'
import type {
  ChannelReestablish,
  CommitmentSigned,
  RevokeAndAck,
  UpdateAddHtlc,
  UpdateFailHtlc,
  UpdateFailMalformedHtlc,
  UpdateFee,
  UpdateFulfillHtlc,
} from './channel-operation.ts'
import type { AnnouncementSignatures, ChannelUpdate } from './gossip.ts'
import type { ErrorMessage, Init, PeerStorage, PeerStorageRetrieval, Ping, Pong, WarningMessage } from './setup.ts'

/** Every message that this node reads and writes, tagged with its BOLT name. */
export type Message =
  | Init
  | ErrorMessage
  | WarningMessage
  | Ping
  | Pong
  | PeerStorage
  | PeerStorageRetrieval
  | OpenChannel
  | AcceptChannel
  | FundingCreated
  | FundingSigned
  | ChannelReady
  | Shutdown
  | ClosingSigned
  | ClosingComplete
  | ClosingSig
  | UpdateAddHtlc
  | UpdateFulfillHtlc
  | UpdateFailHtlc
  | UpdateFailMalformedHtlc
  | CommitmentSigned
  | RevokeAndAck
  | UpdateFee
  | ChannelReestablish
  | ChannelUpdate
  | AnnouncementSignatures

/** A message of a type that has no codec here: somebody takes it by its number, or it may be ignored. */
export interface UnknownMessage {
  readonly type: 'unknown'
  /** u16. */
  readonly messageType: number
  /** What follows the type. */
  readonly payload: Uint8Array
}
