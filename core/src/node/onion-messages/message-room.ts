import { equalBytes, toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { NodeId, PrivateKey, ShortChannelId } from '../../lib/ids.ts'
import type { NextNode } from '../../onion/encrypted-data.ts'
import type { OnionMessageContent } from '../../onion/onion-message-payload.ts'
import { readOnionMessage } from '../../onion/read-onion-message.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { type OnionMessage, onionMessageCodec } from '../../wire/messages/onion-message.ts'
import type { MessageRoom, RoomMessage } from '../connection/message-rooms.ts'
import type { NodeLog } from '../node-log.ts'
import { RationedLog } from '../rationed-log.ts'
import type { Dropped } from './dropped-message.ts'
import { MESSAGE_LIMITS, type MessageRelaying, RATION } from './message-limits.ts'
import { type MessageLines, takesMessages } from './message-lines.ts'
import { MessageToll } from './message-toll.ts'

/** The type of message that this room takes. */
export const ONION_MESSAGE_TYPES: readonly number[] = [onionMessageCodec.number]

/** A message for us. */
export interface ReceivedMessage {
  /** What we put into the path that it came by, if it came by one. */
  readonly pathId?: Uint8Array
  readonly content: OnionMessageContent
}

export interface MessageRoomOptions {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: NodeLog
  readonly nodeKey: PrivateKey
  readonly lines: MessageLines
  readonly relaying: Exclude<MessageRelaying, 'off'>
  /** Whether a peer has a channel with us that cost somebody money. */
  readonly isPartner: (nodeId: NodeId) => boolean
  /** The peer at the other end of a channel of ours, by its id on the chain or an alias. */
  readonly peerOf: (shortChannelId: ShortChannelId) => NodeId | undefined
  readonly receive: (message: ReceivedMessage) => void
}

/** Takes the onion messages of peers, and passes them on or hands them to whoever waits. Nobody is told of one that is dropped (BOLT 4). */
export class OnionMessageRoom implements MessageRoom {
  readonly ration = RATION
  readonly #options: MessageRoomOptions
  readonly #toll: MessageToll
  readonly #lines: RationedLog

  constructor(options: MessageRoomOptions) {
    this.#options = options
    this.#toll = new MessageToll(options.clock)
    this.#lines = new RationedLog(options.log, options.clock)
  }

  take({ from, payload }: RoomMessage): void {
    const dropped = this.#take(from, payload)
    if (dropped === undefined) return
    this.#lines.write('debug', 'onion-message.dropped', () => ({ peer: toHex(from), why: dropped }))
  }

  /** Why it was dropped, if it was. */
  #take(from: NodeId, payload: Uint8Array): Dropped | undefined {
    const { lines, isPartner, nodeKey, receive } = this.#options
    const line = lines.get(from)
    if (line === undefined) return 'gone'
    if (!this.#toll.take(isPartner(from), line.bytes, payload.length)) return 'too-many'
    const decoded = decodeWith(onionMessageCodec.body, payload)
    if (!decoded.ok) return 'malformed'
    const opened = readOnionMessage(nodeKey, decoded.value)
    if (!opened.ok) return 'unreadable'
    if (opened.value.type === 'forward') return this.#relay(from, opened.value.next, opened.value.message)
    const { pathId, content } = opened.value
    receive({ content, ...(pathId === undefined ? {} : { pathId }) })
    return undefined
  }

  #relay(from: NodeId, next: NextNode, message: OnionMessage): Dropped | undefined {
    const { peerOf, relaying, isPartner } = this.#options
    const to = next.type === 'node' ? next.nodeId : peerOf(next.shortChannelId)
    if (to === undefined) return 'unknown-next'
    // Two nodes between which a long onion goes to and fro cost each other hundreds of messages for one.
    if (equalBytes(to, from)) return 'back'
    if (relaying === 'channel-peers' && !(isPartner(from) && isPartner(to))) return 'not-relayed'
    return this.send(to, message)
  }

  /** Sends it to a peer, if it is connected and takes such messages. BOLT 4: nothing is kept for later. */
  send(to: NodeId, message: OnionMessage): Dropped | undefined {
    const connection = this.#options.lines.get(to)?.connection
    if (connection === undefined || !takesMessages(connection)) return 'unknown-next'
    if (connection.unsentBytes > MESSAGE_LIMITS.maxUnsent) return 'congested'
    const payload = encodeWith(onionMessageCodec.body, message)
    connection.send({ type: 'unknown', messageType: onionMessageCodec.number, payload })
    return undefined
  }
}
