import { toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { NodeId } from '../../lib/ids.ts'
import { TokenBucket } from '../../lib/token-bucket.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import { hasFeature } from '../../wire/features.ts'
import type { UnknownMessage } from '../../wire/messages/message.ts'
import { MESSAGE_LIMITS } from './message-limits.ts'

/** What is used of a peer's connection. */
export interface MessageConnection {
  readonly epoch: number
  readonly remoteNodeId: NodeId
  readonly remoteFeatures: FeatureVector
  send(message: UnknownMessage): void
  close(reason: string): void
  /** What the peer has not taken yet, in bytes. */
  readonly unsentBytes: number
}

export interface MessageLine {
  readonly connection: MessageConnection
  /** What the peer may still send, in bytes. */
  readonly bytes: TokenBucket
}

/** The connections over which onion messages come and go. */
export class MessageLines {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #lines = new Map<string, MessageLine>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  connected(connection: MessageConnection): void {
    const { perSecond, burst } = MESSAGE_LIMITS.bytesOfPeer
    const bytes = new TokenBucket(perSecond, burst, this.#clock.monotonic())
    this.#lines.set(toHex(connection.remoteNodeId), { connection, bytes })
  }

  disconnected({ remoteNodeId, epoch }: Pick<MessageConnection, 'remoteNodeId' | 'epoch'>): void {
    const name = toHex(remoteNodeId)
    // A later connection has taken its place.
    if (this.#lines.get(name)?.connection.epoch === epoch) this.#lines.delete(name)
  }

  get(nodeId: NodeId): MessageLine | undefined {
    return this.#lines.get(toHex(nodeId))
  }

  /** The peers that relay onion messages. */
  relays(): readonly NodeId[] {
    return [...this.#lines.values()].flatMap(({ connection }) =>
      takesMessages(connection) ? [connection.remoteNodeId] : [],
    )
  }
}

/** BOLT 9, option_onion_messages. */
export const takesMessages = ({ remoteFeatures }: Pick<MessageConnection, 'remoteFeatures'>): boolean =>
  hasFeature(remoteFeatures, 'option_onion_messages')
