import type { HtlcOutcome, HtlcRef } from '../../channel/index.ts'
import { assertNever } from '../../lib/errors.ts'
import type { ChannelId, HtlcId } from '../../lib/ids.ts'
import { err, type Result } from '../../lib/result.ts'
import type { Msat } from '../../lib/units.ts'
import type { NextNode } from '../../onion/encrypted-data.ts'
import { type FailureMessage, failureOfMalformed } from '../../onion/failure-message.ts'
import type { Step } from '../step.ts'
import type { UpstreamFailure } from '../upstream-failure.ts'
import type {
  OfferedRelay,
  RelayChannel,
  RelayEffect,
  RelayEnv,
  RelayedHtlc,
  RelayInput,
  RelayQuestion,
  RelayRecord,
  RelayRequest,
  RelayState,
  WaitingRelay,
} from './relay-protocol.ts'
import { chooseRelayChannel, isToBeGivenBack, namedChannel } from './relay-rules.ts'

/** Without a state the relay has ended, and its row is to be deleted. */
type RelayStep = Step<RelayState | undefined, RelayEffect>

/** Takes on a relay, or refuses it, or first waits or asks. A row is to be written with the outgoing HTLC, and none before. */
export const startRelay = (request: RelayRequest, env: RelayEnv): RelayStep => {
  if (request.refusal !== undefined) return refuse(request, request.refusal)
  if (!env.hasPeerRoom(incomingOf(request))) return refuse(request, { type: 'temporary_channel_failure' })
  return begin(request, env.now, env)
}

const begin = (request: RelayRequest, startedAt: RelayEnv['now'], env: RelayEnv): RelayStep => {
  const chosen = choose(request, [], env)
  if (!chosen.ok) {
    return isSoonOver(chosen.error, request, env)
      ? { state: { phase: 'waiting', for: 'channel', request, startedAt }, effects: [] }
      : refuse(request, chosen.error)
  }
  const question = questionOf(request, chosen.value, env)
  if (!env.isAsked(question)) return offer(request, chosen.value, [], startedAt, env)
  return {
    state: { phase: 'waiting', for: 'verdict', request, startedAt },
    effects: [{ type: 'ask', question }],
  }
}

/** Whether what is in the way is only that the node has just started: the chain is not seen yet, or the next peer not connected. */
const isSoonOver = ({ type }: FailureMessage, { incoming, payload }: RelayRequest, env: RelayEnv): boolean =>
  env.isStarting &&
  type === 'temporary_channel_failure' &&
  (!env.canClaim(incoming) || isNextOffline(payload.next, env))

const isNextOffline = (next: NextNode, env: RelayEnv): boolean => namedChannel(next, env)?.status === 'offline'

/** A relay whose outgoing HTLC survived a restart. */
export const resumedRelay = (record: RelayRecord): OfferedRelay => ({ phase: 'offered', record, tried: [] })

/** Decides about a relay. */
export const stepRelay = (state: RelayState, input: RelayInput, env: RelayEnv): RelayStep =>
  state.phase === 'waiting' ? stepWaiting(state, input, env) : stepOffered(state, input, env)

const stepWaiting = (state: WaitingRelay, input: RelayInput, env: RelayEnv): RelayStep => {
  const { request, startedAt } = state
  switch (input.type) {
    case 'decided': {
      const { verdict } = input
      if (verdict.type === 'fail') return refuse(request, verdict.failure, verdict.by)
      return offerSomewhere(request, [], startedAt, env)
    }
    case 'channels-changed':
      return state.for === 'channel' ? begin(request, startedAt, env) : { state, effects: [] }
    case 'block': {
      // What could not go out any more is not waited for: least of all for so long that the chain decides about it.
      const chosen = choose(request, [], env)
      if (chosen.ok || (state.for === 'channel' && isSoonOver(chosen.error, request, env)))
        return { state, effects: [] }
      return refuse(request, chosen.error)
    }
    case 'added':
    case 'settled':
      return { state, effects: [] }
    default:
      return assertNever(input, 'input of a relay that waits')
  }
}

const stepOffered = (state: OfferedRelay, input: RelayInput, env: RelayEnv): RelayStep => {
  switch (input.type) {
    case 'added': {
      if (!input.result.ok) return offerElsewhere(state, env)
      const { htlcId } = input.result.value
      return { state: { ...state, record: withHtlcId(state.record, htlcId) }, effects: [] }
    }
    case 'settled':
      return settle(state, input.outcome, env)
    case 'block':
      return isToBeGivenBack(state.record, env) ? giveBack(state.record, timedOut, 'us') : { state, effects: [] }
    case 'decided':
    case 'channels-changed':
      return { state, effects: [] }
    default:
      return assertNever(input, 'input of a relay')
  }
}

const settle = (state: OfferedRelay, outcome: HtlcOutcome, env: RelayEnv): RelayStep => {
  const { record } = state
  const { incoming, outgoing } = record
  switch (outcome.type) {
    case 'fulfilled': {
      const [htlc] = incoming
      const { preimage } = outcome
      return {
        state: undefined,
        effects: [
          { type: 'fulfil', htlc: refOf(htlc), preimage, ...attributionOf(outcome) },
          { type: 'relayed', record, feeMsat: sumOf(incoming) - sumOf(outgoing) },
        ],
      }
    }
    case 'failed':
      return giveBack(record, upstreamOf(outcome), 'downstream')
    case 'not-sent':
      return offerElsewhere(state, env)
    case 'timed-out-on-chain':
      return giveBack(record, timedOut, 'us')
    default:
      return assertNever(outcome, 'outcome of an HTLC')
  }
}

