import { sha256 } from '../../crypto/hashes.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { assertNever } from '../../lib/errors.ts'
import { type ChannelState, isFunded, isOpening } from '../state/channel-state.ts'
import type { Closing, Funded } from '../state/durable.ts'
import type { Effect } from '../state/effects.ts'
import type { ChannelEnv } from '../state/environment.ts'
import { findHtlc } from '../state/htlc.ts'
import type { ChannelMessage, PeerMessage } from '../state/inputs.ts'
import type { Rest } from '../state/rest.ts'
import type { Session } from '../state/session.ts'
import { asksToClose, sayFailed, sayNumbers } from './closing/ask-to-close.ts'
import { recvClosingSigned, recvEarlyOffer } from './closing/negotiation.ts'
import { learnPreimage } from './closing/outcomes.ts'
import { recvShutdown } from './closing/shutdown.ts'
import { recvSimpleClose } from './closing/simple-close.ts'
import { abortOpening } from './common/abort-opening.ts'
import { peerText } from './common/error-message.ts'
import { forceClose } from './common/fail-channel.ts'
import { isForborne } from './common/forbearance.ts'
import { channelReestablish } from './common/our-numbers.ts'
import { react } from './common/react.ts'
import { recvChannelUpdate } from './common/relay-policy.ts'
import { closesSimply } from './common/simple-close.ts'
import { andThen, emit, type Online, type Step, stay, to } from './common/step.ts'
import { recvFundingCreated, recvOpenChannel } from './opening/open-as-fundee.ts'
import { recvAcceptChannel, recvFundingSigned } from './opening/open-as-funder.ts'
import { recvChannelReady } from './opening/ready.ts'
import { addHtlcPhases, recvAddHtlc } from './operating/add-htlc.ts'
import { keepSignatures, recvAnnouncementSignatures } from './operating/announce.ts'
import { recvCommitmentSigned, recvRevokeAndAck } from './operating/commit.ts'
import { recvFailHtlc, recvFulfillHtlc } from './operating/remove-htlc.ts'
import { recvUpdateFee } from './operating/update-fee.ts'
import { heedProof, recvReestablish } from './reestablish.ts'

