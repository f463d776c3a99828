import type { Clock } from '../../lib/clock.ts'
import { stackOf } from '../../lib/errors.ts'
import type { NodeId, PrivateKey, ShortChannelId } from '../../lib/ids.ts'
import type { Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'
import type { BlindedPath } from '../../onion/blinded-path.ts'
import type { OnionMessageContent } from '../../onion/onion-message-payload.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { endNamedBy, peerNamedBy } from '../channel/named-channel.ts'
import type { NodeGossip } from '../gossip/node-gossip.ts'
import type { NodeLog } from '../node-log.ts'
import type { SocketAddress } from '../peer/socket-address.ts'
import { MessageCalls } from './message-calls.ts'
import type { MessageRelaying } from './message-limits.ts'
import { MessageLines } from './message-lines.ts'
import { OnionMessageRoom, type ReceivedMessage } from './message-room.ts'
import {
  type MessageDestination,
  type MessageReason,
  MessageSender,
  type SendMessageFailure,
} from './message-sender.ts'
import { MessageWays } from './message-ways.ts'
import { type AwaitedReply, pathsToUs, ReplyPaths } from './reply-paths.ts'

export interface OnionMessagesOptions {
  readonly clock: Clock
  readonly rng: Rng
  readonly log: NodeLog
  readonly nodeId: NodeId
  readonly nodeKey: PrivateKey
  readonly relaying: Exclude<MessageRelaying, 'off'>
  readonly directory: Pick<ChannelDirectory, 'byShortChannelId'>
  readonly gossip: Pick<NodeGossip, 'messageWays' | 'endOf' | 'knows' | 'addressesOf'> | undefined
  readonly isPartner: (nodeId: NodeId) => boolean
  readonly knownAddresses: (nodeId: NodeId) => readonly SocketAddress[]
  readonly connect: (nodeId: NodeId, address: SocketAddress) => Promise<{ readonly ok: boolean }>
}

/** Takes messages for us that answer nothing that we have sent. */
export type MessageReceiver = (message: ReceivedMessage) => void | Promise<void>

/** The node's onion messages: those of others that it passes on, and its own. */
export class OnionMessages {
  readonly room: OnionMessageRoom
  readonly lines: MessageLines
  readonly #options: OnionMessagesOptions
  readonly #sender: MessageSender
  readonly #replies: ReplyPaths
  readonly #calls: MessageCalls
  #receive: MessageReceiver = () => {}

  constructor(options: OnionMessagesOptions) {
    const { clock, rng, log, nodeId, nodeKey, relaying, directory, gossip, isPartner, connect, knownAddresses } =
      options
    this.#options = options
    const peerOf = (id: ShortChannelId): NodeId | undefined => peerNamedBy(directory, id)
    this.#replies = new ReplyPaths(clock, rng)
    this.lines = new MessageLines(clock)
    this.#calls = new MessageCalls({
      clock,
      lines: this.lines,
      connect,
      isPartner,
      addressesOf: (id) => [...knownAddresses(id), ...(gossip?.addressesOf(id) ?? [])],
    })
    this.room = new OnionMessageRoom({
      clock,
      log,
      nodeKey,
      lines: this.lines,
      relaying,
      isPartner,
      peerOf,
      receive: (message) => this.#take(message),
    })
    const ways = new MessageWays(clock, this.lines, (from) => gossip?.messageWays(from) ?? (() => undefined))
    this.#sender = new MessageSender({
      clock,
      rng,
      nodeId,
      nodeKey,
      room: this.room,
      ways,
      endOf: (id, direction) => this.#endOf(id, direction),
      peerOf,
      connect: (id) => this.#calls.connect(id),
    })
  }

  /** Who takes messages for us that answer nothing. */
  onReceived(receive: MessageReceiver): void {
    this.#receive = receive
  }

  /** `ok` says that it has left the node, and not that it arrives. */
  send(
    destination: MessageDestination,
    content: OnionMessageContent,
    reason: MessageReason,
  ): Promise<Result<void, SendMessageFailure>> {
    return this.#sender.send(destination, content, reason)
  }

  /** Answers a stranger by the path that it gave. Nobody waits for that, so that a fault in it ends nothing else. */
  answer(path: BlindedPath, content: OnionMessageContent): void {
    void this.#guarded(() => this.send({ type: 'path', path }, content, 'answer'))
  }

  /** Waits for the answer to something that is to be sent with a path made with this path id. */
  awaitReply(timeoutMs: number): AwaitedReply {
    return this.#replies.await(timeoutMs)
  }

  /** At most `count` blinded paths that lead to us, for others than `apart`. */
  pathsToUs(pathId: Uint8Array, count: number, apart?: NodeId): readonly BlindedPath[] {
    const { rng, nodeId, gossip, isPartner } = this.#options
    const relays = (): readonly NodeId[] => this.lines.relays().filter(isPartner)
    const isAnnounced = (id: NodeId): boolean => gossip?.knows(id) === true
    return pathsToUs({ rng, nodeId, relays, isAnnounced }, pathId, count, apart)
  }

  /** Whether others find us by our id. */
  get isAnnounced(): boolean {
    return this.#options.gossip?.knows(this.#options.nodeId) === true
  }

  stop(): void {
    this.#calls.stop()
    this.#replies.stop()
  }

  /** One end of a channel of ours, or of one that everybody knows. */
  #endOf(id: ShortChannelId, direction: 0 | 1): NodeId | undefined {
    const { nodeId, directory, gossip } = this.#options
    return endNamedBy(nodeId, directory, id, direction) ?? gossip?.endOf(id, direction)
  }

  /** BOLT 4: what comes by the path of a reply is that reply or nothing, and a reply by no such path is nothing either. */
  #take(message: ReceivedMessage): void {
    if (!this.#replies.take(message)) void this.#guarded(() => this.#receive(message))
  }

  async #guarded(work: () => unknown): Promise<void> {
    try {
      await work()
    } catch (thrown) {
      this.#options.log.error('onion-message.bug', { error: stackOf(thrown) })
    }
  }
}
