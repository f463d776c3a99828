import { assertNever } from '../../lib/errors.ts'
import type { ChannelState } from '../state/channel-state.ts'
import type { Closing, Funded } from '../state/durable.ts'
import type { ChannelEnv } from '../state/environment.ts'
import type { ChannelMessage, PeerMessage } from '../state/inputs.ts'
import type { Session } from '../state/session.ts'
import { abortOpening } from './abort-opening.ts'
import { addHtlcPhases, recvAddHtlc } from './add-htlc.ts'
import { recvCommitmentSigned, recvRevokeAndAck } from './commit.ts'
import { peerText } from './error-message.ts'
import { failChannel, forceClose } from './fail-channel.ts'
import { recvClosingSigned } from './negotiation.ts'
import { recvFundingCreated, recvOpenChannel } from './open-as-fundee.ts'
import { recvAcceptChannel, recvFundingSigned } from './open-as-funder.ts'
import { recvChannelReady } from './ready.ts'
import { recvReestablish } from './reestablish.ts'
import { recvChannelUpdate } from './relay-policy.ts'
import { recvFailHtlc, recvFulfillHtlc } from './remove-htlc.ts'
import { recvShutdown } from './shutdown.ts'
import { emit, type Step, stay } from './step.ts'
import { recvUpdateFee } from './update-fee.ts'

/** A message of the peer. One from a connection that is gone is dropped. */
export const recvMessage = (state: ChannelState, input: PeerMessage, env: ChannelEnv): Step => {
  const { durable, session } = state
  if (session === undefined || session.epoch !== input.epoch) return stay(state)
  const { message } = input
  if (message.type === 'warning') {
    return stay(state, emit(durable, { type: 'error', error: { code: 'peer-warning', text: peerText(message) } }))
  }
  switch (durable.phase) {
    case 'aborted':
    case 'closed':
      return stay(state)
    case 'idle':
      return message.type === 'open_channel'
        ? recvOpenChannel(durable, session, message, env)
        : unexpected(state, message, env)
    case 'wait-for-open-answer':
      return message.type === 'accept_channel'
        ? recvAcceptChannel(durable, session, message, env)
        : unexpected(state, message, env)
    case 'wait-for-funding-created':
      return message.type === 'funding_created'
        ? recvFundingCreated(durable, session, message, env)
        : unexpected(state, message, env)
    case 'wait-for-funding-signed':
      return message.type === 'funding_signed'
        ? recvFundingSigned(durable, session, message, env)
        : unexpected(state, message, env)
    case 'wait-for-funding':
    case 'wait-for-decision':
      return unexpected(state, message, env)
    default:
      return recvFunded(durable, session, input, env)
  }
}

const recvFunded = (durable: Funded, session: Session, input: PeerMessage, env: ChannelEnv): Step => {
  const { message } = input
  const online = { durable, session }
  if (message.type === 'error') return recvError(online, message, env)
  if (durable.phase === 'closing' && durable.closing.mutual === undefined) return stay(online)
  if (message.type === 'channel_reestablish') {
    return session.reestablished ? unexpected(online, message, env) : recvReestablish(online, message, env)
  }
  // BOLT 2: before the peer's channel_reestablish, nothing that it says about the channel can be placed.
  if (!session.reestablished) return stay(online)
  switch (message.type) {
    case 'channel_ready':
      return recvChannelReady(online, message, env)
    case 'channel_update':
      return recvChannelUpdate(online, message, env)
    case 'shutdown':
      return recvShutdown(online, message, env)
    case 'closing_signed':
      return durable.phase === 'negotiating' || durable.phase === 'closing'
        ? recvClosingSigned(durable, session, message, env)
        : unexpected(online, message, env)
    case 'update_add_htlc':
      return addHtlcPhases(durable.phase)
        ? recvAddHtlc(online, message, input.sharedSecret, env)
        : unexpected(online, message, env)
    default:
      break
  }
  if (durable.phase !== 'normal' && durable.phase !== 'shutdown') return unexpected(online, message, env)
  switch (message.type) {
    case 'update_fulfill_htlc':
      return recvFulfillHtlc(online, message, env)
    case 'update_fail_htlc':
    case 'update_fail_malformed_htlc':
      return recvFailHtlc(online, message, env)
    case 'update_fee':
      return recvUpdateFee(online, message, env)
    case 'commitment_signed':
      return recvCommitmentSigned(online, [message], env)
    case 'revoke_and_ack':
      return recvRevokeAndAck(online, message, env)
    case 'open_channel':
    case 'accept_channel':
    case 'funding_created':
    case 'funding_signed':
    case 'warning':
      return unexpected(online, message, env)
    default:
      return assertNever(message, 'message')
  }
}

/** BOLT 1: an error ends the channel. */
const recvError = (
  { durable, session }: { readonly durable: Funded; readonly session: Session },
  message: Extract<ChannelMessage, { type: 'error' }>,
  env: ChannelEnv,
): Step => {
  const error = { code: 'peer-error', text: peerText(message) } as const
  if (isClosing(durable)) return stay({ durable, session }, emit(durable, { type: 'error', error }))
  return forceClose(durable, session, { cause: 'remote-error', error, tellPeer: false }, env)
}

const isClosing = (durable: Funded): durable is Closing => durable.phase === 'closing'

const unexpected = (state: ChannelState, message: ChannelMessage, env: ChannelEnv): Step => {
  const { durable, session } = state
  if (message.type === 'error') {
    const error = { code: 'peer-error', text: peerText(message) } as const
    switch (durable.phase) {
      case 'idle':
      case 'wait-for-open-answer':
      case 'wait-for-funding':
      case 'wait-for-funding-signed':
      case 'wait-for-decision':
      case 'wait-for-funding-created':
        return abortOpening(durable, session, error, { tellPeer: false })
      default:
        return stay(state)
    }
  }
  return failChannel(state, { code: 'unexpected-message', message: message.type, phase: durable.phase }, env)
}
