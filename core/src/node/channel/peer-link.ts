import type { Epoch } from '../../channel/index.ts'
import type { Message } from '../../wire/messages/message.ts'
import type { Complaints } from './complaints.ts'

/** A channel's way to its peer, for as long as one connection lives. */
export interface PeerLink {
  readonly epoch: Epoch
  readonly complaints: Complaints
  /** Queued and written with everything else of this turn, in one go. Dropped when the connection is gone. */
  send(message: Message): void
  /** Closes the connection once what was sent is written. */
  close(reason: string): void
  /** Stops or resumes reading from the peer. */
  setPressure(full: boolean): void
}
