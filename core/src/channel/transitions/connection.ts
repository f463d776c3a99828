import { assertNever } from '../../lib/errors.ts'
import { isFundingConfirmed } from '../commitments/commitments.ts'
import type { ChannelState } from '../state/channel-state.ts'
import type { Funded } from '../state/durable.ts'
import type { ChannelEnv } from '../state/environment.ts'
import type { Connected, Disconnected } from '../state/inputs.ts'
import { newSession, noProposals, type Session } from '../state/session.ts'
import { wantsReplacement } from './closing/close-offer.ts'
import { abortOpening } from './common/abort-opening.ts'
import { dropUnsigned } from './common/fail-channel.ts'
import { channelReestablish } from './common/our-numbers.ts'
import { react } from './common/react.ts'
import { andThen, emit, type Step, stay, to } from './common/step.ts'

/** A connection with the peer: `channel_reestablish` goes first, and nothing else until the peer's has come. */
export const connected = (state: ChannelState, input: Connected, env: ChannelEnv): Step => {
  const { session } = state
  if (session !== undefined) {
    // A connection that is not newer has been replaced already.
    if (input.epoch <= session.epoch) return stay(state)
    return andThen(disconnected(state, { type: 'disconnected', epoch: session.epoch }), (next) =>
      connected(next, input, env),
    )
  }
  const { durable } = state
  switch (durable.phase) {
    case 'idle':
    case 'aborted':
    case 'closed':
    case 'wait-for-open-answer':
    case 'wait-for-funding':
    case 'wait-for-funding-signed':
    case 'wait-for-decision':
    case 'wait-for-funding-created':
      return stay(state)
    case 'closing':
      // The chain decides. Many peers answer any message about such a channel with an error and hang up, which also disconnects the healthy
      // channels. If the peer speaks first, it is answered (`recvReestablish`).
      // An operator who wants to replace the close that both have signed wants us to speak first.
      return wantsReplacement(durable, newSession(input.epoch, input.remoteFeatures, false), env)
        ? reestablish(durable, input, env)
        : to(durable, newSession(input.epoch, input.remoteFeatures, false), [])
    case 'wait-for-funding-confirmed':
    case 'wait-for-channel-ready':
    case 'normal':
    case 'shutdown':
    case 'negotiating':
      return reestablish(durable, input, env)
    default:
      return assertNever(durable, 'phase')
  }
}

const reestablish = (durable: Funded, { epoch, remoteFeatures, rest }: Connected, env: ChannelEnv): Step => {
  const { nextLocalHtlcId, nextRemoteHtlcId } = durable.changes
  const session = newSession(epoch, remoteFeatures, false, noProposals(nextLocalHtlcId, nextRemoteHtlcId))
  if (rest?.from === 'chain' || rest?.from === 'reestablishment') return to(durable, { ...session, rest }, [])
  return speakFirst(durable, rest === undefined ? session : { ...session, rest }, env)
}

export const speakFirst = (durable: Funded, session: Session, env: ChannelEnv): Step =>
  to(durable, { ...session, saidNumbers: true }, [
    { type: 'send', epoch: session.epoch, message: channelReestablish(durable, env) },
    { type: 'schedule', timer: 'reestablishment', delayMs: env.settings.reestablishTimeoutMs },
  ])

/**
 * The peer is connected and has not said anything about the channel: most likely it has forgotten it. LND is silent about a channel whose
 * funding is unconfirmed; that silence means nothing.
 */
export const reestablishTimedOut = (durable: Funded, session: Session, env: ChannelEnv): Step => {
  const state = { durable, session }
  const isAbandoned =
    durable.phase !== 'closing' &&
    !session.reestablished &&
    session.peerIsBehind !== true &&
    session.rest === undefined &&
    isFundingConfirmed(durable)
  return isAbandoned ? react(state, { code: 'abandoned-by-peer' }, env) : stay(state)
}

/**
 * BOLT 2: what is not signed is forgotten. The peer's proposals were in the session; our proposed additions are given back to their origin,
 * and our removals are still in the records. An opening that was not finished is over.
 */
export const disconnected = (state: ChannelState, { epoch }: Disconnected): Step => {
  const { durable, session } = state
  if (session === undefined || session.epoch !== epoch) return stay(state)
  switch (durable.phase) {
    case 'idle':
    case 'wait-for-open-answer':
    case 'wait-for-funding':
    case 'wait-for-funding-signed':
    case 'wait-for-decision':
    case 'wait-for-funding-created':
      return abortOpening(durable, undefined, { code: 'disconnected' })
    case 'aborted':
    case 'closed':
      return to(durable, undefined, [])
    default: {
      const wasUsable = durable.phase === 'normal' && session.reestablished
      return to(durable, undefined, [
        ...dropUnsigned(durable, session),
        ...(wasUsable ? [emit(durable, { type: 'usable', usable: false })] : []),
      ])
    }
  }
}
