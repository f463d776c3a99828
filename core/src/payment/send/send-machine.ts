import type { HtlcOutcome } from '../../channel/index.ts'
import { EMPTY } from '../../lib/bytes.ts'
import { assertNever } from '../../lib/errors.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Msat } from '../../lib/units.ts'
import type { Step } from '../step.ts'
import { answerProblem } from './answer-problem.ts'
import { lackedOthers, lessonsOf, refusedAttempt } from './lessons.ts'
import {
  type Attempt,
  type AttemptFailure,
  type PaymentFailure,
  type PaymentRequest,
  type PaymentTarget,
  partAmounts,
  type Route,
  type RouteHop,
  type SendEnv,
  type SentPayment,
} from './payment.ts'
import { paymentReference } from './payment-reference.ts'
import { readFailed, readFulfilled } from './read-outcome.ts'
import { withoutSecrets } from './recipient.ts'
import { onionFor } from './route.ts'
import type { FoundRoutes, RouteQuestion } from './route-question.ts'
import { mostParts } from './route-wishes.ts'
import type { SendAddHtlc, SendInput, SendingEffect, SendState, StartError } from './send-protocol.ts'

type SendStep = Step<SendState, SendingEffect>

/** A payment makes no more attempts than this, all its parts counted. */
const MAX_ATTEMPTS = 64

/**
 * If nothing is left for what is missing while other parts wait at the recipient, the payment ends in vain only once it has taken this long:
 * the recipient gives the parts back soon, and with what was learnt meanwhile another way to divide the amount may be found. After that,
 * nothing more is sent if parts have come back because others were missing.
 */
const PATIENCE_MS = 180_000

/**
 * Starts a payment. `previous` is the row of the same hash, if there is one: only one that failed may be tried again, and a
 * request with its key is answered by what is stored, under way or ended.
 */
export const startPayment = (
  previous: SentPayment | undefined,
  request: PaymentRequest,
  env: SendEnv,
): Result<SendStep, StartError> => {
  if (previous !== undefined) {
    if (request.key !== '' && request.key === previous.key) return ok({ state: resting(previous), effects: [] })
    if (previous.status === 'settled') return err({ code: 'already-paid', payment: previous })
    if (previous.status === 'in-flight') return err({ code: 'payment-in-flight', payment: previous })
  }
  const payment: SentPayment = {
    target: request.target,
    maxFeeMsat: request.maxFeeMsat,
    key: request.key,
    startedAt: env.now,
    status: 'in-flight',
    attempts: [],
    // An outcome that is told twice must not be taken for one of a later attempt.
    nextAttemptId: previous?.nextAttemptId ?? 0,
  }
  const { route } = request.target
  const routes = route === undefined ? [] : [route, ...(request.moreRoutes ?? [])]
  return ok(routes.length === 0 ? advance(resting(payment), env) : offer(resting(payment), routes, env))
}

/** A stored payment as it is before anything happens to it. */
export const resting = (payment: SentPayment): SendState => ({ payment, offering: [] })

/** Decides about a payment. Inputs about attempts that have ended, or that are unknown, change nothing; nor do answers to old questions. */
export const stepPayment = (state: SendState, input: SendInput, env: SendEnv): SendStep => {
  switch (input.type) {
    case 'routes-found':
      return state.asked?.id === input.question ? follow(state, state.asked, input.result, env) : { state, effects: [] }
    case 'routes-overdue':
      return state.asked?.id === input.question ? fruitless(state, SEARCH_FAILED, env) : { state, effects: [] }
    case 'added': {
      const offering = state.offering.filter((id) => id !== input.attempt)
      const answered = offering.length === state.offering.length ? state : { ...state, offering }
      if (input.result.ok) return { state: answered, effects: [] }
      return fail(answered, input.attempt, { type: 'local', error: input.result.error.code }, env)
    }
    case 'settled': {
      const offering = state.offering.filter((id) => id !== input.attempt)
      return settle({ ...state, offering }, input.attempt, input.outcome, env)
    }
    case 'resumed': {
      // A row is written with or before its HTLC.
      const lost = pending(state.payment).filter(({ id }) => !input.held.includes(id))
      const failed = lost.reduce(
        (payment, { id }) => withFailure(payment, id, { failure: { type: 'local', error: 'interrupted' } }),
        state.payment,
      )
      return advance(resting(failed), env)
    }
    default:
      return assertNever(input, 'input of a payment')
  }
}

