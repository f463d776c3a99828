import type { EventPayload } from '@fulgurite/plugin-sdk/contract'
import type { ActorContext, Behaviour, BehaviourFactory } from '../../actor/types.ts'
import {
  answerTo,
  type ChannelMessage,
  type Epoch,
  idsOf,
  type PeerFault,
  peerText,
  reestablishUnknown,
} from '../../channel/index.ts'
import { isAllZero, toHex } from '../../lib/bytes.ts'
import { stackOf } from '../../lib/errors.ts'
import type { ChannelId, NodeId, ShortChannelId } from '../../lib/ids.ts'
import { Ration } from '../../lib/ration.ts'
import { err, ok } from '../../lib/result.ts'
import type { OpenChannel } from '../../wire/messages/channel-open.ts'
import type { ChannelUpdate } from '../../wire/messages/gossip.ts'
import type { Message, UnknownMessage } from '../../wire/messages/message.ts'
import type { ChannelEntry } from '../channel/channel-directory.ts'
import type { ConnectionProtocol, ConnectionRef } from '../channel/connection-ref.ts'
import type { MessageRoom, MessageRooms } from '../connection/message-rooms.ts'
import type { NodeLog } from '../node-log.ts'
import { RationedLog } from '../rationed-log.ts'
import { type IgnoredMessage, logIgnored } from './ignored-message.ts'
import type { KeptBlobs } from './kept-blobs.ts'
import { factsOf, type PeerConnection } from './peer-connection.ts'
import type { PeerDirectory } from './peer-directory.ts'
import { type OpeningServices, PeerOpenings } from './peer-openings.ts'
import type { PeerProtocol } from './peer-protocol.ts'

/** A room that takes `channel_update` besides, which the wire reads for our own channels. */
interface UpdatesRoom extends MessageRoom {
  takeUpdate(from: NodeId, update: ChannelUpdate): void
}

export interface PeerServices extends OpeningServices {
  readonly log: NodeLog
  readonly peerDirectory: PeerDirectory
  readonly rooms: Pick<MessageRooms, 'of'>
  /** Also hears the updates of channels, which have a reader of their own; absent if nobody does. */
  readonly gossip?: UpdatesRoom | undefined
  readonly storage: PeerStorageServices
}

/** `option_provide_storage`, both ways. */
interface PeerStorageServices {
  readonly kept: Pick<KeptBlobs, 'keep'>
  /** What a peer has kept for us. Once a connection. */
  returned(blob: Uint8Array): void
}

/** Messages of channels are never refused, and are sent before more is received. */
export const PEER_LANES = {
  attached: 'peer',
  detached: 'peer',
  message: 'peer',
  send: 'priority',
  hangUp: 'priority',
  press: 'priority',
} as const

/** How much is logged of what a peer says in an error or a warning. */
const MAX_TEXT_LOGGED = 512

/** The connection of an epoch, for as long as the peer's actor has not heard that it is gone. */
export type ConnectionOf = (epoch: Epoch) => PeerConnection | undefined

/** The behaviour of one peer's actor: it hands the peer's messages to the channels that they concern. */
export const peerBehaviour =
  (services: PeerServices, nodeId: NodeId, connectionOf: ConnectionOf): BehaviourFactory<PeerProtocol> =>
  (context) =>
    new PeerDriver(services, nodeId, connectionOf, context).behaviour()

class PeerDriver {
  readonly #services: PeerServices
  readonly #nodeId: NodeId
  readonly #connectionOf: ConnectionOf
  readonly #context: ActorContext<PeerProtocol>
  readonly #openings: PeerOpenings
  readonly #complaints: RationedLog
  /** What this peer may still send to each room. */
  readonly #rations = new Map<MessageRoom, Ration>()
  #connection: PeerConnection | undefined
  /** The connection on which the peer has given back what it keeps. */
  #returnedOn: Epoch | undefined

  constructor(services: PeerServices, nodeId: NodeId, connectionOf: ConnectionOf, context: ActorContext<PeerProtocol>) {
    this.#services = services
    this.#nodeId = nodeId
    this.#connectionOf = connectionOf
    this.#context = context
    this.#openings = new PeerOpenings(services, nodeId, context.rng)
    this.#complaints = new RationedLog(services.log, context.clock)
  }

