import type { HtlcFailure, HtlcOutcome, HtlcRef } from '../../channel/index.ts'
import { assertNever } from '../../lib/errors.ts'
import type { ChannelId, HtlcId } from '../../lib/ids.ts'
import type { Msat } from '../../lib/units.ts'
import { type FailureMessage, failureOfMalformed } from '../../onion/failure-message.ts'
import type { Step } from '../step.ts'
import type { UpstreamFailure } from '../upstream-failure.ts'
import type {
  RelayEffect,
  RelayEnv,
  RelayedHtlc,
  RelayInput,
  RelayRecord,
  RelayRequest,
  RelayState,
} from './relay-protocol.ts'
import { chooseRelayChannel, isToBeGivenBack } from './relay-rules.ts'

/** Without a state the relay has ended, and its row is to be deleted. */
type RelayStep = Step<RelayState | undefined, RelayEffect>

/** Takes on a relay, or refuses it. The row is to be written with the outgoing HTLC. */
export const startRelay = (request: RelayRequest, env: RelayEnv): RelayStep =>
  request.refusal === undefined ? offer(request, [], env.now, env) : refuse(request, request.refusal)

/** A relay whose outgoing HTLC survived a restart. */
export const resumedRelay = (record: RelayRecord): RelayState => ({ record, tried: [] })

/** Decides about a relay. */
export const stepRelay = (state: RelayState, input: RelayInput, env: RelayEnv): RelayStep => {
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
    default:
      return assertNever(input, 'input of a relay')
  }
}

const settle = (state: RelayState, outcome: HtlcOutcome, env: RelayEnv): RelayStep => {
  const { record } = state
  const { incoming, outgoing } = record
  switch (outcome.type) {
    case 'fulfilled': {
      const [htlc] = incoming
      return {
        state: undefined,
        effects: [
          { type: 'fulfil', htlc: refOf(htlc), preimage: outcome.preimage },
          { type: 'relayed', record, feeMsat: sumOf(incoming) - sumOf(outgoing) },
        ],
      }
    }
    case 'failed':
      return giveBack(record, upstreamOf(outcome.failure), 'downstream')
    case 'not-sent':
      return offerElsewhere(state, env)
    case 'timed-out-on-chain':
      return giveBack(record, timedOut, 'us')
    default:
      return assertNever(outcome, 'outcome of an HTLC')
  }
}

/** BOLT 2, `update_fail_malformed_htlc`: the failure is then ours to make; any other is passed on as it came. */
const upstreamOf = (failure: HtlcFailure): UpstreamFailure => {
  if (failure.type === 'fail') return { type: 'downstream', reason: failure.reason }
  const message = failureOfMalformed(failure.failureCode, failure.sha256OfOnion)
  return { type: 'own', failure: message ?? { type: 'temporary_channel_failure' } }
}

const offerElsewhere = ({ record, request, tried }: RelayState, env: RelayEnv): RelayStep => {
  if (request === undefined) return giveBack(record, transient, 'us')
  return offer(request, [...tried, ...record.outgoing.map(({ channelId }) => channelId)], record.startedAt, env)
}

const timedOut: UpstreamFailure = { type: 'own', failure: { type: 'permanent_channel_failure' } }

const transient: UpstreamFailure = {
  type: 'own',
  failure: { type: 'temporary_channel_failure' },
}

const offer = (
  request: RelayRequest,
  tried: readonly ChannelId[],
  startedAt: RelayEnv['now'],
  env: RelayEnv,
): RelayStep => {
  const { incoming, payload, paymentHash } = request
  // We must be able to claim what we pay on: nothing goes out for an HTLC whose channel the chain decides.
  if (!env.canClaim(incoming)) return refuse(request, { type: 'temporary_channel_failure' })
  const chosen = chooseRelayChannel(request, tried, env)
  if (!chosen.ok) return refuse(request, chosen.error)
  const { channelId } = chosen.value
  const out = { channelId, amountMsat: payload.amtToForward, cltvExpiry: payload.outgoingCltvValue }
  const firstHtlcId = env.nextHtlcId(channelId)
  const record: RelayRecord = {
    paymentHash,
    incoming: [incomingOf(request)],
    requested: payload.next,
    startedAt,
    outgoing: [{ ...out, firstHtlcId }],
  }
  return {
    state: { record, request, tried },
    effects: [{ type: 'add-htlc', ...out, paymentHash, onion: request.nextOnion, upstream: incoming }],
  }
}

const refuse = (request: RelayRequest, failure: FailureMessage): RelayStep => ({
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
