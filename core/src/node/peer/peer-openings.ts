import type { ActorRef } from '../../actor/types.ts'
import { type Channel, isFunded, isFundingConfirmed, type PeerFault } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { ChannelId, NodeId } from '../../lib/ids.ts'
import { err, ok } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'
import type { Msat, Sat } from '../../lib/units.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import type { OpenChannel } from '../../wire/messages/channel-open.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import type { ChannelProtocol } from '../channel/channel-protocol.ts'
import type { Channels } from '../channel/channels.ts'
import type { ConnectionRef } from '../channel/connection-ref.ts'
import type { EventLog } from '../events/event-log.ts'
import type { PeerEvents } from '../events/peer-events.ts'
import type { PeerProtocol } from './peer-protocol.ts'

export interface OpeningServices {
  readonly channels: Channels
  readonly channelDirectory: ChannelDirectory
  readonly events: EventLog
  readonly peerEvents: PeerEvents
  /** How many openings by the peer may be under way at once. */
  readonly maxPendingOpenings: number
  /** How many channels that the peer has opened may wait for their funding, which may never come. */
  readonly maxUnconfirmed: number
  /** How many such channels of all peers there may be. Beyond it, only peers with a channel that cost somebody money get more. */
  readonly maxUnconfirmedInAll: number
}

/** How long a peer may take to open a channel with us. */
const OPENING_TIMEOUT_MS = 50_000

/** Openings with one peer: ours, until the peer has answered, and the peer's, whose number is limited. */
export class PeerOpenings {
  readonly #services: OpeningServices
  readonly #nodeId: NodeId
  readonly #rng: Rng
  /** Ours that are not answered yet. */
  readonly #unanswered = new Set<Promise<unknown>>()

  constructor(services: OpeningServices, nodeId: NodeId, rng: Rng) {
    this.#services = services
    this.#nodeId = nodeId
    this.#rng = rng
  }

  /** Opens a channel to the peer. The answer comes when both sides have signed, which takes the wallet and two round trips. */
  open(
    connection: ConnectionRef,
    remoteFeatures: FeatureVector,
    command: PeerProtocol['openChannel']['request'],
  ): Promise<PeerProtocol['openChannel']['reply']> {
    const temporaryChannelId = this.#rng.bytes(32)
    const ref = this.#services.channels.create(temporaryChannelId, this.#nodeId, connection, remoteFeatures)
    this.#report(temporaryChannelId, 'local', command.funding, command.pushMsat)
    const opening = this.#answer(ref, command)
    this.#unanswered.add(opening)
    void opening.finally(() => this.#unanswered.delete(opening))
    return opening
  }

  /** The peer opens a channel to us. Why it may not, if so. */
  receive(connection: ConnectionRef, remoteFeatures: FeatureVector, message: OpenChannel): PeerFault | undefined {
    const { channelDirectory, channels, maxPendingOpenings, maxUnconfirmed } = this.#services
    const { temporaryChannelId, fundingSatoshis, pushMsat } = message
    // BOLT 2, open_channel: the temporary id must be one that is not in use with this peer.
    if (channelDirectory.getOfPeer(this.#nodeId, temporaryChannelId) !== undefined) {
      return { code: 'temporary-channel-id-in-use' }
    }
    const { 'funding-outpoint': pending, confirmation } = channelDirectory.openings(this.#nodeId)
    if (pending >= maxPendingOpenings || confirmation >= maxUnconfirmed || !this.#hasRoom()) {
      return { code: 'too-many-openings' }
    }
    const ref = channels.create(temporaryChannelId, this.#nodeId, connection, remoteFeatures)
    ref.tell('peerMessage', { epoch: connection.epoch, message })
    this.#report(temporaryChannelId, 'remote', fundingSatoshis, pushMsat)
    return undefined
  }

  /** Resolves when ours are answered. */
  async answered(): Promise<void> {
    await Promise.allSettled(this.#unanswered)
  }

  async #answer(
    ref: ActorRef<ChannelProtocol>,
    command: PeerProtocol['openChannel']['request'],
  ): Promise<PeerProtocol['openChannel']['reply']> {
    const answer = await ref.ask('open', command, { timeoutMs: OPENING_TIMEOUT_MS })
    if (answer.ok) return ok(answer.value)
    if (answer.error.code !== 'ask-timeout') return err({ code: 'peer-not-connected' })
    // If a peer does not go on, it must not be able to decide later that the channel was opened after all.
    const abandoned = await ref.ask('abandon', undefined)
    return abandoned.ok && abandoned.value ? err({ code: 'peer-not-answering' }) : err({ code: 'outcome-unknown' })
  }

  /** A node id costs nothing, while a channel whose funding never comes costs us a row, a watch and keys. */
  #hasRoom(): boolean {
    const { channelDirectory, maxUnconfirmedInAll } = this.#services
    if (channelDirectory.openings().confirmation < maxUnconfirmedInAll) return true
    return channelDirectory
      .ofPeer(this.#nodeId)
      .some(({ state: { durable } }) => isFunded(durable) && !(isUnconfirmed(durable) && isOpenedByPeer(durable)))
  }

  #report(temporaryChannelId: ChannelId, initiator: 'local' | 'remote', funding: Sat, pushMsat: Msat): void {
    const opening = {
      temporaryChannelId: toHex(temporaryChannelId),
      peer: toHex(this.#nodeId),
      initiator,
      fundingSat: funding,
      pushMsat,
    }
    if (initiator === 'local') this.#services.events.append('channel.opening', opening)
    else this.#services.peerEvents.report(this.#nodeId, 'channel.opening', opening)
  }
}

const isUnconfirmed = (durable: Channel): boolean => isFunded(durable) && !isFundingConfirmed(durable)

const isOpenedByPeer = (durable: Channel): boolean => isFunded(durable) && !durable.params.localIsOpener
