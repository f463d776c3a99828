import type { PaymentReference } from '../../channel/index.ts'
import { freshKey } from '../../crypto/fresh-key.ts'
import { toHex } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import { err } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { Attempt, Route, RouteHop, SendEnv, SentPayment } from '../../payment/send/payment.ts'
import type { RouteQuestion } from '../../payment/send/route-question.ts'
import { stepPayment } from '../../payment/send/send-machine.ts'
import type { SendAddHtlc, SendInput, SendingEffect, SendState } from '../../payment/send/send-protocol.ts'
import { shadowDelta } from '../../payment/send/shadow-route.ts'
import type { Step } from '../../payment/step.ts'
import type { Store } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import type { EventLog } from '../events/event-log.ts'
import type { NodeLog } from '../node-log.ts'
import { offerHtlc } from './offer-htlc.ts'
import { reportOffer } from './report-offer.ts'
import { type RouteFinder, RouteSearches, type SearchInput } from './route-searches.ts'
import { nextHtlcId, traceOffer } from './trace-offer.ts'

export interface SendingServices {
  readonly store: Store
  readonly clock: Clock
  readonly rng: Rng
  readonly events: EventLog
  readonly channelDirectory: ChannelDirectory
  readonly routeFinder: RouteFinder
  /** Attempts of a payment have ended, while others are under way: what they went through is of use for what is tried next. */
  attempted(ended: readonly Attempt[], underWay: readonly Route[]): void
  readonly log: Pick<NodeLog, 'error'>
  height(): BlockHeight
}

export type AddedInput = Extract<SendInput, { type: 'added' }>

/** By what name a driver has its payments, and how it is told of them. */
interface SendingHands {
  readonly added: (name: string, input: AddedInput) => void
  readonly searched: (name: string, input: SearchInput) => void
  readonly searchedLater: (delayMs: number, name: string, input: SearchInput) => CancelTimer
  /** Finds routes in place of the node's own finder. */
  readonly find?: (name: string, question: RouteQuestion) => ReturnType<RouteFinder>
  /** Whether more may be sent now, where that depends on others: always if absent. */
  readonly maySend?: (name: string) => boolean
}

/** What is done once the row is submitted. */
export type DurableEffect = Extract<SendingEffect, { type: 'add-htlc' | 'ended' }>

/** What the drivers of payments have in common, whoever the payments are for: routes, HTLCs, and what the machine may know of the world. */
export class Sending {
  readonly #services: SendingServices
  readonly #hands: SendingHands
  readonly #searches: RouteSearches
  #lastQuestion = 0

  constructor(services: SendingServices, hands: SendingHands) {
    this.#services = services
    this.#hands = hands
    const { routeFinder, log } = services
    const finder = hands.find ?? ((_, question) => routeFinder(question))
    this.#searches = new RouteSearches({ finder, log, tell: hands.searched, tellLater: hands.searchedLater })
  }

  /** What an input comes to. What the payment's attempts have shown by then is learnt before it asks for routes again. */
  step(before: SendState, input: SendInput, env: SendEnv = this.env()): Step<SendState, SendingEffect> {
    const step = stepPayment(before, input, env)
    const ended = endedSince(before.payment, step.state.payment)
    if (ended.length > 0) this.#services.attempted(ended, routesUnderWay(step.state.payment))
    return step
  }

  /** Asks what a step asks. Answers that come at once are part of the step: they cost no turn, and the row is written once. */
  withAnswers(name: string, first: Step<SendState, SendingEffect>): Step<SendState, DurableEffect> {
    const effects: DurableEffect[] = []
    for (let step = first; ; ) {
      let question: RouteQuestion | undefined
      for (const effect of step.effects) {
        if (effect.type === 'find-routes') question = effect.question
        else if (effect.type !== 'wrong-routes') effects.push(effect)
        else this.#services.log.error('payment.routes-wrong', { payment: name, problem: effect.problem })
      }
      if (step.state.asked === undefined) this.#searches.end(name)
      const result = question && this.#searches.ask(name, question)
      if (question === undefined || result === undefined) return { state: step.state, effects }
      step = stepPayment(
        step.state,
        this.ifAllowed(name, { type: 'routes-found', question: question.id, result }),
        this.env(),
      )
    }
  }

  /** Routes that were found are of no use when nothing may be sent any more. */
  ifAllowed(name: string, input: SearchInput): SearchInput {
    if (input.type !== 'routes-found' || this.#hands.maySend?.(name) !== false) return input
    return { ...input, result: err({ code: 'route-search-failed' }) }
  }

  /** Offers an attempt's HTLC, under the reference by which its outcome is told. */
  async offer(name: string, effect: SendAddHtlc, payment: PaymentReference): Promise<void> {
    const { attempt, channelId, amountMsat, cltvExpiry, paymentHash, onion } = effect
    const add = { amountMsat, cltvExpiry, paymentHash, onion, origin: { type: 'local', payment } } as const
    const result = await offerHtlc(this.#services.channelDirectory, channelId, add)
    if (result !== undefined) this.#hands.added(name, { type: 'added', attempt, result })
  }

  /** The attempts of which nothing tells, and that may have been made all the same: they are never made again. */
  async untold({ target, attempts }: SentPayment, held: readonly number[]): Promise<readonly number[]> {
    const { store, channelDirectory } = this.#services
    const { paymentHash } = target
    const untold: number[] = []
    for (const { id, status, route, firstHtlcId } of attempts) {
      if (status !== 'pending' || held.includes(id)) continue
      const { channelId } = route
      const { nodeId, amountMsat, cltvExpiry } = route.hops[0] as RouteHop
      const offer = {
        channelId,
        paymentHash,
        amountMsat,
        cltvExpiry,
        ...(firstHtlcId !== undefined && { firstHtlcId }),
      }
      const trace = await traceOffer(store, channelDirectory, offer)
      if (trace === 'never') continue
      untold.push(id)
      const text = `a part of our payment ${toHex(paymentHash)} went out here, or may have, and nothing tells how it ended: the payment stays in flight, and is not tried again`
      reportOffer(this.#services, { channelId, peer: nodeId, code: 'htlc-outcome-unknown', text })
    }
    return untold
  }

  env(): SendEnv {
    const { clock, rng, channelDirectory } = this.#services
    return {
      now: clock.now(),
      height: this.#services.height(),
      peerOf: (channelId) => channelDirectory.get(channelId)?.remoteNodeId,
      questionId: () => ++this.#lastQuestion,
      nextHtlcId: (channelId) => nextHtlcId(channelDirectory, channelId),
      shadowDelta: () => shadowDelta((bound) => rng.below(bound)),
      sessionKey: () => freshKey(rng),
    }
  }
}

const endedSince = (before: SentPayment, { attempts }: SentPayment): readonly Attempt[] => {
  const pending = new Set(before.attempts.flatMap(({ id, status }) => (status === 'pending' ? [id] : [])))
  return attempts.filter(({ id, status }) => status !== 'pending' && pending.has(id))
}

const routesUnderWay = ({ attempts }: SentPayment): readonly Route[] =>
  attempts.flatMap(({ status, route }) => (status === 'pending' ? [route] : []))