/** Handles a message of the peer. A message from a connection that is gone is dropped. */
export const recvMessage = (state: ChannelState, input: PeerMessage, env: ChannelEnv): Step => {
  const { durable, session } = state
  if (session === undefined || session.epoch !== input.epoch) return stay(state)
  const { message } = input
  if (message.type === 'warning') {
    const told = emit(durable, { type: 'error', error: { code: 'peer-warning', text: peerText(message) } })
    const again = isFunded(durable) ? askAgain(durable, session) : []
    return again.length === 0 ? stay(state, told) : to(durable, { ...session, askedTwice: true }, [told, ...again])
  }
  switch (durable.phase) {
    case 'aborted':
    case 'closed':
      return stay(state, { type: 'ignored', message: message.type, why: 'channel-is-over' })
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
  if (session.rest?.from === 'chain' && durable.phase !== 'closing') return recvUnsighted(online, session.rest, message)
  if (message.type === 'error') return recvError(online, message, env)
  if (durable.phase === 'closing' && !session.reestablished) return recvOfClosing(durable, session, message, env)
  if (session.rest?.from === 'reestablishment') return recvAtRest(online, message)
  // BOLT 7: the peer's relay policy does not depend on any state of the channel.
  if (message.type === 'channel_update') return recvChannelUpdate(online, message, env)
  if (message.type === 'channel_reestablish') {
    return session.reestablished
      ? react(online, { code: 'reestablished-twice' }, env)
      : recvReestablish(online, message, env)
  }
  // BOLT 2: before the peer's channel_reestablish, its messages about the channel cannot be ordered. LND sends none for a channel whose
  // funding is unconfirmed, and sends channel_ready when it confirms: on a new connection it sends channel_reestablish.
  if (!session.reestablished) return react(online, { code: 'message-before-reestablish', message: message.type }, env)
  switch (message.type) {
    case 'channel_ready':
      return recvChannelReady(online, message, env)
    case 'announcement_signatures':
      return recvAnnouncementSignatures(online, message, env)
    case 'shutdown':
      return recvShutdown(online, message, env)
    case 'closing_complete':
    case 'closing_sig':
      return recvSimpleClose(online, message, env)
    case 'closing_signed':
      if (closesSimply(session, env)) return react(online, { code: 'close-of-other-negotiation' }, env)
      return durable.phase === 'negotiating' || durable.phase === 'closing'
        ? recvClosingSigned(durable, session, message, env)
        : recvEarlyOffer(online, message, env)
    case 'update_add_htlc':
      return addHtlcPhases(durable.phase)
        ? recvAddHtlc(online, message, input.sharedSecret, env)
        : unexpected(online, message, env)
    default:
      break
  }
  // A change of the fee rate may be under way during the negotiation of the close: the rest of the change has no effect there.
  const isLeftOver = message.type === 'commitment_signed' || message.type === 'revoke_and_ack'
  if (durable.phase !== 'normal' && durable.phase !== 'shutdown' && !(durable.phase === 'negotiating' && isLeftOver)) {
    return unexpected(online, message, env)
  }
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

/**
 * Core Lightning has a warning for numbers that it cannot go on from, gives up on the connection's channel and with it on the error behind
 * them, and closes for an error that comes after that. Once a connection, because others may answer an error with another warning. It loses
 * this one, too, if it has not given up yet: each block has it asked again.
 */
const askAgain = (durable: Funded, session: Session): readonly Effect[] =>
  durable.phase === 'closing' && !session.askedTwice && asksToClose(durable) ? sayFailed(durable, session) : []

/**
 * The channel takes no part for now. The peer's first message is kept, because the peer sends it only once; and so are its signatures for
 * the announcement, which LND sends no more once it has ours.
 */
const recvAtRest = ({ durable, session }: Online, message: ChannelMessage): Step => {
  if (message.type === 'announcement_signatures') return keepSignatures({ durable, session }, message)
  return message.type === 'channel_reestablish'
    ? to(durable, { ...session, rest: { from: 'reestablishment', heard: [message] } }, [])
    : stay({ durable, session }, { type: 'ignored', message: message.type, why: 'at-rest' })
}

/** The same, but an error is also only kept: if the peer has closed the channel, the chain must tell first. */
const recvUnsighted = (
  { durable, session }: Online,
  { heard }: Extract<Rest, { from: 'chain' }>,
  message: ChannelMessage,
): Step => {
  if (message.type === 'announcement_signatures') return keepSignatures({ durable, session }, message)
  return (message.type === 'channel_reestablish' || message.type === 'error') &&
    heard.every(({ type }) => type !== message.type)
    ? to(durable, { ...session, rest: { from: 'chain', heard: [...heard, message] } }, [])
    : stay({ durable, session }, { type: 'ignored', message: message.type, why: 'at-rest' })
}

/**
 * The chain decides, and we have said nothing on this connection. BOLT 2, message retransmission: a peer that would go on with a failed
 * channel gets the error, and its other messages are ignored, except preimages, which are worth as much as ever. A cooperative close is
 * answered like any channel, so that a peer that has lost our last message gets it again.
 */
const recvOfClosing = (durable: Closing, session: Session, message: ChannelMessage, env: ChannelEnv): Step => {
  const { epoch } = session
  if (message.type === 'channel_reestablish') {
    if (durable.closing.mutual === undefined) {
      // BOLT 2, data loss: our numbers are what shows the peer that it has to publish. Some peers do not close for an error alone.
      const said = asksToClose(durable) ? sayNumbers(durable, session, env) : { session, effects: [] }
      const told = to(durable, said.session, [...said.effects, ...sayFailed(durable, session)])
      // BOLT 2, channel_reestablish: what is proven to be revoked must not be published later, at a deadline or by the operator.
      return andThen(told, () => heedProof({ durable, session: said.session }, message, env))
    }
    const ours: Effect = { type: 'send', epoch, message: channelReestablish(durable, env) }
    return andThen(stay({ durable, session }, ours), () => recvReestablish({ durable, session }, message, env))
  }
  if (message.type === 'update_fulfill_htlc') {
    const record = findHtlc(durable.htlcs.offered, message.id)
    if (record !== undefined && equalBytes(sha256(message.paymentPreimage), record.add.paymentHash)) {
      const learnt = learnPreimage(durable, message.id, message.paymentPreimage)
      return to(learnt.durable, session, learnt.effects)
    }
  }
  return stay({ durable, session }, { type: 'ignored', message: message.type, why: 'channel-is-over' })
}

/** BOLT 1: an error ends the channel, unless it is one of those that end no channel in practice. */
const recvError = (
  { durable, session }: Online,
  message: Extract<ChannelMessage, { type: 'error' }>,
  env: ChannelEnv,
): Step => {
  const text = peerText(message)
  if (isClosing(durable)) {
    return stay({ durable, session }, emit(durable, { type: 'error', error: { code: 'peer-error', text } }))
  }
  if (isForborne(text)) return react({ durable, session }, { code: 'peer-error-forborne', text }, env)
  return forceClose(durable, session, { cause: 'remote-error', error: { code: 'peer-error', text } }, env)
}

const isClosing = (durable: Funded): durable is Closing => durable.phase === 'closing'

const unexpected = (state: ChannelState, message: ChannelMessage, env: ChannelEnv): Step => {
  const { durable, session } = state
  if (message.type === 'error' && isOpening(durable)) {
    return abortOpening(durable, session, { code: 'peer-error', text: peerText(message) })
  }
  return react(state, { code: 'unexpected-message', message: message.type, phase: durable.phase }, env)
}