/** BOLT 2, `update_fail_malformed_htlc`: the failure is then ours to make; any other is passed on as it came. */
const upstreamOf = (outcome: Extract<HtlcOutcome, { readonly type: 'failed' }>): UpstreamFailure => {
  const { failure } = outcome
  if (failure.type === 'fail') return { type: 'downstream', reason: failure.reason, ...attributionOf(outcome) }
  const message = failureOfMalformed(failure.failureCode, failure.sha256OfOnion)
  return { type: 'own', failure: message ?? { type: 'temporary_channel_failure' } }
}

const attributionOf = ({ attribution }: { readonly attribution?: Uint8Array }) => attribution && { attribution }

const offerElsewhere = ({ record, request, tried }: OfferedRelay, env: RelayEnv): RelayStep => {
  if (request === undefined) return giveBack(record, transient, 'us')
  return offerSomewhere(
    request,
    [...tried, ...record.outgoing.map(({ channelId }) => channelId)],
    record.startedAt,
    env,
  )
}

const timedOut: UpstreamFailure = { type: 'own', failure: { type: 'permanent_channel_failure' } }

const transient: UpstreamFailure = {
  type: 'own',
  failure: { type: 'temporary_channel_failure' },
}

const offerSomewhere = (
  request: RelayRequest,
  tried: readonly ChannelId[],
  startedAt: RelayEnv['now'],
  env: RelayEnv,
): RelayStep => {
  const chosen = choose(request, tried, env)
  return chosen.ok ? offer(request, chosen.value, tried, startedAt, env) : refuse(request, chosen.error)
}

const choose = (
  request: RelayRequest,
  tried: readonly ChannelId[],
  env: RelayEnv,
): Result<RelayChannel, FailureMessage> =>
  // We must be able to claim what we pay on: nothing goes out for an HTLC whose channel the chain decides.
  env.canClaim(request.incoming) ? chooseRelayChannel(request, tried, env) : err({ type: 'temporary_channel_failure' })

const outOf = ({ channelId }: RelayChannel, { payload }: RelayRequest): RelayQuestion['outgoing'] => ({
  channelId,
  amountMsat: payload.amtToForward,
  cltvExpiry: payload.outgoingCltvValue,
})

const questionOf = (request: RelayRequest, channel: RelayChannel, { height }: RelayEnv): RelayQuestion => ({
  paymentHash: request.paymentHash,
  incoming: incomingOf(request),
  outgoing: outOf(channel, request),
  height,
})

const offer = (
  request: RelayRequest,
  channel: RelayChannel,
  tried: readonly ChannelId[],
  startedAt: RelayEnv['now'],
  env: RelayEnv,
): RelayStep => {
  const { incoming, payload, paymentHash } = request
  const out = outOf(channel, request)
  const firstHtlcId = env.nextHtlcId(channel.channelId)
  const record: RelayRecord = {
    paymentHash,
    incoming: [incomingOf(request)],
    requested: payload.next,
    startedAt,
    outgoing: [{ ...out, firstHtlcId }],
  }
  return {
    state: { phase: 'offered', record, request, tried },
    effects: [
      {
        type: 'add-htlc',
        ...out,
        paymentHash,
        onion: request.nextOnion,
        // BOLT 2, update_add_htlc: within a blinded path the next node needs the next key.
        ...(payload.type === 'blinded-relay' ? { pathKey: payload.nextPathKey } : {}),
        upstream: incoming,
      },
    ],
  }
}

const refuse = (request: RelayRequest, failure: FailureMessage, by?: string): RelayStep => ({
  state: undefined,
  effects: [
    { type: 'fail', htlc: request.incoming, failure: { type: 'own', failure } },
    {
      type: 'relay-failed',
      paymentHash: request.paymentHash,
      incoming: [incomingOf(request)],
      requested: {
        next: request.payload.next,
        amountMsat: request.payload.amtToForward,
        cltvExpiry: request.payload.outgoingCltvValue,
      },
      source: 'us',
      code: failure.type,
      ...(by === undefined ? {} : { by }),
    },
  ],
})

const giveBack = (record: RelayRecord, failure: UpstreamFailure, source: 'us' | 'downstream'): RelayStep => {
  const { paymentHash, incoming, outgoing, requested } = record
  const [htlc] = incoming
  const [{ cltvExpiry }] = outgoing
  return {
    state: undefined,
    effects: [
      { type: 'fail', htlc: refOf(htlc), failure },
      {
        type: 'relay-failed',
        paymentHash,
        incoming,
        record,
        requested: { next: requested, amountMsat: sumOf(outgoing), cltvExpiry },
        source,
        code: failure.type === 'own' ? failure.failure.type : undefined,
      },
    ],
  }
}

const refOf = ({ channelId, htlcId }: HtlcRef): HtlcRef => ({ channelId, htlcId })

const incomingOf = ({ incoming, amountMsat, cltvExpiry }: RelayRequest): RelayedHtlc => ({
  ...incoming,
  amountMsat,
  cltvExpiry,
})

const sumOf = (htlcs: readonly { readonly amountMsat: Msat }[]): Msat =>
  htlcs.reduce((sum, { amountMsat }) => sum + amountMsat, 0n)

const withHtlcId = (record: RelayRecord, htlcId: HtlcId): RelayRecord => {
  const [outgoing] = record.outgoing
  return { ...record, outgoing: [{ ...outgoing, htlcId }] }
}