  behaviour(): Behaviour<PeerProtocol> {
    this.#publish()
    return {
      handlers: {
        attached: ({ epoch }) => {
          const connection = this.#connectionOf(epoch)
          if (connection !== undefined) this.#attach(connection)
        },
        detached: async ({ epoch, reason, channelId }) => {
          const culprit = channelId === undefined ? undefined : this.#ours(channelId)
          if (culprit !== undefined) this.#at(epoch)?.complaints.note(idsOf(culprit.state.durable).channelId)
          this.#detach(epoch, reason)
          // Answered last: after that this actor may be ended, and whatever it has not answered is lost.
          await this.#openings.answered()
        },
        message: ({ epoch, message }) => {
          const connection = this.#at(epoch)
          if (connection !== undefined) this.#receive(connection, message)
        },
        send: (sending) => this.#send(sending),
        hangUp: ({ epoch, channelId, reason }) => this.#hangUp(this.#at(epoch), channelId, reason),
        press: ({ epoch, isFull }) => this.#at(epoch)?.setPressure(isFull),
        openChannel: (command) =>
          this.#connection === undefined
            ? err({ code: 'peer-not-connected' })
            : this.#openings.open(this.#refOf(this.#connection), this.#connection.remoteFeatures, command),
        disconnect: ({ reason }) => {
          if (this.#connection === undefined) return err({ code: 'peer-not-connected' })
          this.#connection.close(reason)
          return ok(undefined)
        },
      },
      stopped: () => {
        this.#connection?.close('stopping')
        this.#services.peerDirectory.remove(this.#nodeId)
      },
    }
  }

  /** A peer that connects again has lost the connection before, whether or not our end has noticed. */
  #attach(connection: PeerConnection): void {
    const earlier = this.#connection
    if (earlier !== undefined) {
      earlier.close('replaced')
      this.#detach(earlier.epoch, 'replaced')
    }
    this.#connection = connection
    this.#publish()
    this.#tell(connection, 'peer.connected', {
      nodeId: toHex(this.#nodeId),
      address: connection.address,
      direction: connection.direction,
      features: toHex(connection.remoteFeatures),
    })
    for (const { ref } of this.#channels()) {
      ref.tell('connected', { connection: this.#refOf(connection), remoteFeatures: connection.remoteFeatures })
    }
  }

  #detach(epoch: Epoch, reason: string): void {
    const connection = this.#at(epoch)
    if (connection === undefined) return
    this.#connection = undefined
    this.#publish()
    this.#tell(connection, 'peer.disconnected', { nodeId: toHex(this.#nodeId), reason })
    for (const { ref, state } of this.#channels()) {
      ref.tell('disconnected', { epoch, about: connection.complaints.about(idsOf(state.durable).channelId) })
    }
  }

