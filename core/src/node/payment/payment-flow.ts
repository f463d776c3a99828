import type { ActorSystem } from '../../actor/actor-system.ts'
import type { ActorRef } from '../../actor/types.ts'
import {
  type ChannelEnv,
  type ChannelSettings,
  channelUpdateOf,
  type ForwardEffect,
  type Funded,
  type HtlcRef,
  isFunded,
  type PaymentReference,
  type SettleEffect,
} from '../../channel/index.ts'
import { freshKey } from '../../crypto/fresh-key.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { invariant } from '../../lib/errors.ts'
import type { PrivateKey, ShortChannelId } from '../../lib/ids.ts'
import type { Rng } from '../../lib/rng.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { Offer } from '../../payment/offer.ts'
import { parseProbeReference } from '../../payment/probe/probe-reference.ts'
import { createPaymentPaths, type PaymentPath, type PaymentPathsOptions } from '../../payment/receive/payment-paths.ts'
import { matchAfterRestart, type OfferedHtlc } from '../../payment/relay/match-after-restart.ts'
import type { RelayRecord } from '../../payment/relay/relay-protocol.ts'
import type { RecipientPath } from '../../payment/send/blinded-recipient.ts'
import { parsePaymentReference } from '../../payment/send/payment-reference.ts'
import { type PathResolver, recipientPaths } from '../../payment/send/recipient-paths.ts'
import type { TrampolinePolicy, TrampolineRelayRecord } from '../../payment/trampoline/trampoline-protocol.ts'
import { parseTrampolineReference } from '../../payment/trampoline/trampoline-reference.ts'
import type { Store, Write } from '../../store/store.ts'
import { channelUpdateDigest } from '../../wire/channel-update-digest.ts'
import type { ChannelUpdate } from '../../wire/messages/gossip.ts'
import type { ChainHealth } from '../chain/chain-health.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { endNamedBy, peerNamedBy } from '../channel/named-channel.ts'
import { outboxDeletion, readOutboxRow } from '../channel/settlement-outbox.ts'
import { commitAlongside } from '../events/alongside.ts'
import type { EventLog } from '../events/event-log.ts'
import type { PeerEvents } from '../events/peer-events.ts'
import type { Signer } from '../keys/signer.ts'
import type { NodeLog } from '../node-log.ts'
import type { OnUnreadable } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'
import { GraphRoutes, type NetworkPaths } from './graph-routes.ts'
import { acceptIncoming, recallIncoming } from './incoming-htlcs.ts'
import { OwnChannelIndex } from './own-channels.ts'
import { pathChannels } from './path-channels.ts'
import { PAYMENTS_LANES, type PaymentsProtocol, paymentsBehaviour } from './payments-actor.ts'
import type { PeerRelays } from './peer-relays.ts'
import { PROBES_LANES, type ProbesProtocol, probesBehaviour } from './probes-actor.ts'
import { RECEIVER_LANES, type ReceiverProtocol, type ReceiverServices, receiverBehaviour } from './receiver-actor.ts'
import { type RelayDecisionsOptions, relayDecisions } from './relay-decisions.ts'
import { type MostOfPeer, RELAYER_LANES, type RelayerProtocol, readRelays, relayerBehaviour } from './relayer-actor.ts'
import { reportOffer } from './report-offer.ts'
import { traceOffer } from './trace-offer.ts'
import { readTrampolineRelays, trampolineBehaviour } from './trampoline-actor.ts'
import { TRAMPOLINE_LANES, type TrampolineProtocol } from './trampoline-messages.ts'
import { openUnsureOutcomes, type UnsureOutcomes } from './unsure-outcomes.ts'
import { htlcName, Upstream } from './upstream.ts'

