import type { ActorContext, Behaviour, BehaviourFactory } from '../../actor/types.ts'
import { findHtlc, type HtlcRef, isFunded, type SettleEffect } from '../../channel/index.ts'
import { concat, toHex, u64be } from '../../lib/bytes.ts'
import { invariant } from '../../lib/errors.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import { MPP_TIMEOUT_MS } from '../../payment/receive/receive-machine.ts'
import { isNearlyOver } from '../../payment/relay/relay-rules.ts'
import { resting, startPayment } from '../../payment/send/send-machine.ts'
import type { SendInput, SendingEffect, SendState } from '../../payment/send/send-protocol.ts'
import type { Step } from '../../payment/step.ts'
import { decodeTrampolineRelay, encodeTrampolineRelay } from '../../payment/trampoline/trampoline-codec.ts'
import type {
  TrampolineEnv,
  TrampolinePart,
  TrampolineRelayRecord,
} from '../../payment/trampoline/trampoline-protocol.ts'
import { parseTrampolineReference, trampolineReference } from '../../payment/trampoline/trampoline-reference.ts'
import {
  beginRecord,
  endingOf,
  onwardPayment,
  type TrampolineEnding,
} from '../../payment/trampoline/trampoline-relay.ts'
import type { Store } from '../../store/store.ts'
import { outboxDeletion } from '../channel/settlement-outbox.ts'
import { commitAlongside } from '../events/alongside.ts'
import { readRow } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'
import { isTrampolineHeld, isTrampolineLeftToChain } from './downstream.ts'
import { reportOffer } from './report-offer.ts'
import { paidTooLate } from './report-relay.ts'
import { countTrampoline, refusedTrampolineEvent, trampolineEvent } from './report-trampoline.ts'
import type { SearchInput } from './route-searches.ts'
import { Sending } from './sending.ts'
import { CONNECTING_MS, StartWait } from './start-wait.ts'
import type { TrampolineProtocol, TrampolineServices } from './trampoline-messages.ts'
import { WaitingParts } from './trampoline-parts.ts'
import { type Refused, TrampolineRoutes } from './trampoline-routes.ts'
import { htlcName } from './upstream.ts'

/** Of one peer. Each holds money of others, for as long as that peer's payer likes. */
const MAX_WAITING_PARTS_PER_PEER = 100
const MAX_RELAYS_PER_PEER = 50

/** The relays under way in the store. */
export const readTrampolineRelays = async (store: Store): Promise<readonly TrampolineRelayRecord[]> =>
  (await store.scan(TABLE.trampolineRelay)).map(({ key, value }) =>
    readRow(TABLE.trampolineRelay, key, decodeTrampolineRelay(value)),
  )

/** Relays payments as a trampoline node: a driver for `payment/trampoline` and `payment/send`, which make the decisions. */
export const trampolineBehaviour =
  (services: TrampolineServices, records: readonly TrampolineRelayRecord[]): BehaviourFactory<TrampolineProtocol> =>
  (context) =>
    new TrampolineDriver(services, records, context).behaviour()

interface Relay {
  readonly record: TrampolineRelayRecord
  readonly send: SendState
  /** A plugin would not have it go on. */
  readonly refused?: Refused
  /** The incoming HTLCs whose channels have been told the outcome, and have not lost it. */
  readonly told: Set<string>
  /** Those that were not ours to claim any more when the preimage came. */
  readonly unpaid: Set<string>
}

const GIVEN_BACK: TrampolineEnding = {
  type: 'fail',
  failure: { type: 'own', failure: { type: 'temporary_trampoline_failure' } },
}

class TrampolineDriver {
  readonly #services: TrampolineServices
  readonly #context: ActorContext<TrampolineProtocol>
  readonly #sending: Sending
  readonly #start: StartWait
  readonly #routes: TrampolineRoutes
  readonly #waiting: WaitingParts
  /** By the first incoming HTLC. */
  readonly #relays = new Map<string, Relay>()
  /** The relay of each incoming HTLC. */
  readonly #relayOf = new Map<string, string>()
  /** Relays that are unsure, with those of their attempts of which something tells. */
  readonly #unsure = new Map<string, readonly number[]>()
  /** Ended while an outcome was still to come: a preimage is a loss now. */
  readonly #dropped = new Set<string>()

