import type { Epoch } from '../../channel/index.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import type { Message, UnknownMessage } from '../../wire/messages/message.ts'
import type { RationedLog } from '../rationed-log.ts'
import type { Complaints } from './complaints.ts'

/** What is known of a connection from its beginning on. */
export interface ConnectionFacts {
  readonly epoch: Epoch
  readonly remoteNodeId: NodeId
  /** Of the peer's `init`. */
  readonly remoteFeatures: FeatureVector
  /** `host:port`. */
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
}

/** A connection for its peer's actor; only that actor holds it. */
export interface PeerConnection extends ConnectionFacts {
  readonly complaints: Complaints
  /** For what the peer says and we do not act on; the same on all connections of the peer. */
  readonly unheeded: RationedLog
  /** Queued and written with everything else of this turn, in one go. Dropped when the connection is gone. */
  send(message: Message | UnknownMessage): void
  /** What the peer has not taken yet. */
  readonly unsentBytes: number
  /** Closes the connection once what was sent is written. */
  close(reason: string): void
  /** Stops or resumes reading from the peer. */
  setPressure(full: boolean): void
}

/** The same as plain data, for whoever looks the peer up. */
export const factsOf = ({
  epoch,
  remoteNodeId,
  remoteFeatures,
  address,
  direction,
}: ConnectionFacts): ConnectionFacts => ({ epoch, remoteNodeId, remoteFeatures, address, direction })