export interface PaymentFlowOptions {
  readonly store: Store
  readonly clock: Clock
  readonly rng: Rng
  readonly events: EventLog
  readonly peerEvents: PeerEvents
  readonly channelDirectory: ChannelDirectory
  readonly chainHealth: ChainHealth
  readonly gateway: RelayDecisionsOptions['gateway']
  readonly peerRelays: PeerRelays
  readonly mostOfPeer: MostOfPeer
  readonly settings: ChannelSettings
  /** What trampoline relays cost; absent if we make none. */
  readonly trampoline: TrampolinePolicy | undefined
  readonly signer: Signer
  /** The channels of others. */
  readonly graph: NetworkPaths
  /** Who is at an end of a channel that was announced. */
  readonly announcedEnd: PathResolver['endOf']
  /** Whether payments are taken that nobody was asked for. */
  readonly acceptsKeysend: boolean
  /** For peeling onions. */
  readonly nodeKey: PrivateKey
  readonly height: () => BlockHeight
  /** Has each block from now on told, once it is handled. */
  readonly watchHeight: (handler: (height: BlockHeight) => void) => void
  readonly log: NodeLog
  readonly onUnreadable: OnUnreadable
  /** See the receiver. */
  readonly recallInvoice: ReceiverServices['recall']
  /** A payment begins that was asked under this key. Returns what belongs in the commit of its first row. */
  readonly begun: (key: string) => readonly Write[]
}

/** How long a failure within a blinded path is held back at most where the path begins: longer than its way back takes as a rule. */
const BLINDED_PAUSE_MS = 1_000

