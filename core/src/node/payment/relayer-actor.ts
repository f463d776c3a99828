import type { ActorContext, Behaviour, BehaviourFactory } from '../../actor/types.ts'
import { balanceView, type Funded, type HtlcRef, isFunded, type SettleEffect } from '../../channel/index.ts'
import { concat, u64be } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ChannelId, ShortChannelId } from '../../lib/ids.ts'
import type { BlockHeight, Msat } from '../../lib/units.ts'
import { decodeRelayRecord, encodeRelayRecord } from '../../payment/relay/relay-codec.ts'
import { resumedRelay, startRelay, stepRelay } from '../../payment/relay/relay-machine.ts'
import type {
  RelayChannel,
  RelayEffect,
  RelayEnding,
  RelayEnv,
  RelayedHtlc,
  RelayInput,
  RelayQuestion,
  RelayRecord,
  RelayReport,
  RelayRequest,
  RelayState,
} from '../../payment/relay/relay-protocol.ts'
import type { Step } from '../../payment/step.ts'
import type { Store, Write } from '../../store/store.ts'
import type { ChannelUpdate } from '../../wire/messages/gossip.ts'
import type { ChannelDirectory, ChannelEntry } from '../channel/channel-directory.ts'
import { isUsable } from '../channel/channel-standing.ts'
import { outboxDeletion } from '../channel/settlement-outbox.ts'
import type { EventLog } from '../events/event-log.ts'
import type { NodeLog } from '../node-log.ts'
import { readRow } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'
import { isLeftToChain } from './downstream.ts'
import { offerHtlc } from './offer-htlc.ts'
import type { OwnChannelIndex } from './own-channels.ts'
import type { PeerRelays } from './peer-relays.ts'
import type { RelayDecisions } from './relay-decisions.ts'
import { reportOffer } from './report-offer.ts'
import { paidTooLate, relayEvent, unpaidEvents } from './report-relay.ts'
import { CONNECTING_MS } from './start-wait.ts'
import { nextHtlcId } from './trace-offer.ts'
import { htlcName, type RelayEnd, type Upstream } from './upstream.ts'

export interface MostOfPeer {
  readonly htlcs: number
  readonly amountMsat: Msat
}

export interface RelayerServices {
  readonly store: Store
  readonly clock: Clock
  readonly events: EventLog
  readonly log: Pick<NodeLog, 'error'>
  readonly channelDirectory: ChannelDirectory
  readonly ownChannels: OwnChannelIndex
  readonly upstream: Upstream
  readonly decisions: RelayDecisions
  readonly peerRelays: PeerRelays
  /** What may be under way that one peer has offered. */
  readonly mostOfPeer: MostOfPeer
  readonly minCltvExpiryDelta: number
  readonly maxCltvExpiryDelta: number
  /** The most that the operator lets one HTLC carry. */
  readonly htlcMaximumMsat: Msat
  height(): BlockHeight
  /** Our signed update of a channel, calling it by this id. */
  channelUpdate(channel: Funded, shortChannelId: ShortChannelId): ChannelUpdate | undefined
}

/** What the relayer is told. */
export type RelayerProtocol = {
  /** `anew`: it is known that nothing was sent on for this HTLC, whatever rows there are. */
  relay: { readonly request: { readonly relay: RelayRequest; readonly anew: boolean }; readonly reply: void }
  /** The answer to a question, named by its number. */
  decided: {
    readonly request: {
      readonly incoming: string
      readonly question: number
      readonly input: Extract<RelayInput, { type: 'decided' }>
    }
    readonly reply: void
  }
  added: {
    readonly request: { readonly incoming: string; readonly input: Extract<RelayInput, { type: 'added' }> }
    readonly reply: void
  }
  /** The outcome of an HTLC whose origin is `relay`. */
  settled: { readonly request: SettleEffect; readonly reply: void }
  /** Another block is handled. */
  block: { readonly request: { readonly height: BlockHeight }; readonly reply: void }
  /** The node connects to its peers from now on. */
  connecting: { readonly request: Record<string, never>; readonly reply: void }
  /** A channel has become usable, or the time for that is over. */
  channelsChanged: { readonly request: { readonly isStarting: boolean }; readonly reply: void }
  /** Whether the incoming channel has been told the outcome of its relay. */
  ended: { readonly request: { readonly incoming: string; readonly isTold: boolean }; readonly reply: void }
}

export const RELAYER_LANES = {
  block: 'priority',
  connecting: 'priority',
  channelsChanged: 'priority',
  relay: 'priority',
  decided: 'priority',
  added: 'priority',
  settled: 'priority',
  ended: 'priority',
} as const