  constructor(
    services: TrampolineServices,
    records: readonly TrampolineRelayRecord[],
    context: ActorContext<TrampolineProtocol>,
  ) {
    this.#services = services
    this.#context = context
    this.#waiting = new WaitingParts((set) => context.schedule(MPP_TIMEOUT_MS, 'timeout', { set }))
    const { decisions, channelDirectory, height, routeFinder: finder } = services
    this.#start = new StartWait(channelDirectory)
    this.#routes = new TrampolineRoutes({
      finder,
      decisions,
      start: this.#start,
      height,
      recordOf: (relay) => this.#relays.get(relay)?.record,
      isRefused: (relay) => this.#relays.get(relay)?.refused !== undefined,
      refused: (relay, refused) => this.#refused(relay, refused),
    })
    this.#sending = new Sending(services, {
      find: (relay, question) => this.#routes.find(relay, question),
      added: (relay, input) => context.self.tell('added', { relay, input }),
      searched: (relay, input) => context.self.tell('searched', { relay, input }),
      searchedLater: (delayMs, relay, input) => context.schedule(delayMs, 'searched', { relay, input }),
      // What has come in must still be ours to claim when more is sent for it.
      maySend: (relay) => this.#relays.get(relay)?.record.incoming.every(services.upstream.canClaim) === true,
    })
    for (const record of records)
      this.#keep({ record, send: resting(record.payment), told: new Set(), unpaid: new Set() })
  }

  behaviour(): Behaviour<TrampolineProtocol> {
    return {
      handlers: {
        part: (part) => this.#part(part),
        timeout: ({ set }) => this.#timeout(set),
        settled: (effect) => this.#settled(effect),
        added: ({ relay, input }) => this.#input(relay, input),
        searched: ({ relay, input }) => this.#searched(relay, input),
        ended: ({ relay, htlc, isTold }) => this.#ended(relay, htlc, isTold),
        block: ({ height }) => this.#block(height),
        resume: ({ held, unsure }) => this.#resume(held, new Set(unsure)),
        cleared: () => this.#cleared(),
        connecting: () => {
          this.#context.schedule(CONNECTING_MS, 'started', {})
        },
        started: () => this.#start.end(),
      },
    }
  }

  #part(part: TrampolinePart): void {
    // A channel that was reloaded, and each start, hand on again what has no outcome: it is never relayed a second time.
    const known = this.#relayOf.get(htlcName(part))
    if (known !== undefined) {
      const relay = this.#relays.get(known)
      relay?.told.delete(htlcName(part))
      this.#tell(known)
      return
    }
    // At a start the chain may not be in sight yet.
    if (this.#start.isOn && part.refusal === undefined && !this.#services.upstream.canClaim(part)) {
      void this.#start.changed().then(() => this.#context.self.tell('part', part))
      return
    }
    const refusal = part.refusal ?? this.#beyondLimits(part)
    const asked = refusal === undefined ? part : { ...part, refusal }
    const { parts, failed, whole } = this.#waiting.add(asked, this.#env())
    for (const { htlc, failure } of failed) this.#giveBack(htlc, failure)
    for (const taken of whole ?? parts) this.#services.peerRelays.begun(htlcName(taken), taken)
    if (whole !== undefined) this.#begin(whole)
  }

  /** A peer may not have us hold the money of others without end. */
  #beyondLimits(part: TrampolinePart): FailureMessage | undefined {
    const { peerRelays, mostOfPeer } = this.#services
    const peer = this.#peerOf(part)
    // What costs the least first.
    const isWithin =
      peerRelays.hasRoom(part, mostOfPeer) &&
      this.#waitingFrom(peer) < MAX_WAITING_PARTS_PER_PEER &&
      this.#relaysFrom(peer) < MAX_RELAYS_PER_PEER
    return isWithin ? undefined : { type: 'temporary_trampoline_failure' }
  }

  #waitingFrom(peer: string): number {
    return this.#waiting.all().filter((part) => this.#peerOf(part) === peer).length
  }

  /** Those that hold something of the peer. */
  #relaysFrom(peer: string): number {
    const holds = (htlc: HtlcRef): boolean => this.#peerOf(htlc) === peer && this.#isHeld(htlc)
    return [...this.#relays.values()].filter(({ record }) => record.incoming.some(holds)).length
  }

  #peerOf({ channelId }: Pick<HtlcRef, 'channelId'>): string {
    return toHex(this.#services.channelDirectory.get(channelId)?.remoteNodeId ?? channelId)
  }

  #timeout(set: string): void {
    for (const part of this.#waiting.take(set)) this.#giveBack(part, { type: 'mpp_timeout' })
  }

  /** Gives back what no row tells of. */
  #giveBack(htlc: HtlcRef, failure: FailureMessage): void {
    this.#services.peerRelays.ended(htlcName(htlc))
    this.#services.peerRelays.refused([htlc])
    this.#services.upstream.fail(htlc, { type: 'own', failure })
  }

  #begin(parts: readonly TrampolinePart[]): void {
    const request = onwardPayment(parts, this.#env())
    if (!request.ok) {
      for (const part of parts) this.#giveBack(part, request.error)
      commitAlongside(this.#services, {
        writes: [],
        events: [refusedTrampolineEvent(parts, request.error, this.#services)],
      })
      return
    }
    const started = startPayment(undefined, request.value, this.#sendEnv())
    invariant(started.ok, 'a payment that is new begins')
    const { state } = started.value
    const record = beginRecord(parts, state.payment)
    const relay: Relay = { record, send: state, told: new Set(), unpaid: new Set() }
    const name = this.#keep(relay)
    this.#apply(name, relay, undefined, started.value)
  }

  #keep(relay: Relay): string {
    const name = nameOf(relay.record)
    this.#relays.set(name, relay)
    for (const htlc of relay.record.incoming) {
      this.#relayOf.set(htlcName(htlc), name)
      this.#services.peerRelays.begun(htlcName(htlc), htlc)
    }
    return name
  }

  #settled(effect: SettleEffect): void {
    const { origin, outcome } = effect
    const reference = origin.type === 'local' ? parseTrampolineReference(origin.payment) : undefined
    if (reference !== undefined) {
      const { attempt } = reference
      const name = htlcName(reference.relay)
      const relay = this.#relays.get(name)
      if (relay === undefined && outcome.type === 'fulfilled' && this.#dropped.has(name)) this.#reportLoss(effect)
      if (relay !== undefined && outcome.type === 'fulfilled') {
        const { record } = relay
        const paid = [...record.paid.filter((each) => each.attempt !== attempt), { attempt, htlcId: effect.htlcId }]
        this.#relays.set(name, { ...relay, record: { ...record, paid } })
      }
      this.#input(name, { type: 'settled', attempt, outcome })
    }
    this.#services.store.submit([outboxDeletion(effect)])
  }

  #searched(name: string, input: SearchInput): void {
    // What a start finds is looked for until its peers have had their time, however long the node takes before it connects to them.
    const isEarly = input.type === 'routes-overdue' && this.#start.isOn
    if (isEarly) this.#context.schedule(CONNECTING_MS, 'searched', { relay: name, input })
    else this.#input(name, this.#sending.ifAllowed(name, input))
  }

  #input(name: string, input: SendInput): void {
    const relay = this.#relays.get(name)
    if (relay !== undefined)
      this.#apply(name, relay, relay.send, this.#sending.step(relay.send, input, this.#sendEnv()))
  }

  #apply(name: string, relay: Relay, before: SendState | undefined, step: Step<SendState, SendingEffect>): void {
    const { state, effects } = this.#sending.withAnswers(name, step)
    const { payment } = state
    const record = { ...relay.record, payment }
    const next = { ...relay, record, send: state }
    this.#relays.set(name, next)
    // The row is submitted before any channel is told of anything: no commit holds an outgoing HTLC without it, nor an outcome.
    if (payment !== before?.payment) {
      const value = encodeTrampolineRelay(record)
      this.#services.store.submit([{ table: TABLE.trampolineRelay, key: keyOf(record), value }])
    }
    if (payment.preimage !== undefined && before?.payment.preimage === undefined)
      for (const htlc of record.incoming) if (!this.#isHeld(htlc)) this.#lose(next, htlc)
    for (const effect of effects) {
      if (effect.type !== 'add-htlc') continue
      void this.#sending.offer(name, effect, trampolineReference(firstOf(record), effect.attempt))
    }
    this.#tell(name)
  }

  #block(height: BlockHeight): void {
    this.#start.wake()
    for (const [name, relay] of [...this.#relays]) {
      // A block that is not handled yet may show a preimage.
      if (height === this.#services.height()) this.#giveBackInTime(name, relay)
      this.#conclude(name)
    }
  }

  /** ADR 32: what nears its expiry while only the chain can answer what is out would otherwise cost its channel as well. */
  #giveBackInTime(name: string, { record }: Relay): void {
    const { upstream, channelDirectory, height } = this.#services
    const env = { height: height(), takesBack: upstream.takesBack }
    const due = record.incoming.filter((htlc) => isNearlyOver(htlc, env))
    if (due.length === 0 || record.payment.preimage !== undefined) return
    if (!isTrampolineLeftToChain(channelDirectory, record)) return
    for (const htlc of due) this.#end(name, htlc, GIVEN_BACK)
  }

  /** Tells the incoming channels how the relay ended, if it has: as soon as the preimage is known, or once nothing is out any more. */
  #tell(name: string): void {
    const relay = this.#relays.get(name)
    const ending = relay && this.#endingOf(relay)
    if (relay === undefined || ending === undefined) return
    for (const htlc of relay.record.incoming) this.#end(name, htlc, ending)
    this.#conclude(name)
  }

  #endingOf({ record, refused }: Relay): TrampolineEnding | undefined {
    const ending = endingOf(record, this.#services.policy)
    if (ending?.type !== 'fail' || refused === undefined) return ending
    return { type: 'fail', failure: { type: 'own', failure: refused.failure } }
  }

  #end(name: string, { channelId, htlcId }: HtlcRef, ending: TrampolineEnding): void {
    const htlc = { channelId, htlcId }
    const relay = this.#relays.get(name)
    if (relay === undefined || relay.told.has(htlcName(htlc)) || !this.#isHeld(htlc)) return
    relay.told.add(htlcName(htlc))
    const nothing = { writes: [], events: [] }
    const end = ending.type === 'fulfil' ? { alongside: nothing, ifUnpaid: nothing } : { alongside: nothing }
    void this.#services.upstream.end({ ...ending, htlc }, end).then((answer) => {
      if (answer === 'unpaid') this.#lose(relay, htlc)
      this.#context.self.tell('ended', { relay: name, htlc, isTold: answer !== 'lost' })
    })
  }

  #ended(name: string, htlc: HtlcRef, isTold: boolean): void {
    // A channel that has lost the message hands its HTLC on once more, and is told again then.
    if (!isTold) this.#relays.get(name)?.told.delete(htlcName(htlc))
    else this.#conclude(name)
  }

  /** Deletes the row when no incoming HTLC waits for its outcome and the payment has ended, or nobody will tell how it does. */
  #conclude(name: string): void {
    const relay = this.#relays.get(name)
    if (relay === undefined) return
    const { record } = relay
    const { incoming, payment } = record
    const { peerRelays, channelDirectory } = this.#services
    const held = incoming.filter((htlc) => this.#isHeld(htlc))
    for (const htlc of incoming) if (!held.includes(htlc)) peerRelays.ended(htlcName(htlc))
    if (held.length > 0) return
    if (payment.endedAt === undefined) {
      if (relay.send.offering.length > 0 || isTrampolineHeld(channelDirectory, record)) return
      this.#dropped.add(name)
    }
    for (const htlc of incoming) this.#relayOf.delete(htlcName(htlc))
    this.#relays.delete(name)
    this.#unsure.delete(name)
    const isUnpaid = relay.unpaid.size > 0
    countTrampoline(peerRelays, record, payment.preimage !== undefined && !isUnpaid)
    commitAlongside(this.#services, {
      writes: [{ table: TABLE.trampolineRelay, key: keyOf(record), value: undefined }],
      events: [trampolineEvent(record, { isUnpaid, refused: relay.refused }, this.#services)],
    })
  }

  #refused(name: string, refused: Refused): void {
    const relay = this.#relays.get(name)
    if (relay !== undefined) this.#relays.set(name, { ...relay, refused })
  }

  /** Whether the channel has the HTLC, without an outcome. */
  #isHeld({ channelId, htlcId }: HtlcRef): boolean {
    const durable = this.#services.channelDirectory.get(channelId)?.state.durable
    const held = durable !== undefined && isFunded(durable) ? findHtlc(durable.htlcs.received, htlcId) : undefined
    return held !== undefined && held.preimage === undefined && held.failure === undefined
  }

  /** What was to pay for the relay is gone. */
  #lose({ unpaid }: Relay, { channelId, htlcId }: HtlcRef): void {
    unpaid.add(htlcName({ channelId, htlcId }))
    this.#reportLoss({ channelId, htlcId })
  }

  #reportLoss({ channelId, htlcId }: HtlcRef): void {
    const peer = this.#services.channelDirectory.get(channelId)?.remoteNodeId ?? new Uint8Array(33)
    reportOffer(this.#services, { channelId, peer, code: 'htlc-paid-too-late', text: paidTooLate(htlcId) })
  }

  async #resume(held: Readonly<Record<string, readonly number[]>>, unsure: ReadonlySet<string>): Promise<void> {
    for (const [name, relay] of this.#relays)
      if (unsure.has(name)) this.#relays.set(name, { ...relay, send: { ...relay.send, isUnsure: true } })
    for (const [name, { record }] of [...this.#relays]) {
      const { payment } = record
      // Ended, or settled by its preimage.
      this.#tell(name)
      if (payment.endedAt !== undefined || !this.#relays.has(name)) continue
      const known = held[name] ?? []
      const certain = [...known, ...(await this.#sending.untold(payment, known))]
      if (unsure.has(name)) this.#unsure.set(name, certain)
      else this.#input(name, { type: 'resumed', held: certain })
    }
  }

  /** Nothing was sent for them since the start. */
  async #cleared(): Promise<void> {
    for (const [name, certain] of this.#unsure) {
      this.#unsure.delete(name)
      const payment = this.#relays.get(name)?.record.payment
      if (payment === undefined) continue
      const untold = await this.#sending.untold(payment, certain)
      this.#input(name, { type: 'resumed', held: [...certain, ...untold] })
    }
  }

  #env(): TrampolineEnv {
    const { clock, rng, upstream, policy, minCltvExpiryDelta, recipientPaths } = this.#services
    return {
      now: clock.now(),
      height: this.#services.height(),
      policy,
      canClaim: upstream.canClaim,
      minCltvExpiryDelta,
      recipientPaths,
      paymentSecret: () => rng.bytes(32),
    }
  }

  #sendEnv() {
    // The sender has said when the next node's HTLC expires.
    return { ...this.#sending.env(), shadowDelta: () => 0 }
  }
}

const firstOf = ({ incoming }: TrampolineRelayRecord): HtlcRef => incoming[0] as HtlcRef

const nameOf = (record: TrampolineRelayRecord): string => htlcName(firstOf(record))

const keyOf = (record: TrampolineRelayRecord): Uint8Array => {
  const { channelId, htlcId } = firstOf(record)
  return concat(channelId, u64be(htlcId))
}