/** Carries messages between channels and payments: HTLCs that came in, and outcomes of HTLCs that went out. */
export class PaymentFlow {
  /** Finds the routes of payments, and of whoever asks for some. */
  readonly routes: GraphRoutes
  readonly #options: PaymentFlowOptions
  readonly #upstream: Upstream
  readonly #ownChannels: OwnChannelIndex
  // Until everything is matched up, the channels' first messages are kept.
  #early: { readonly forwards: ForwardEffect[]; readonly settled: SettleEffect[] } | undefined = {
    forwards: [],
    settled: [],
  }
  /** HTLCs of channels in doubt whose outcome is known or awaited. */
  readonly #underWay = new Set<string>()
  /** Relays that a database tells of that was put back: whether they were offered is certain once every channel is out of doubt. */
  #untraced: readonly Begun[] = []
  #payments: ActorRef<PaymentsProtocol> | undefined
  #probes: ActorRef<ProbesProtocol> | undefined
  #receiver: ActorRef<ReceiverProtocol> | undefined
  #relayer: ActorRef<RelayerProtocol> | undefined
  #trampoline: ActorRef<TrampolineProtocol> | undefined

  constructor(options: PaymentFlowOptions) {
    this.#options = options
    const { channelDirectory, chainHealth, settings, height, signer, graph, clock, rng, log } = options
    this.#ownChannels = new OwnChannelIndex(channelDirectory)
    this.routes = new GraphRoutes({ nodeId: signer.nodeId, channels: this.#ownChannels, graph, clock, log })
    this.#upstream = new Upstream({
      channelDirectory,
      chainHealth,
      env: () => ({ height: height(), settings }),
      monotonic: () => clock.monotonic(),
      commit: (alongside) => commitAlongside(options, alongside),
      pause: () => new Promise((resolve) => void clock.setTimer(rng.below(BLINDED_PAUSE_MS), resolve)),
    })
  }

  get payments(): ActorRef<PaymentsProtocol> {
    invariant(this.#payments !== undefined, 'payments are started')
    return this.#payments
  }

  get probes(): ActorRef<ProbesProtocol> {
    invariant(this.#probes !== undefined, 'payments are started')
    return this.#probes
  }

  get receiver(): ActorRef<ReceiverProtocol> {
    invariant(this.#receiver !== undefined, 'payments are started')
    return this.#receiver
  }

  /** Blinded paths to us over our channels as they are now, for an invoice that names `pathId` in them: see `createPaymentPaths`. */
  paymentPaths(
    asked: Pick<PaymentPathsOptions, 'amountMsat' | 'pathId' | 'minFinalCltvExpiryDelta' | 'expirySeconds'>,
  ): readonly PaymentPath[] {
    const { channelDirectory, signer, height, rng } = this.#options
    return createPaymentPaths({
      ...asked,
      nodeId: signer.nodeId,
      channels: pathChannels(channelDirectory),
      height: height(),
      sessionKey: () => freshKey(rng),
    })
  }

  /** The paths of somebody's invoice as a payment goes over them: see `recipientPaths`. */
  recipientPaths(paths: Parameters<typeof recipientPaths>[0]): readonly RecipientPath[] {
    const { nodeKey, signer, channelDirectory, announcedEnd } = this.#options
    const { nodeId } = signer
    return recipientPaths(paths, {
      nodeId,
      nodeKey,
      peerBy: (id) => peerNamedBy(channelDirectory, id),
      endOf: (id, direction) => endNamedBy(nodeId, channelDirectory, id, direction) ?? announcedEnd(id, direction),
    })
  }

  forward(effect: ForwardEffect): void {
    // Told again by a channel that is out of doubt: what was on its way when the database was copied goes on by itself.
    if (this.#underWay.delete(htlcName({ channelId: effect.channelId, htlcId: effect.htlc.id }))) return
    if (this.#early !== undefined) this.#early.forwards.push(effect)
    else this.#accept(effect)
  }

  /** The node connects to its peers from now on: what was found at the start waits for them, for a while. */
  connecting(): void {
    this.#relayer?.tell('connecting', {})
    this.#trampoline?.tell('connecting', {})
  }

  settled(effect: SettleEffect): void {
    if (this.#early !== undefined) this.#early.settled.push(effect)
    else if (effect.origin.type === 'local') this.#settledLocal(effect.origin.payment, effect)
    else this.#relayer?.tell('settled', effect)
  }

  /** What we sent was for ourselves, a probe or a trampoline relay. */
  #settledLocal(reference: PaymentReference, effect: SettleEffect): void {
    if (parseProbeReference(reference) !== undefined) this.probes.tell('settled', effect)
    else if (parseTrampolineReference(reference) !== undefined) this.#trampoline?.tell('settled', effect)
    else this.payments.tell('settled', effect)
  }

  /** Called once the stored channels live: matches what was under way when the node stopped, and continues it. */
  async start<E extends { readonly type: string }>(system: ActorSystem<E>): Promise<void> {
    const { store, clock, rng, events, channelDirectory, settings, height, watchHeight, log, onUnreadable, begun } =
      this.#options
    const { acceptsKeysend, recallInvoice: recall } = this.#options
    const upstream = this.#upstream
    const ownChannels = this.#ownChannels
    const sending = {
      store,
      clock,
      rng,
      events,
      channelDirectory,
      routeFinder: this.routes.find,
      attempted: this.routes.learn,
      height,
      log,
    }
    this.#payments = system.spawn('payments', paymentsBehaviour({ ...sending, begun }), {
      lanes: PAYMENTS_LANES,
    })
    this.#probes = system.spawn('probes', probesBehaviour(sending), { lanes: PROBES_LANES })
    const { peerEvents, trampoline: policy, peerRelays, mostOfPeer } = this.#options
    const { minCltvExpiryDelta } = settings
    const decisions = relayDecisions(this.#options)
    const trampolineRelays = await readTrampolineRelays(store)
    this.#trampoline = system.spawn(
      'trampoline',
      trampolineBehaviour(
        {
          ...sending,
          upstream,
          peerEvents,
          policy,
          peerRelays,
          mostOfPeer,
          decisions,
          minCltvExpiryDelta,
          recipientPaths: (paths) => this.recipientPaths(paths),
        },
        trampolineRelays,
      ),
      { lanes: TRAMPOLINE_LANES },
    )
    this.#receiver = system.spawn(
      'receiver',
      receiverBehaviour({
        store,
        clock,
        events,
        upstream,
        channelDirectory,
        acceptsKeysend,
        height,
        onUnreadable,
        recall,
      }),
      { lanes: RECEIVER_LANES },
    )
    const relays = await readRelays(store)
    this.#relayer = system.spawn(
      'relayer',
      relayerBehaviour(
        {
          store,
          clock,
          events,
          log,
          channelDirectory,
          ownChannels,
          upstream,
          decisions,
          peerRelays,
          mostOfPeer,
          height,
          minCltvExpiryDelta,
          maxCltvExpiryDelta: settings.maxCltvExpiryDelta,
          htlcMaximumMsat: settings.relay.htlcMaximumMsat,
          channelUpdate: (channel, shortChannelId) => this.#channelUpdate(channel, shortChannelId),
        },
        relays,
      ),
      { lanes: RELAYER_LANES },
    )
    const unsure = await openUnsureOutcomes(store, channelDirectory)
    await this.receiver.ask('resume', undefined)
    await this.#matchUp(relays, unsure, trampolineRelays)
    watchHeight((height) => {
      this.#relayer?.tell('block', { height })
      this.#receiver?.tell('block', undefined)
      this.#trampoline?.tell('block', { height })
      const end = unsure.ended()
      if (end === 'cleared') {
        this.payments.tell('cleared', {})
        this.#trampoline?.tell('cleared', {})
      }
      if (end === 'lost') this.#giveUpTracing()
      if (!unsure.isOpen()) void this.#traceAgain()
    })
  }

  async #matchUp(
    relays: readonly RelayRecord[],
    unsure: UnsureOutcomes,
    trampolineRelays: readonly TrampolineRelayRecord[],
  ): Promise<void> {
    const { store, channelDirectory } = this.#options
    const stored = (await store.scan(TABLE.settlement)).map(readOutboxRow)
    const early = this.#early ?? { forwards: [], settled: [] }
    this.#early = undefined
    const settlements = uniqueOutcomes([...stored, ...early.settled])
    const outgoing: OfferedHtlc[] = []
    for (const { state } of channelDirectory.all()) {
      if (!isFunded(state.durable)) continue
      for (const { add, origin } of state.durable.htlcs.offered) {
        if (origin !== undefined) outgoing.push({ channelId: state.durable.params.channelId, htlcId: add.id, origin })
      }
    }
    const incoming = early.forwards.map((effect) => ({
      channelId: effect.channelId,
      htlcId: effect.htlc.id,
      effect,
    }))
    const matches = matchAfterRestart(incoming, outgoing, settlements, relays)
    const { held, heldOfRelays, heldOfProbes } = heldAttempts(matches.payments.held)
    await this.probes.ask('resume', { held: heldOfProbes })
    await this.payments.ask('resume', {
      held,
      unsure: [...unsure.payments],
    })
    store.submit(matches.obsolete.map(outboxDeletion))
    for (const match of matches.incoming) {
      if (this.#isInDoubt(match.incoming)) {
        if (match.type === 'evaluate') continue
        this.#underWay.add(htlcName(match.incoming))
      }
      switch (match.type) {
        case 'evaluate':
          if (match.applied !== undefined) store.submit([outboxDeletion(match.applied)])
          this.#accept(match.incoming.effect, true)
          break
        case 'trace':
          // A database that was put back does not tell that something was never offered.
          if (!unsure.hasRelay(match.incoming)) {
            await this.#trace(match)
            break
          }
          this.#recall(match.incoming.effect)
          if (unsure.isOpen()) this.#untraced = [...this.#untraced, match]
          else this.#reportUntold(match.incoming)
          break
        case 'wait':
          // Its failure, if it fails, is encrypted by the onion's secret.
          this.#recall(match.incoming.effect)
          break
        case 'settle':
          this.#recall(match.incoming.effect)
          this.#relayer?.tell('settled', { type: 'settle', ...match.settlement })
          break
      }
    }
    // By now the parts that still wait have been handed on. Nothing is sent for a relay before it is known what was.
    const firsts = trampolineRelays.map(({ incoming }) => incoming[0] as HtlcRef)
    await this.#trampoline?.ask('resume', { held: heldOfRelays, unsure: firsts.filter(unsure.hasRelay).map(htlcName) })
    for (const { reference, settlement } of matches.payments.settlements) {
      this.#settledLocal(reference, { type: 'settle', ...settlement })
    }
  }

  /** Who offered an HTLC of a state that is old may have it back by now: what is relayed for it would be ours to pay. */
  #isInDoubt({ channelId }: Pick<ForwardEffect, 'channelId'>): boolean {
    const durable = this.#options.channelDirectory.get(channelId)?.state.durable
    return durable !== undefined && isFunded(durable) && durable.inDoubt === true
  }

  #accept(effect: ForwardEffect, anew = false): void {
    // The channel tells of it again once its peer has shown that the state is the latest.
    if (this.#isInDoubt(effect)) return
    try {
      acceptIncoming(effect, {
        nodeKey: this.#options.nodeKey,
        upstream: this.#upstream,
        height: this.#options.height,
        receive: (htlc) => this.#receiver?.tell('htlc', htlc),
        relay: (relay) => this.#relayer?.tell('relay', { relay, anew }),
        trampoline: (part) => this.#trampoline?.tell('part', part),
        // Nothing was relayed for it, or it would not be here: what is left to ask is whether it has paid an invoice.
        refuse: (htlc) => this.#receiver?.tell('refused', htlc),
      })
    } catch (error) {
      // A bug must not leave the HTLC without an answer, nor bring down the channel that hands it on.
      const { channelId, htlc } = effect
      const ref = { channelId, htlcId: htlc.id }
      this.#options.log.error('payment.onion-failed', { htlc: htlcName(ref), error: String(error) })
      const answer = { type: 'own', failure: { type: 'temporary_node_failure' } } as const
      this.#receiver?.tell('refused', { ...ref, paymentHash: htlc.paymentHash, answer })
    }
  }

  /** Takes the HTLC on anew if what its relay began was never offered. */
  async #trace({ incoming, offers }: Begun): Promise<void> {
    const { store, channelDirectory } = this.#options
    const traces = await Promise.all(offers.map((offer) => traceOffer(store, channelDirectory, offer)))
    if (traces.every((trace) => trace === 'never')) {
      this.#accept(incoming.effect, true)
      return
    }
    this.#recall(incoming.effect)
    this.#reportUntold(incoming)
  }

  /** Those that were given back meanwhile, or that the chain took, are not ours any more. */
  async #traceAgain(): Promise<void> {
    const due = this.#untraced.filter(({ incoming }) => this.#upstream.canClaim(incoming))
    this.#untraced = this.#untraced.filter((begun) => !due.includes(begun))
    try {
      for (const begun of due) await this.#trace(begun)
    } catch (error) {
      // The node stops, or its database fails, which says so itself: the next start looks again.
      this.#options.log.error('payment.trace-failed', { error: String(error) })
    }
  }

  #giveUpTracing(): void {
    for (const { incoming } of this.#untraced) this.#reportUntold(incoming)
    this.#untraced = []
  }

  #recall(effect: ForwardEffect): void {
    recallIncoming(effect, { nodeKey: this.#options.nodeKey, upstream: this.#upstream })
  }

  #reportUntold({ channelId, htlcId }: HtlcRef): void {
    const { channelDirectory } = this.#options
    const peer = channelDirectory.get(channelId)?.remoteNodeId
    // Its channel has ended while it was waited for: nothing of it is open any more.
    if (peer === undefined) return
    const text = `the HTLC ${htlcId} of this channel was relayed, or may have been, and nothing tells how that ended: it stays open, and is not relayed again`
    reportOffer(this.#options, { channelId, peer, code: 'htlc-outcome-unknown', text })
  }

  #channelUpdate(channel: Funded, shortChannelId: ShortChannelId): ChannelUpdate | undefined {
    const { signer, settings } = this.#options
    const update = channelUpdateOf(channel, { settings } as ChannelEnv, shortChannelId)
    return update === undefined ? undefined : { ...update, signature: signer.signAsNode(channelUpdateDigest(update)) }
  }
}