/** Relays payments: a driver for `payment/relay`, which makes the decisions. `records` are the relays under way in the store. */
export const relayerBehaviour =
  (services: RelayerServices, records: readonly RelayRecord[]): BehaviourFactory<RelayerProtocol> =>
  (context) =>
    new RelayerDriver(services, records, context).behaviour()

/** The rows of relays under way, at the start. */
export const readRelays = async (store: Store): Promise<readonly RelayRecord[]> =>
  (await store.scan(TABLE.relay)).map(({ key, value }) => readRow(TABLE.relay, key, decodeRelayRecord(value)))

interface Ending extends RelayEnd {
  readonly effect: RelayEnding
  /** The channel has been told, and has not answered yet. */
  readonly isTold: boolean
  /** The outcome came again meanwhile, together with its row in the outbox. */
  readonly isRepeated?: boolean
}

class RelayerDriver {
  readonly #services: RelayerServices
  readonly #context: ActorContext<RelayerProtocol>
  /** By the incoming HTLC. */
  readonly #relays = new Map<string, RelayState>()
  /** Given back while the outgoing HTLC was open: what it ends with is our gain or our loss. */
  readonly #givenBack = new Set<string>()
  /** The number of the question that each relay waits for. */
  readonly #questions = new Map<string, number>()
  #lastQuestion = 0
  /** What was found at the start, and waits for a channel. */
  readonly #parked = new Set<string>()
  #isStarting = true
  /** The outcomes of relays whose incoming channel has not accepted them yet. */
  readonly #endings = new Map<string, Ending>()