  /** A peer can come and go at no cost, unless we called it. */
  #tell<Name extends 'peer.connected' | 'peer.disconnected'>(
    { direction }: PeerConnection,
    name: Name,
    payload: EventPayload<Name>,
  ): void {
    if (direction === 'outbound') this.#services.events.append(name, payload)
    else this.#services.peerEvents.report(this.#nodeId, name, payload, 'connection')
  }

  #receive(connection: PeerConnection, message: Message | UnknownMessage): void {
    switch (message.type) {
      case 'open_channel':
        this.#receiveOpen(connection, message)
        break
      case 'accept_channel':
      case 'funding_created':
        this.#toChannel(connection, message.temporaryChannelId, message)
        break
      case 'funding_signed':
      case 'channel_ready':
      case 'shutdown':
      case 'closing_signed':
      case 'closing_complete':
      case 'closing_sig':
      case 'update_add_htlc':
      case 'update_fulfill_htlc':
      case 'update_fail_htlc':
      case 'update_fail_malformed_htlc':
      case 'commitment_signed':
      case 'revoke_and_ack':
      case 'update_fee':
      case 'channel_reestablish':
        this.#toChannel(connection, message.channelId, message)
        break
      case 'error':
      case 'warning':
        this.#receiveComplaint(connection, message)
        break
      case 'channel_update':
        this.#toShortId(connection, message.shortChannelId, message)
        break
      case 'announcement_signatures':
        if (this.#ours(message.channelId) !== undefined) this.#toChannel(connection, message.channelId, message)
        else this.#ignore(connection, { message: message.type, why: 'not-of-our-channels' })
        break
      case 'peer_storage':
        if (!this.#services.storage.kept.keep(this.#nodeId, message.blob)) {
          this.#ignore(connection, { message: message.type, why: 'without-channel' })
        }
        break
      case 'peer_storage_retrieval':
        if (this.#returnedOn === connection.epoch) {
          this.#ignore(connection, { message: message.type, why: 'repeated' })
          break
        }
        this.#returnedOn = connection.epoch
        this.#services.storage.returned(message.blob)
        break
      case 'unknown':
        this.#toRoom(connection, message)
        break
      // The connection has handled these.
      case 'init':
      case 'ping':
      case 'pong':
        break
    }
  }

  /** The connection has passed over what nobody takes. */
  #toRoom(connection: PeerConnection, { messageType: type, payload }: UnknownMessage): void {
    const room = this.#services.rooms.of(type)
    if (room === undefined) return
    if (this.#mayEnter(room)) room.take({ from: this.#nodeId, type, payload })
    else this.#ignore(connection, { message: 'unknown', why: 'beyond-ration', type, bytes: payload.length })
  }

  #mayEnter(room: MessageRoom): boolean {
    if (room.takeOwed?.(this.#nodeId) === true) return true
    const ration = this.#rations.get(room) ?? new Ration(this.#context.clock, room.ration)
    this.#rations.set(room, ration)
    return ration.take() !== undefined
  }

  #receiveOpen(connection: PeerConnection, message: OpenChannel): void {
    const refused = this.#openings.receive(this.#refOf(connection), connection.remoteFeatures, message)
    if (refused !== undefined) this.#answer(connection, message.temporaryChannelId, refused)
  }

  #toChannel(connection: PeerConnection, channelId: ChannelId, message: ChannelMessage): void {
    const channel = this.#ours(channelId)
    if (channel !== undefined) {
      channel.ref.tell('peerMessage', { epoch: connection.epoch, message })
      return
    }
    // BOLT 2, message retransmission: if a peer reestablishes a channel that we do not know, be it closed long ago or lost with our data, we
    // say so, or the peer would keep it for ever. One that knows nothing of it either says so with a zero, and keeps nothing.
    if (message.type === 'channel_reestablish' && message.nextCommitmentNumber > 0n)
      connection.send(reestablishUnknown(channelId))
    this.#answer(connection, channelId, { code: 'unknown-channel' })
  }

  /** BOLT 1, error and warning: an all-zero id means every channel with the peer. */
  #receiveComplaint(connection: PeerConnection, message: Extract<ChannelMessage, { type: 'error' | 'warning' }>): void {
    this.#logComplaint(message)
    if (isAllZero(message.channelId)) {
      for (const { ref } of this.#channels()) ref.tell('peerMessage', { epoch: connection.epoch, message })
      if (message.type === 'error') connection.close('peer-error')
      return
    }
    const channel = this.#ours(message.channelId)
    if (channel === undefined) return
    connection.complaints.note(idsOf(channel.state.durable).channelId)
    channel.ref.tell('peerMessage', { epoch: connection.epoch, message })
  }

  /** BOLT 1: what a peer says is logged for later diagnosis. It may say it as often as it likes. */
  #logComplaint(message: Extract<ChannelMessage, { type: 'error' | 'warning' }>): void {
    this.#complaints.write('warn', `peer.said-${message.type}`, () => ({
      peer: toHex(this.#nodeId),
      channel: toHex(message.channelId),
      text: peerText(message).slice(0, MAX_TEXT_LOGGED),
    }))
  }

  #ignore({ unheeded }: PeerConnection, ignored: IgnoredMessage): void {
    logIgnored(unheeded, this.#nodeId, ignored)
  }

  #toShortId(
    connection: PeerConnection,
    shortChannelId: ShortChannelId,
    message: Extract<ChannelMessage, { type: 'channel_update' }>,
  ): void {
    const { channelDirectory, gossip } = this.#services
    const isHeard = gossip !== undefined && this.#mayEnter(gossip)
    if (isHeard) gossip.takeUpdate(this.#nodeId, message)
    const channel = channelDirectory.byShortChannelId(shortChannelId)
    if (channel === undefined || toHex(channel.remoteNodeId) !== toHex(this.#nodeId)) {
      if (!isHeard) this.#ignore(connection, { message: message.type, why: 'not-of-our-channels' })
      return
    }
    channel.ref.tell('peerMessage', { epoch: connection.epoch, message })
  }

  #send({ epoch, channelId, message }: ConnectionProtocol['send']['request']): void {
    const connection = this.#at(epoch)
    try {
      connection?.send(message)
    } catch (thrown) {
      // The channel takes the message for sent, and its next messages would be sent without it: on the next connection both sides agree
      // again on what was said. A channel to which this happens again and again rests, and leaves the connection to the others.
      this.#services.log.error('peer.bug', { peer: toHex(this.#nodeId), message: message.type, error: stackOf(thrown) })
      this.#hangUp(connection, channelId, 'internal')
    }
  }

  /** On account of one channel. */
  #hangUp(connection: PeerConnection | undefined, channelId: ChannelId, reason: string): void {
    connection?.complaints.note(channelId)
    connection?.close(reason)
  }

  /** The connection in use, if it is that of the epoch. */
  #at(epoch: Epoch): PeerConnection | undefined {
    return this.#connection?.epoch === epoch ? this.#connection : undefined
  }

  #refOf({ epoch }: PeerConnection): ConnectionRef {
    return { epoch, ref: this.#context.self }
  }

  #ours(channelId: ChannelId): ChannelEntry | undefined {
    return this.#services.channelDirectory.getOfPeer(this.#nodeId, channelId)
  }

  #channels(): readonly ChannelEntry[] {
    return [...this.#services.channelDirectory.ofPeer(this.#nodeId)]
  }

  #answer(connection: PeerConnection, channelId: ChannelId, fault: PeerFault): void {
    const message = answerTo(channelId, fault)
    if (message !== undefined) connection.send(message)
  }

  #publish(): void {
    const connection = this.#connection
    this.#services.peerDirectory.put({
      nodeId: this.#nodeId,
      ref: this.#context.self,
      ...(connection === undefined ? {} : { connection: factsOf(connection), connectedAt: this.#context.clock.now() }),
    })
  }
}
