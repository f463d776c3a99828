import type { HtlcFailure, HtlcOutcome } from '../../channel/index.ts'
import { EMPTY } from '../../lib/bytes.ts'
import { assertNever } from '../../lib/errors.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlockDelta, Msat } from '../../lib/units.ts'
import { failureOfMalformed } from '../../onion/failure-message.ts'
import { decryptFailureOnion } from '../../onion/failure-onion.ts'
import type { Step } from '../step.ts'
import { chooseRoutes } from './choose-routes.ts'
import { lessonsOf } from './lessons.ts'
import { lessOffered } from './offered-amounts.ts'
import {
  type Attempt,
  type AttemptFailure,
  type PaymentFailure,
  type PaymentRequest,
  partAmounts,
  type Route,
  type RouteHop,
  type SendEnv,
  type SentPayment,
} from './payment.ts'
import { paymentReference } from './payment-reference.ts'
import { onionFor } from './route.ts'
import type { SendAddHtlc, SendInput, SendingEffect, SendState, StartError } from './send-protocol.ts'

type SendStep = Step<SendState, SendingEffect>

/** A payment makes no more attempts than this, all its parts counted. */
const MAX_ATTEMPTS = 32

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

/** Decides about a payment. Inputs about attempts that have ended, or that are unknown, change nothing. */
export const stepPayment = (state: SendState, input: SendInput, env: SendEnv): SendStep => {
  switch (input.type) {
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
        (payment, { id }) => withFailure(payment, id, { type: 'local', error: 'interrupted' }),
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
      const payment = withAttempt(state.payment, { ...attempt, status: 'settled' })
      return advance({ ...state, payment: { ...payment, preimage: outcome.preimage } }, env)
    }
    case 'failed':
      return fail(state, id, readFailure(attempt, state.payment, outcome.failure), env)
    case 'not-sent':
      return fail(state, id, { type: 'local', error: 'not-sent' }, env)
    case 'timed-out-on-chain':
      return fail(state, id, { type: 'on-chain' }, env)
    default:
      return assertNever(outcome, 'outcome of an HTLC')
  }
}

const readFailure = ({ route, sessionKey }: Attempt, { target }: SentPayment, failure: HtlcFailure): AttemptFailure => {
  if (failure.type === 'malformed') {
    const message = failureOfMalformed(failure.failureCode, failure.sha256OfOnion)
    return message === undefined ? { type: 'unreadable' } : { type: 'remote', hop: 0, message }
  }
  const onion = onionFor(route, target, sessionKey)
  if (!onion.ok) return { type: 'unreadable' }
  const read = decryptFailureOnion(onion.value.sharedSecrets, failure.reason)
  return read.ok ? { type: 'remote', hop: read.value.originIndex, message: read.value.failure } : { type: 'unreadable' }
}

const fail = (state: SendState, id: number, failure: AttemptFailure, env: SendEnv): SendStep => {
  const payment = withFailure(state.payment, id, failure)
  return payment === state.payment ? { state, effects: [] } : advance({ ...state, payment }, env)
}

const withFailure = (payment: SentPayment, id: number, failure: AttemptFailure): SentPayment => {
  const attempt = pending(payment).find((candidate) => candidate.id === id)
  return attempt === undefined ? payment : withAttempt(payment, { ...attempt, status: 'failed', failure })
}

const withAttempt = (payment: SentPayment, changed: Attempt): SentPayment => ({
  ...payment,
  attempts: payment.attempts.map((attempt) => (attempt.id === changed.id ? changed : attempt)),
})

const pending = ({ attempts }: SentPayment): readonly Attempt[] => attempts.filter(({ status }) => status === 'pending')

/** Makes the attempts that are due, or ends the payment when nothing of it is under way any more. */
const advance = (state: SendState, env: SendEnv): SendStep => {
  const { payment } = state
  if (payment.endedAt !== undefined) return { state, effects: [] }
  if (payment.preimage !== undefined || payment.failure !== undefined) return conclude(state, env)
  const remainingMsat = remaining(payment)
  if (remainingMsat === 0n) return { state, effects: [] }

  const shadowDelta = state.shadowDelta ?? env.shadowDelta()
  const chosen = choose({ ...state, shadowDelta }, remainingMsat, env)
  if (!chosen.ok) return conclude({ ...state, payment: { ...payment, failure: chosen.error } }, env)
  return offer({ ...state, shadowDelta }, chosen.value, env)
}

/** BOLT 4: no further HTLC once those under way and settled make up the total. */
const remaining = ({ target, attempts }: SentPayment): Msat => {
  const live = attempts.filter(({ status }) => status !== 'failed')
  const sum = live.reduce((total, { route }) => total + partAmounts(route).amountMsat, 0n)
  const left = target.amountMsat - sum
  // A caller that gives the routes may send a part of a larger total: nothing is missing while all of them are live.
  if (target.route !== undefined) return live.length === attempts.length ? 0n : left
  return left > 0n ? left : 0n
}

const choose = (
  state: SendState & { readonly shadowDelta: BlockDelta },
  remainingMsat: Msat,
  env: SendEnv,
): Result<readonly Route[], PaymentFailure> => {
  const { payment, offering, shadowDelta } = state
  const { target, attempts } = payment
  const lessons = lessonsOf(attempts)
  const last = attempts.findLast(({ status }) => status === 'failed')
  if (lessons.refused !== undefined) return err(failureBy(lessons.refused))
  // The routes that a caller gives are gone once.
  if (target.route !== undefined && last !== undefined) return err(failureBy(last))
  const isLate = target.expiresAt !== undefined && env.now >= target.expiresAt
  if (last !== undefined && (isLate || attempts.length >= MAX_ATTEMPTS)) return err(failureBy(last))

  const spent = attempts.reduce(
    (sum, { status, route }) => (status === 'failed' ? sum : sum + partAmounts(route).feesMsat),
    0n,
  )
  const chosen = chooseRoutes({
    target,
    remainingMsat,
    feeBudgetMsat: payment.maxFeeMsat - spent,
    channels: lessOffered(env.channels, attempts, offering),
    lessons,
    height: env.height,
    shadowDelta,
  })
  if (chosen.ok) return chosen
  // A failure from the network or a channel says more than that no other way is left.
  return err(last === undefined ? chosen.error : failureBy(last))
}

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
  const { paymentMetadata: _, expiresAt: __, route: ___, ...target } = payment.target
  return {
    ...payment,
    target: { ...target, paymentSecret: EMPTY, routeHints: [] },
    attempts: payment.attempts.map((attempt) => ({ ...attempt, sessionKey: EMPTY })),
  }
}