  constructor(services: RelayerServices, records: readonly RelayRecord[], context: ActorContext<RelayerProtocol>) {
    this.#services = services
    this.#context = context
    for (const record of records) {
      const key = htlcName(record.incoming[0])
      this.#relays.set(key, resumedRelay(record))
      services.peerRelays.begun(key, record.incoming[0])
    }
    services.channelDirectory.follow((_, now) => {
      if (this.#parked.size > 0 && now !== undefined && isUsable(now))
        context.self.tell('channelsChanged', { isStarting: this.#isStarting })
    })
  }

  behaviour(): Behaviour<RelayerProtocol> {
    return {
      handlers: {
        relay: ({ relay, anew }) => {
          const key = htlcName(relay.incoming)
          // A channel that was reloaded hands on again every HTLC without an outcome. A relay must not be sent out twice; messages for the
          // channel from the time when it was away are repeated.
          if (this.#endings.has(key)) this.#tell(key)
          else if (!this.#relays.has(key) || (anew && this.#relays.get(key)?.phase === 'offered'))
            this.#apply(key, relay.incoming, startRelay(relay, this.#env()), [])
        },
        decided: ({ incoming, question, input }) => this.#decided(incoming, question, input),
        added: ({ incoming, input }) => this.#added(incoming, input),
        settled: (effect) => this.#settled(effect),
        block: ({ height }) => this.#block(height),
        connecting: () => {
          this.#context.schedule(CONNECTING_MS, 'channelsChanged', { isStarting: false })
        },
        channelsChanged: ({ isStarting }) => this.#channelsChanged(isStarting),
        ended: ({ incoming, isTold }) => this.#ended(incoming, isTold),
      },
    }
  }

  #settled(effect: SettleEffect): void {
    const { origin, outcome } = effect
    if (origin.type !== 'relay') return
    const [upstream] = origin.upstream
    const key = upstream === undefined ? undefined : htlcName(upstream)
    const relay = key === undefined ? undefined : this.#relays.get(key)
    const ending = key === undefined ? undefined : this.#endings.get(key)
    // Settled before: the outcome was told twice.
    if (key === undefined || relay === undefined) {
      this.#services.store.submit([outboxDeletion(effect)])
      if (key !== undefined && this.#givenBack.delete(key) && outcome.type === 'fulfilled') this.#reportLoss(effect)
    } else if (ending !== undefined) {
      this.#endings.set(key, { ...ending, isRepeated: true })
      this.#tell(key)
    } else this.#step(key, relay, { type: 'settled', outcome }, [outboxDeletion(effect)])
  }

  #reportLoss({ channelId, htlcId }: SettleEffect): void {
    const { channelDirectory, log, events } = this.#services
    const peer = channelDirectory.get(channelId)?.remoteNodeId
    if (peer === undefined) return
    reportOffer({ log, events }, { channelId, peer, code: 'htlc-paid-too-late', text: paidTooLate(htlcId) })
  }

  /** A verdict that comes when the relay has ended, or waits for another, changes nothing. */
  #decided(key: string, question: number, input: Extract<RelayInput, { type: 'decided' }>): void {
    const relay = this.#relays.get(key)
    if (this.#questions.get(key) !== question) return
    this.#questions.delete(key)
    if (relay !== undefined && !this.#endings.has(key)) this.#step(key, relay, input, [])
  }

  #added(key: string, input: Extract<RelayInput, { type: 'added' }>): void {
    const relay = this.#relays.get(key)
    if (relay !== undefined && !this.#endings.has(key)) this.#step(key, relay, input, [])
  }

  #block(height: BlockHeight): void {
    // A block that is not handled yet may show a preimage.
    if (height < this.#services.height()) return
    for (const [key, relay] of [...this.#relays]) {
      if (this.#endings.has(key)) continue
      const step = stepRelay(relay, { type: 'block' }, this.#env())
      if (step.state === relay) continue
      if (relay.phase === 'offered') this.#givenBack.add(key)
      this.#apply(key, incomingOf(relay), step, [])
    }
  }

  #channelsChanged(isStarting: boolean): void {
    this.#isStarting &&= isStarting
    for (const key of [...this.#parked]) {
      const relay = this.#relays.get(key)
      if (relay !== undefined && !this.#endings.has(key)) this.#step(key, relay, { type: 'channels-changed' }, [])
    }
  }

  #step(key: string, relay: RelayState, input: RelayInput, applied: readonly Write[]): void {
    this.#apply(key, incomingOf(relay), stepRelay(relay, input, this.#env()), applied)
  }

  /** `applied` is deleted with the step: the outcome that led to it. */
  #apply(
    key: string,
    incoming: HtlcRef,
    { state, effects }: Step<RelayState | undefined, RelayEffect>,
    applied: readonly Write[],
  ): void {
    const { store } = this.#services
    const row = { table: TABLE.relay, key: relayKey(incoming) }
    if (state?.phase === 'waiting' && state.for === 'channel') this.#parked.add(key)
    else this.#parked.delete(key)
    if (state !== undefined) {
      this.#relays.set(key, state)
      this.#services.peerRelays.begun(key, amountOf(state))
      if (state.phase === 'offered') store.submit([{ ...row, value: encodeRelayRecord(state.record) }])
    }
    const reports: RelayReport[] = []
    let ending: RelayEnding | undefined
    for (const effect of effects) {
      if (effect.type === 'ask') void this.#ask(key, effect.question)
      else if (effect.type === 'add-htlc') void this.#offer(key, effect)
      else if (effect.type === 'fulfil' || effect.type === 'fail') ending = effect
      else reports.push(effect)
    }
    if (ending === undefined) {
      store.submit(applied)
      return
    }
    for (const report of reports) this.#services.peerRelays.report(report)
    // Everything that ends the relay belongs in the commit in which the incoming channel accepts the outcome.
    const writes = [...(state === undefined ? [{ ...row, value: undefined }] : []), ...applied]
    const alongside = { writes, events: reports.map((report) => relayEvent(report, this.#services)) }
    const unpaid = reports.flatMap((report) => (report.type === 'relayed' ? unpaidEvents(report, this.#services) : []))
    const ifUnpaid = unpaid.length === 0 ? {} : { ifUnpaid: { writes, events: unpaid } }
    this.#endings.set(key, { effect: ending, alongside, ...ifUnpaid, isTold: false })
    this.#tell(key)
  }

  /** Tells the incoming channel how its relay ended; once more, if it has lost the message. */
  #tell(key: string): void {
    const ending = this.#endings.get(key)
    if (ending === undefined || ending.isTold) return
    this.#endings.set(key, { ...ending, isTold: true })
    void this.#services.upstream.end(ending.effect, ending).then((end) => {
      if (end === 'unpaid') this.#services.log.error('payment.htlc-paid-too-late', { incoming: key })
      this.#context.self.tell('ended', { incoming: key, isTold: end !== 'lost' })
    })
  }

  #ended(key: string, isTold: boolean): void {
    const ending = this.#endings.get(key)
    if (ending === undefined) return
    // A relay that was refused at once has no row: it is decided anew when the channel hands it on again.
    if (isTold && ending.isRepeated === true) this.#services.store.submit(ending.alongside.writes)
    if (isTold || !this.#relays.has(key)) {
      this.#relays.delete(key)
      this.#services.peerRelays.ended(key)
      this.#questions.delete(key)
      this.#endings.delete(key)
    } else this.#endings.set(key, { ...ending, isTold: false })
  }

  async #ask(key: string, asked: RelayQuestion): Promise<void> {
    this.#lastQuestion += 1
    const question = this.#lastQuestion
    this.#questions.set(key, question)
    const verdict = await this.#services.decisions.decide(asked)
    this.#context.self.tell('decided', { incoming: key, question, input: { type: 'decided', verdict } })
  }

  async #offer(key: string, effect: Extract<RelayEffect, { type: 'add-htlc' }>): Promise<void> {
    const { channelId, amountMsat, cltvExpiry, paymentHash, onion, pathKey, upstream } = effect
    const origin = { type: 'relay', upstream: [upstream] } as const
    const add = { amountMsat, cltvExpiry, paymentHash, onion, ...(pathKey && { pathKey }), origin }
    const result = await offerHtlc(this.#services.channelDirectory, channelId, add)
    if (result !== undefined) this.#context.self.tell('added', { incoming: key, input: { type: 'added', result } })
  }

  #env(): RelayEnv {
    const { clock, channelDirectory, ownChannels, minCltvExpiryDelta, maxCltvExpiryDelta, htlcMaximumMsat } =
      this.#services
    return {
      now: clock.now(),
      height: this.#services.height(),
      isStarting: this.#isStarting,
      hasPeerRoom: (htlc) => this.#services.peerRelays.hasRoom(htlc, this.#services.mostOfPeer),
      isAsked: this.#services.decisions.isAsked,
      named: (shortChannelId) => {
        const entry = channelDirectory.byShortChannelId(shortChannelId)
        return entry === undefined ? undefined : relayChannel(entry, htlcMaximumMsat)
      },
      byRoom: (peer) => usableChannels(ownChannels.entriesByRoom(peer), htlcMaximumMsat),
      offlineWith: (peer) => {
        for (const entry of channelDirectory.ofPeer(peer)) {
          const channel = relayChannel(entry, htlcMaximumMsat)
          if (channel?.status === 'offline') return channel
        }
        return undefined
      },
      inboundDiscounts: (channelId) => {
        const durable = channelDirectory.get(channelId)?.state.durable
        return durable !== undefined && isFunded(durable) ? durable.inbound : undefined
      },
      channelUpdate: (channelId, id) => this.#channelUpdate(channelId, id),
      canClaim: this.#services.upstream.canClaim,
      isLeftToChain: (relay) => isLeftToChain(channelDirectory, relay),
      takesBack: this.#services.upstream.takesBack,
      nextHtlcId: (channelId) => nextHtlcId(channelDirectory, channelId),
      minCltvExpiryDelta,
      maxCltvExpiryDelta,
    }
  }

  #channelUpdate(channelId: ChannelId, shortChannelId: ShortChannelId): ChannelUpdate | undefined {
    const durable = this.#services.channelDirectory.get(channelId)?.state.durable
    return durable !== undefined && isFunded(durable)
      ? this.#services.channelUpdate(durable, shortChannelId)
      : undefined
  }
}

const amountOf = (relay: RelayState): Pick<RelayedHtlc, 'channelId' | 'amountMsat'> =>
  relay.phase === 'waiting'
    ? { channelId: relay.request.incoming.channelId, amountMsat: relay.request.amountMsat }
    : relay.record.incoming[0]

const incomingOf = (relay: RelayState): HtlcRef =>
  relay.phase === 'waiting' ? relay.request.incoming : relay.record.incoming[0]

const relayKey = ({ channelId, htlcId }: HtlcRef): Uint8Array => concat(channelId, u64be(htlcId))

function* usableChannels(entries: Iterable<ChannelEntry>, htlcMaximumMsat: Msat): Generator<RelayChannel> {
  for (const entry of entries) {
    const channel = relayChannel(entry, htlcMaximumMsat)
    if (channel !== undefined) yield channel
  }
}

const relayChannel = (entry: ChannelEntry, htlcMaximumMsat: Msat): RelayChannel | undefined => {
  const { durable, session } = entry.state
  if (!isFunded(durable)) return undefined
  const spendable = balanceView(durable, session).spendableMsat
  const closing = durable.phase === 'closing' || durable.phase === 'negotiating' || durable.phase === 'shutdown'
  return {
    channelId: durable.params.channelId,
    remoteNodeId: entry.remoteNodeId,
    shortIds: durable.shortIds,
    aliasOnly: durable.params.channelType.scidAlias,
    policies: durable.relay,
    status: isUsable(entry) ? 'usable' : closing ? 'closing' : 'offline',
    spendableMsat: spendable < htlcMaximumMsat ? spendable : htlcMaximumMsat,
  }
}