/** An HTLC whose relay was begun, and what of that may have been offered. */
interface Begun {
  readonly incoming: HtlcRef & { readonly effect: ForwardEffect }
  readonly offers: readonly Offer[]
}

interface HeldAttempts {
  /** Of our own payments, by hash. */
  readonly held: Readonly<Record<string, readonly number[]>>
  /** Of trampoline relays, by their first incoming HTLC. */
  readonly heldOfRelays: Readonly<Record<string, readonly number[]>>
  /** Of probes, by hash. */
  readonly heldOfProbes: Readonly<Record<string, readonly number[]>>
}

const heldAttempts = (references: readonly PaymentReference[]): HeldAttempts => {
  const held: Record<string, number[]> = {}
  const heldOfRelays: Record<string, number[]> = {}
  const heldOfProbes: Record<string, number[]> = {}
  for (const reference of references) {
    const relayed = parseTrampolineReference(reference)
    const { attempt } = relayed ?? parsePaymentReference(reference)
    const isProbe = parseProbeReference(reference) !== undefined
    const attempts = relayed !== undefined ? heldOfRelays : isProbe ? heldOfProbes : held
    const name = relayed === undefined ? toHex(parsePaymentReference(reference).paymentHash) : htlcName(relayed.relay)
    attempts[name] = [...(attempts[name] ?? []), attempt]
  }
  return { held, heldOfRelays, heldOfProbes }
}

const uniqueOutcomes = (outcomes: readonly SettleEffect[]): readonly SettleEffect[] => {
  const unique = new Map<string, SettleEffect>()
  for (const outcome of outcomes) if (!unique.has(htlcName(outcome))) unique.set(htlcName(outcome), outcome)
  return [...unique.values()]
}