const settle = (state: SendState, id: number, outcome: HtlcOutcome, env: SendEnv): SendStep => {
  const attempt = pending(state.payment).find((candidate) => candidate.id === id)
  if (attempt === undefined) return { state, effects: [] }
  switch (outcome.type) {
    case 'fulfilled': {
      const shown = readFulfilled(attempt, state.payment.target, outcome, state.secrets?.get(id))
      const payment = withAttempt(state.payment, { ...attempt, status: 'settled', ...shown })
      return advance({ ...state, payment: { ...payment, preimage: outcome.preimage } }, env)
    }
    case 'failed':
      return end(state, id, readFailed(attempt, state.payment.target, outcome, state.secrets?.get(id)), env)
    case 'not-sent':
      return fail(state, id, { type: 'local', error: 'not-sent' }, env)
    case 'timed-out-on-chain':
      return fail(state, id, { type: 'on-chain' }, env)
    default:
      return assertNever(outcome, 'outcome of an HTLC')
  }
}

const fail = (state: SendState, id: number, failure: AttemptFailure, env: SendEnv): SendStep =>
  end(state, id, { failure }, env)

type Ended = Pick<Attempt, 'failure' | 'attribution'>

const end = (state: SendState, id: number, ended: Ended, env: SendEnv): SendStep => {
  const payment = withFailure(state.payment, id, ended)
  return payment === state.payment ? { state, effects: [] } : advance({ ...state, payment }, env)
}

const withFailure = (payment: SentPayment, id: number, ended: Ended): SentPayment => {
  const attempt = pending(payment).find((candidate) => candidate.id === id)
  return attempt === undefined ? payment : withAttempt(payment, { ...attempt, status: 'failed', ...ended })
}

const withAttempt = (payment: SentPayment, changed: Attempt): SentPayment => ({
  ...payment,
  attempts: payment.attempts.map((attempt) => (attempt.id === changed.id ? changed : attempt)),
})

const pending = ({ attempts }: SentPayment): readonly Attempt[] => attempts.filter(({ status }) => status === 'pending')

/**
 * Asks for the routes of what is missing, or ends the payment when nothing of it is under way any more. Whatever was asked before is no
 * longer asked: it was about other attempts.
 */
const advance = ({ asked: _, ...state }: SendState, env: SendEnv): SendStep => {
  const { payment, offering } = state
  if (payment.endedAt !== undefined) return { state, effects: [] }
  if (payment.preimage !== undefined) return conclude(state, env)
  // What is missing may be out, and what has failed may have been tried once more.
  if (state.isUnsure === true) return { state, effects: [] }
  if (payment.failure !== undefined) return conclude(state, env)
  const remainingMsat = remaining(payment)
  if (remainingMsat === 0n) return { state, effects: [] }
  const decisive = decisiveAttempt(payment, env)
  if (decisive !== undefined) return fruitless(state, failureBy(decisive), env)

  const shadowDelta = state.shadowDelta ?? env.shadowDelta()
  const { target, attempts, maxFeeMsat } = payment
  const underWay = pending(payment)
  const live = attempts.filter(({ status }) => status !== 'failed')
  const question: RouteQuestion = {
    id: env.questionId(),
    target,
    startedAt: payment.startedAt,
    remainingMsat,
    feeBudgetMsat: live.reduce((left, { route }) => left - partAmounts(route).feesMsat, maxFeeMsat),
    maxParts: Math.min(mostParts(target, underWay.length), MAX_ATTEMPTS - attempts.length),
    offered: attempts.flatMap(({ id, route }) =>
      offering.includes(id) ? [{ channelId: route.channelId, amountMsat: (route.hops[0] as RouteHop).amountMsat }] : [],
    ),
    underWay: underWay.map(({ route }) => route),
    lessons: lessonsOf(attempts, target.amountMsat),
    height: env.height,
    shadowDelta,
  }
  return { state: { ...state, shadowDelta, asked: question }, effects: [{ type: 'find-routes', question }] }
}

const SEARCH_FAILED: PaymentFailure = { code: 'route-search-failed' }

/** Takes the routes that were found, unless there is a reason to send nothing any more. */
const follow = (state: SendState, question: RouteQuestion, found: FoundRoutes, env: SendEnv): SendStep => {
  const { startedAt, target } = state.payment
  if (!found.ok && pending(state.payment).length > 0 && env.now - startedAt < PATIENCE_MS) {
    const { asked: _, ...waiting } = state
    return { state: waiting, effects: [] }
  }
  const last = tellingAttempt(state.payment)
  // A failure from the network or a channel says more than that no other way is left.
  if (!found.ok) return fruitless(state, last === undefined ? found.error : failureBy(last), env)
  const problem = answerProblem(question, found.value, env)
  if (problem !== undefined) {
    const step = fruitless(state, SEARCH_FAILED, env)
    return { ...step, effects: [{ type: 'wrong-routes', problem }, ...step.effects] }
  }
  if (isLate(target, env)) return fruitless(state, last === undefined ? SEARCH_FAILED : failureBy(last), env)
  const { asked: _, ...answered } = state
  return offer(answered, found.value, env)
}

/** No further attempt is made. */
const fruitless = ({ asked: _, ...state }: SendState, failure: PaymentFailure, env: SendEnv): SendStep =>
  conclude({ ...state, payment: { ...state.payment, failure } }, env)

