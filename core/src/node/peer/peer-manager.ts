import type { ActorSystem } from '../../actor/actor-system.ts'
import type { ActorContext, ActorRef } from '../../actor/types.ts'
import { type Epoch, isFunded, isStored } from '../../channel/index.ts'
import { addressGroup } from '../../lib/address-group.ts'
import { compareBytes, EMPTY, equalBytes, toHex, utf8Encode } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import { Crowd } from '../../lib/crowd.ts'
import { invariant } from '../../lib/errors.ts'
import type { NodeId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'
import { seldom } from '../../lib/seldom.ts'
import type { Store } from '../../store/store.ts'
import { hasFeature } from '../../wire/features.ts'
import type { ConnectFailure } from '../connection/connection-failure.ts'
import { type ConnectionSettings, HANDSHAKE_TIMEOUT_MS } from '../connection/connection-settings.ts'
import type { Listener } from '../connection/listen.ts'
import { type Place, TrafficControl } from '../connection/traffic-control.ts'
import { TRAFFIC_LIMITS, type TrafficLimits } from '../connection/traffic-limits.ts'
import { type PeerLine, TCP, type Transport } from '../connection/transport.ts'
import type { NodeLog } from '../node-log.ts'
import { RationedLog } from '../rationed-log.ts'
import { AddressBook, type ConfiguredPeer } from './address-book.ts'
import { AttachedConnection } from './attached-connection.ts'
import { logIgnored } from './ignored-message.ts'
import type { KeptBlobs } from './kept-blobs.ts'
import { Partners } from './partners.ts'
import { PEER_LANES, type PeerServices, peerBehaviour } from './peer-actor.ts'
import type { PeerConnection } from './peer-connection.ts'
import type { PeerProtocol } from './peer-protocol.ts'
import { Reconnection } from './reconnection.ts'
import { parseAddress, type SocketAddress } from './socket-address.ts'

export interface PeerManagerOptions {
  readonly store: Store
  readonly clock: Clock
  readonly rng: Rng
  readonly log: NodeLog
  /** Our own. */
  readonly nodeId: NodeId
  readonly connection: Omit<ConnectionSettings, 'traffic'>
  readonly services: PeerServices
  /** Peers that the operator has named, and their addresses. */
  readonly configured: readonly ConfiguredPeer[]
  readonly kept: KeptBlobs
  /** Who is told of every connection. */
  readonly listeners: readonly ConnectionListener[]
  /** What is given to peers to keep. */
  blob(): Uint8Array | undefined
  /** The defaults if absent. */
  readonly traffic?: TrafficLimits
  /** TCP if absent. */
  readonly transport?: Transport
}

/** Who wants to know of every connection. */
export interface ConnectionListener {
  connected(connection: PeerConnection): void
  disconnected(connection: PeerConnection): void
}

const OFFER_MS = 60_000
/** Accepting may fail thousands of times a second. */
const ACCEPT_ERROR_LOG_MS = 60_000

/** Brings connections and peers' actors together, and connects again to peers with whom we have channels. */
export class PeerManager {
  readonly #options: PeerManagerOptions
  readonly #retries = new Map<string, CancelTimer>()
  readonly #reconnection: Reconnection
  /** By peer, over its connections. */
  readonly #unheeded = new Map<string, RationedLog>()
  readonly #addresses: AddressBook
  /** Live connections, by peer; there are several only until a later one has replaced the earlier one. */
  readonly #attached = new Map<string, Set<AttachedConnection>>()
  /** Until the peer's actor has heard of the end, however late it begins: what the peer said before is still handled. */
  readonly #byEpoch = new Map<Epoch, AttachedConnection>()
  /** Peers' actors that are coming to their end. */
  readonly #ending = new Map<string, Promise<void>>()
  readonly #system: ActorSystem<{ readonly type: string }>
  readonly #partners: Partners
  readonly #connection: ConnectionSettings
  readonly #transport: Transport
  /** Those who called us and have no channel. */
  readonly #strangers: Crowd<PeerLine>
  #parent: ActorContext<Record<string, never>> | undefined
  #listener: Listener | undefined
  #offering: CancelTimer | undefined
  #offeredAt: number | undefined
  #lastEpoch: Epoch = 0
  #stopped = false

  constructor(system: ActorSystem<{ readonly type: string }>, options: PeerManagerOptions) {
    this.#options = options
    this.#system = system
    const { clock, services, traffic: limits = TRAFFIC_LIMITS } = options
    const partners = new Partners(services.channelDirectory)
    const traffic = new TrafficControl({
      clock,
      limits,
      isPartner: (nodeId) => partners.has(nodeId),
      isFamiliar: (group) => partners.wasSeenAt(group),
      onPartner: (place) => this.#partnerAt(place),
    })
    this.#partners = partners
    this.#addresses = new AddressBook({ store: options.store, clock, configured: options.configured })
    this.#connection = { ...options.connection, traffic }
    this.#transport = options.transport ?? TCP
    this.#reconnection = new Reconnection(clock, options.rng)
    this.#strangers = new Crowd(limits.connected)
    system.spawn<Record<string, never>>('peers', (context) => {
      this.#parent = context
      return { handlers: {} }
    })
  }

  /** Reads where peers were last reached, and connects to those with whom there are channels. */
  async start(): Promise<void> {
    await this.#addresses.load()
    for (const remoteNodeId of this.#options.services.channelDirectory.peers()) {
      this.#actorOf(remoteNodeId)
      for (const host of this.#addresses.hosts(remoteNodeId)) this.#partners.seenAt(remoteNodeId, host)
      this.#retry(remoteNodeId)
    }
    for (const { nodeId } of this.#options.configured) this.#retry(nodeId)
  }

  /** Errors: `listen-failed`. */
  async listen({
    host,
    port,
  }: SocketAddress): Promise<Result<number, { readonly code: string; readonly cause: string }>> {
    const listening = await this.#transport.listen({
      ...this.#connection,
      host,
      port,
      onConnection: (connection) => this.#accept(connection),
      onFailure: (failure, from) => {
        if (failure.code === 'internal') this.#options.log.error('peer.bug', { from, error: failure.bug })
        else this.#options.log.debug('peer.inbound-refused', { from, code: failure.code })
      },
      onAcceptError: seldom(this.#options.clock, ACCEPT_ERROR_LOG_MS, (cause) =>
        this.#options.log.warn('peer.accept-failed', { code: cause }),
      ),
    })
    if (!listening.ok) return listening
    this.#listener = listening.value
    return ok(listening.value.port)
  }

  /** Does nothing where the peer is connected already. */
  async connect(nodeId: NodeId, address: SocketAddress): Promise<Result<void, ConnectFailure>> {
    // If a node were its own peer, each end of the connection would seem to replace the other.
    if (equalBytes(nodeId, this.#options.nodeId)) return err({ code: 'own-node-id' })
    if (this.#options.services.peerDirectory.get(nodeId)?.connection !== undefined) return ok(undefined)
    const connected = await this.#transport.connect({ ...this.#connection, nodeId, ...address })
    if (!connected.ok) return connected
    await this.#ending.get(toHex(nodeId))
    if (this.#stopped) {
      connected.value.close()
      return err({ code: 'unreachable', cause: 'stopping' })
    }
    this.#addresses.reached(nodeId, address)
    this.#attach(connected.value)
    return ok(undefined)
  }

  /** A channel with the peer was brought back. One that is connected has said what it has to say about it: it is to say so again. */
  wanted(nodeId: NodeId, addresses: readonly string[]): void {
    // The first is the likeliest.
    for (const text of addresses.toReversed()) {
      const address = parseAddress(text)
      if (address !== undefined) this.#addresses.recalled(nodeId, address)
    }
    this.#actorOf(nodeId)
    for (const connection of this.#attached.get(toHex(nodeId)) ?? []) connection.close('channel-recovered')
    this.#retry(nodeId)
  }

  /** Where the node may be reached, the likeliest first. */
  knownAddresses(nodeId: NodeId): readonly SocketAddress[] {
    return this.#addresses.known(nodeId)
  }

  /** The port on which peers can connect; 0 if on none. */
  get port(): number {
    return this.#listener?.port ?? 0
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const cancel of this.#retries.values()) cancel()
    this.#retries.clear()
    this.#offering?.()
    this.#options.kept.stop()
    await this.#listener?.close()
  }

  /** A partner always finds room; the number of strangers is limited, and the largest address loses its youngest. */
  #accept(connection: PeerLine): void {
    const { remoteNodeId, remoteAddress } = connection
    if (!this.#partners.has(remoteNodeId)) {
      this.#forgetPartners()
      const group = addressGroup(remoteAddress)
      const lost = this.#strangers.add(group, connection)
      connection.whenClosed(() => this.#strangers.delete(group, connection))
      if (lost !== undefined) this.#crowdOut(lost)
      if (lost === connection) return
    }
    this.#attach(connection)
  }

  /** Those who have become partners no longer count. */
  #forgetPartners(): void {
    for (const connection of [...this.#strangers.members()]) {
      const { remoteNodeId, remoteAddress } = connection
      if (this.#partners.has(remoteNodeId)) this.#strangers.delete(addressGroup(remoteAddress), connection)
    }
  }

  #crowdOut(connection: PeerLine): void {
    this.#options.log.debug('peer.crowded-out', { peer: toHex(connection.remoteNodeId), address: connection.address })
    connection.close({ type: 'warning', channelId: new Uint8Array(32), data: utf8Encode('too many connections') })
  }

  #attach(connection: PeerLine, blob?: Uint8Array): void {
    const { remoteNodeId } = connection
    const key = toHex(remoteNodeId)
    const { kept } = this.#options
    if (blob === undefined && kept.has(remoteNodeId)) {
      void kept.get(remoteNodeId).then((read) => this.#attach(connection, read ?? EMPTY))
      return
    }
    const ending = this.#ending.get(key)
    if (ending !== undefined) {
      void ending.then(() => this.#attach(connection, blob))
      return
    }
    if (this.#stopped) {
      connection.close()
      return
    }
    const others = this.#attached.get(key) ?? new Set()
    if (this.#yields(connection, others)) {
      connection.close()
      return
    }
    const peer = this.#actorOf(remoteNodeId)
    const epoch = ++this.#lastEpoch
    const attached = new AttachedConnection(connection, epoch, this.#options.clock, this.#unheededOf(key))
    this.#attached.set(key, others.add(attached))
    this.#retries.get(key)?.()
    this.#retries.delete(key)
    const ended = this.#reconnection.begins(key)
    this.#byEpoch.set(epoch, attached)
    peer.tell('attached', { epoch })
    connection.start({
      onMessage: (message) => peer.tell('message', { epoch, message }),
      onIgnored: (ignored) => logIgnored(attached.unheeded, remoteNodeId, ignored),
      onClose: (reason) => {
        others.delete(attached)
        for (const listener of this.#options.listeners) listener.disconnected(attached)
        // It may have become one without a word since.
        if (this.#partners.has(remoteNodeId)) this.#partnerAt(connection)
        const about = 'channelId' in reason ? { channelId: reason.channelId } : {}
        void peer.ask('detached', { epoch, reason: reason.code, ...about }).then(() => {
          this.#byEpoch.delete(epoch)
          this.#release(remoteNodeId)
        })
        if (reason.code === 'internal') this.#options.log.error('peer.bug', { peer: key, error: reason.bug })
        else this.#options.log.debug('peer.closed', { peer: key, code: reason.code })
        // One that took this one's place is tried in its stead.
        if (others.size > 0) return
        ended()
        if (!attached.closedByOperator) this.#retry(remoteNodeId)
      },
    })
    // BOLT 1, peer storage: after init, and before any channel_reestablish, so that a peer that has lost its data can heed it.
    if (blob !== undefined && blob.length > 0) attached.send({ type: 'peer_storage_retrieval', blob })
    for (const listener of this.#options.listeners) listener.connected(attached)
    this.#offer(attached)
  }

  /** Those who have said that they keep something get the backup anew: at most once a minute, as BOLT 1 lets them take it. */
  offerStorage(): void {
    const { clock } = this.#options
    if (this.#stopped || this.#offering !== undefined) return
    const wait = Math.max(0, (this.#offeredAt ?? Number.NEGATIVE_INFINITY) + OFFER_MS - clock.monotonic())
    this.#offering = clock.setTimer(wait, () => {
      this.#offering = undefined
      const connections = [...this.#attached.values()].flatMap((those) => [...those])
      if (connections.filter((connection) => this.#offer(connection)).length > 0) this.#offeredAt = clock.monotonic()
    })
  }

  /**
   * To peers with whom a channel is open: others need not keep it, and may still keep one of a time before, which is not ours to replace.
   * Returns whether it was sent.
   */
  #offer(connection: AttachedConnection): boolean {
    const { remoteFeatures, remoteNodeId } = connection
    const { blob, services } = this.#options
    if (!hasFeature(remoteFeatures, 'option_provide_storage')) return false
    const channels = services.channelDirectory.ofPeer(remoteNodeId)
    const isOpen = channels.some(({ state }) => isFunded(state.durable) && state.durable.remoteReady)
    const ours = isOpen ? blob() : undefined
    if (ours !== undefined) connection.send({ type: 'peer_storage', blob: ours })
    return ours !== undefined
  }

  /**
   * Whether a connection came from a call that crossed one of the other side, which is answered already. A later connection counts as a
   * sign that the earlier one was lost; if each side has called the other, that would end both. The call of the lesser node id stays; LND
   * does the same.
   */
  #yields({ direction, remoteNodeId }: PeerLine, others: ReadonlySet<AttachedConnection>): boolean {
    const { clock, nodeId } = this.#options
    const isByLesser = compareBytes(nodeId, remoteNodeId) < 0 === (direction === 'outbound')
    if (isByLesser) return false
    const began = clock.monotonic() - HANDSHAKE_TIMEOUT_MS
    return [...others].some((earlier) => earlier.direction !== direction && earlier.since > began)
  }

  /** A peer with neither a connection nor a channel is forgotten: anyone can be such a peer, under many names. */
  #release(nodeId: NodeId): void {
    const key = toHex(nodeId)
    if (this.#stopped || this.#ending.has(key) || (this.#attached.get(key)?.size ?? 0) > 0) return
    for (const { state } of this.#options.services.channelDirectory.ofPeer(nodeId)) {
      // An opening ends with its connection.
      if (isStored(state.durable)) return
    }
    this.#attached.delete(key)
    this.#unheeded.delete(key)
    this.#reconnection.forget(key)
    this.#ending.set(
      key,
      this.#system.stopActor(`/peers/${key}`).then(() => void this.#ending.delete(key)),
    )
  }

  #unheededOf(key: string): RationedLog {
    const unheeded = this.#unheeded.get(key) ?? new RationedLog(this.#options.log, this.#options.clock)
    this.#unheeded.set(key, unheeded)
    return unheeded
  }

  #actorOf(nodeId: NodeId): ActorRef<PeerProtocol> {
    const known = this.#options.services.peerDirectory.get(nodeId)
    if (known !== undefined) return known.ref
    invariant(this.#parent !== undefined, 'the parent of the peers lives as long as the system')
    const key = toHex(nodeId)
    let pressed: readonly AttachedConnection[] = []
    const behaviour = peerBehaviour(this.#options.services, nodeId, (epoch) => this.#byEpoch.get(epoch))
    return this.#parent.spawn(key, behaviour, {
      lanes: PEER_LANES,
      onPressure: (lane, full) => {
        if (lane !== 'peer') return
        if (full) pressed = [...(this.#attached.get(key) ?? [])]
        for (const connection of pressed) connection.setPressure(full)
      },
    })
  }

  /** Those with whom there are channels, and those that the operator has named. */
  #isWanted(nodeId: NodeId): boolean {
    const [channel] = this.#options.services.channelDirectory.ofPeer(nodeId)
    return channel !== undefined || this.#options.configured.some((peer) => toHex(peer.nodeId) === toHex(nodeId))
  }

  /** Where a partner was seen it has room, and it may listen at the host from which it called. */
  #partnerAt({ direction, remoteNodeId, remoteAddress }: Place): void {
    this.#partners.seenAt(remoteNodeId, remoteAddress)
    if (direction === 'inbound') this.#addresses.calledFrom(remoteNodeId, remoteAddress)
  }

  /** Tries again while there is a reason to, more and more slowly for as long as no connection lasts. */
  #retry(nodeId: NodeId): void {
    const key = toHex(nodeId)
    if (this.#stopped || this.#retries.has(key)) return
    const address = this.#addresses.next(nodeId)
    if (address === undefined || !this.#isWanted(nodeId)) return
    const cancel = this.#options.clock.setTimer(this.#reconnection.pauseMs(key), () => {
      this.#retries.delete(key)
      void this.connect(nodeId, address).then((connected) => {
        if (connected.ok) return
        this.#reconnection.failed(key)
        this.#addresses.missed(nodeId)
        this.#retry(nodeId)
      })
    })
    this.#retries.set(key, cancel)
  }
}
