import { secp256k1 } from '../../crypto/secp256k1.ts'
import { FIRST_SECRET_INDEX, findSecret } from '../../crypto/shachain.ts'
import { assertNever } from '../../lib/errors.ts'
import type { ChannelId } from '../../lib/ids.ts'
import type { ChannelReestablish } from '../../wire/messages/channel-operation.ts'
import { isFundingConfirmed, latest } from '../commitments/commitments.ts'
import type { ChannelState } from '../state/channel-state.ts'
import type { Funded } from '../state/durable.ts'
import type { ChannelEnv } from '../state/environment.ts'
import type { Connected, Disconnected } from '../state/inputs.ts'
import { newSession, noProposals, type Session } from '../state/session.ts'
import { wantsReplacement } from './closing/close-offer.ts'
import { abortOpening } from './common/abort-opening.ts'
import { dropUnsigned } from './common/fail-channel.ts'
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
  to(durable, session, [
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

/** BOLT 2, channel_reestablish. */
export const channelReestablish = (durable: Funded, env: ChannelEnv): ChannelReestablish => {
  // Its numbers are lost.
  if (durable.recovered) return reestablishUnknown(durable.params.channelId)
  const { local, remote } = latest(durable)
  const secret =
    remote.index === 0 ? undefined : findSecret(durable.remoteSecrets, FIRST_SECRET_INDEX - (remote.index - 1))
  return {
    type: 'channel_reestablish',
    channelId: durable.params.channelId,
    nextCommitmentNumber: BigInt(local.index + 1),
    nextRevocationNumber: BigInt(remote.index),
    yourLastPerCommitmentSecret: secret ?? new Uint8Array(32),
    myCurrentPerCommitmentPoint: env.commitmentPoint(local.index),
  }
}

/** A point that is valid, and whose secret everybody knows: it takes the place of one that nobody has. */
const NO_COMMITMENT_POINT = secp256k1.publicKey(new Uint8Array(32).fill(1, 31))

/**
 * Our `channel_reestablish` for a channel that we know nothing of, before the error that says so. BOLT 2: the number zero makes the peer
 * publish its latest commitment at once. LND closes on this and on no error, and LDK says the same in our place; from a node that has lost
 * its data, it is the request to be paid out.
 */
export const reestablishUnknown = (channelId: ChannelId): ChannelReestablish => ({
  type: 'channel_reestablish',
  channelId,
  nextCommitmentNumber: 0n,
  nextRevocationNumber: 0n,
  yourLastPerCommitmentSecret: new Uint8Array(32),
  myCurrentPerCommitmentPoint: NO_COMMITMENT_POINT,
})

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