/** BOLT 4: no further HTLC once those under way and settled make up the total. */
const remaining = ({ target, attempts }: SentPayment): Msat => {
  const live = attempts.filter(({ status }) => status !== 'failed')
  const sum = live.reduce((total, { route }) => total + partAmounts(route).amountMsat, 0n)
  const left = target.amountMsat - sum
  // A caller that gives the routes may send a part of a larger total: nothing is missing while all of them are live.
  if (target.route !== undefined) return live.length === attempts.length ? 0n : left
  return left > 0n ? left : 0n
}

/** The failed attempt after which no other is made, if there is one. */
const decisiveAttempt = (payment: SentPayment, env: SendEnv): Attempt | undefined => {
  const { target, attempts, startedAt } = payment
  const refused = refusedAttempt(attempts)
  if (refused !== undefined) return refused
  // What lacks others teaches nothing: without an end it would be sent again and again.
  const hasWaited =
    env.now - startedAt >= PATIENCE_MS && attempts.some((attempt) => lackedOthers(attempt, target.amountMsat))
  // The routes that a caller gives are gone once.
  const isOver = target.route !== undefined || hasWaited || isLate(target, env) || attempts.length >= MAX_ATTEMPTS
  return isOver ? tellingAttempt(payment) : undefined
}

/** The last attempt that failed, and not because of the others. */
const tellingAttempt = ({ target, attempts }: SentPayment): Attempt | undefined => {
  const failed = attempts.filter(({ status }) => status === 'failed')
  return failed.findLast((attempt) => !lackedOthers(attempt, target.amountMsat)) ?? failed.at(-1)
}

const isLate = ({ expiresAt }: PaymentTarget, { now }: SendEnv): boolean => expiresAt !== undefined && now >= expiresAt

const failureBy = ({ id, failure }: Attempt): PaymentFailure => ({ code: codeOf(failure), attempt: id })

/** By what our own channel said of an HTLC; all else is told by the attempt. */
const codeOf = (failure: AttemptFailure | undefined): PaymentFailure['code'] => {
  if (failure?.type !== 'local') return 'payment-failed'
  switch (failure.error) {
    case 'insufficient-balance':
      return 'insufficient-balance'
    case 'htlc-value-in-flight-too-high':
    case 'too-many-htlcs':
      return 'peer-limit-reached'
    default:
      return 'payment-failed'
  }
}

const offer = (state: SendState, routes: readonly Route[], env: SendEnv): SendStep => {
  const { target, nextAttemptId } = state.payment
  const attempts: Attempt[] = []
  const effects: SendAddHtlc[] = []
  const secrets = new Map(state.secrets)
  for (const [i, route] of routes.entries()) {
    const id = nextAttemptId + i
    const sessionKey = env.sessionKey()
    const made = { id, route, sessionKey, startedAt: env.now, firstHtlcId: env.nextHtlcId(route.channelId) }
    const onion = onionFor(route, target, sessionKey)
    if (!onion.ok) {
      attempts.push({ ...made, status: 'failed', failure: { type: 'local', error: onion.error.code } })
      continue
    }
    attempts.push({ ...made, status: 'pending' })
    secrets.set(id, onion.value.sharedSecrets)
    const { amountMsat, cltvExpiry } = route.hops[0] as RouteHop
    effects.push({
      type: 'add-htlc',
      attempt: id,
      channelId: route.channelId,
      amountMsat,
      cltvExpiry,
      paymentHash: target.paymentHash,
      onion: onion.value.packet,
      reference: paymentReference(target.paymentHash, id),
    })
  }
  const offered: SendState = {
    ...state,
    payment: {
      ...state.payment,
      attempts: [...state.payment.attempts, ...attempts],
      nextAttemptId: nextAttemptId + routes.length,
    },
    offering: [...state.offering, ...effects.map(({ attempt }) => attempt)],
    secrets,
  }
  if (effects.length === attempts.length) return { state: offered, effects }
  const next = advance(offered, env)
  return { state: next.state, effects: [...effects, ...next.effects] }
}

/** Ends the payment once none of its parts is under way. */
const conclude = (state: SendState, env: SendEnv): SendStep => {
  const { payment } = state
  if (pending(payment).length > 0) return { state, effects: [] }
  const ended: SentPayment = {
    ...forgetting(payment),
    status: payment.preimage === undefined ? 'failed' : 'settled',
    endedAt: env.now,
  }
  return { state: { payment: ended, offering: [] }, effects: [{ type: 'ended', payment: ended }] }
}

/** Data that only sending needs is not kept: an ended payment is only reported, and never continues. */
const forgetting = (payment: SentPayment): SentPayment => {
  const { expiresAt, route, wishes, ...target } = payment.target
  return {
    ...payment,
    target: { ...target, recipient: withoutSecrets(target.recipient) },
    attempts: payment.attempts.map((attempt) => ({ ...attempt, sessionKey: EMPTY })),
  }
}
