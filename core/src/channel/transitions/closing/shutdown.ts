import { equalBytes } from '../../../lib/bytes.ts'
import { isNegotiated } from '../../../wire/features.ts'
import type { Shutdown } from '../../../wire/messages/channel-close.ts'
import { isOurShutdownScript, isShutdownScriptOfPeer } from '../../commitment/shutdown-script.ts'
import { latest } from '../../commitments/commitments.ts'
import { holdHtlcs } from '../../commitments/cross-signed.ts'
import type { ChannelState } from '../../state/channel-state.ts'
import { update } from '../../state/channel-state.ts'
import type { Closing, Funded } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { CloseCommand } from '../../state/inputs.ts'
import type { Session } from '../../state/session.ts'
import { react } from '../common/react.ts'
import { andThen, done, emit, type Live, type Online, refuse, type Step, stay, to } from '../common/step.ts'
import { awake, openNegotiation, reconsiderFee } from './negotiation.ts'

/**
 * Asks for a cooperative close. The request is kept: if the peer is away, `shutdown` is sent when it is back. If the close is asked for
 * again with a fee rate, the new rate applies.
 */
export const closeChannel = (
  { durable, session }: Live<Exclude<Funded, Closing>>,
  command: CloseCommand,
  env: ChannelEnv,
): Step => {
  const state = session === undefined ? { durable } : { durable, session }
  const { scriptPubkey, feeratePerKw } = command
  if (durable.localShutdown !== undefined) {
    if (feeratePerKw === undefined || scriptPubkey !== undefined) {
      return refuse(state, command, { code: 'closing-in-progress' })
    }
    // Whoever asks again wants our offer to be sent again, whatever the last one led to.
    const priced = to(
      update(durable, { closingFeeratePerKw: feeratePerKw }),
      session === undefined ? undefined : awake(session),
      done(command),
    )
    return andThen(priced, (next) =>
      next.session === undefined ? stay(next) : reconsiderFee(next.durable as Funded, next.session, env),
    )
  }
  const script = scriptPubkey ?? durable.params.localShutdownScript
  // BOLT 2: a script promised at the opening must be kept.
  if (durable.params.localShutdownIsUpfront && !equalBytes(script, durable.params.localShutdownScript)) {
    return refuse(state, command, { code: 'shutdown-script-is-fixed' })
  }
  if (!isOurShutdownScript(script)) return refuse(state, command, { code: 'invalid-shutdown-script' })
  const next = update(durable, {
    localShutdown: script,
    ...(feeratePerKw === undefined ? {} : { closingFeeratePerKw: feeratePerKw }),
  })
  return to(next, session, [emit(next, { type: 'shutdown', byUs: true }), ...done(command)])
}

/** BOLT 2, shutdown. */
export const recvShutdown = ({ durable, session }: Online, { scriptpubkey }: Shutdown, env: ChannelEnv): Step => {
  const state = { durable, session }
  const { features } = env.settings
  const anySegwit = isNegotiated(features, session.remoteFeatures, 'option_shutdown_anysegwit')
  // BOLT 2, shutdown: a script from the opening is binding if both nodes have advertised the feature.
  const isBound = isNegotiated(features, session.remoteFeatures, 'option_upfront_shutdown_script')
  const promised = isBound ? durable.params.remoteUpfrontShutdown : undefined
  if (!isShutdownScriptOfPeer(scriptpubkey, anySegwit)) return react(state, { code: 'invalid-shutdown-script' }, env)
  if (promised !== undefined && !equalBytes(promised, scriptpubkey)) {
    return react(state, { code: 'shutdown-script-not-as-promised' }, env)
  }
  // BOLT 2: the sender signs all it has added before it shuts down.
  if (session.proposed.remote.some(({ type }) => type === 'add' || type === 'fee')) {
    return react(state, { code: 'shutdown-with-pending-updates' }, env)
  }
  const received: Session = { ...session, shutdownReceived: true }
  const before = durable.remoteShutdown
  if (before !== undefined && equalBytes(before, scriptpubkey)) return to(durable, received, [])
  // A different script after the fee negotiation has begun: the transaction would change under the negotiation.
  if (durable.phase === 'negotiating' || durable.phase === 'closing') {
    return react(state, { code: 'shutdown-script-changed' }, env)
  }
  const next = update(durable, {
    remoteShutdown: scriptpubkey,
    // BOLT 2: we answer with `shutdown` as soon as our proposals are signed.
    localShutdown: durable.localShutdown ?? durable.params.localShutdownScript,
  })
  // Reported once: if the peer's shutdown answers ours, ours was reported already.
  const isFirst = before === undefined && durable.localShutdown === undefined
  return to(next, received, isFirst ? [emit(next, { type: 'shutdown', byUs: false })] : [])
}

/**
 * Takes a channel that is to be closed as far as it can go by itself. Called after every step: sends our `shutdown` once all our proposals
 * are signed, enters `shutdown` when both sides have sent it, and negotiates the fee when nothing is left.
 */
export const progressShutdown = (state: ChannelState, env: ChannelEnv): Step => {
  const { durable, session } = state
  if (session?.reestablished !== true) return stay(state)
  switch (durable.phase) {
    case 'wait-for-funding-confirmed':
    case 'wait-for-channel-ready':
    case 'normal':
    case 'shutdown':
    case 'negotiating':
      return durable.localShutdown === undefined ? stay(state) : progress(durable, session, env)
    case 'closing':
      return durable.closing.mutual === undefined ? stay(state) : progress(durable, session, env)
    default:
      return stay(state)
  }
}

const progress = (durable: Funded, session: Session, env: ChannelEnv): Step => {
  const effects: Effect[] = []
  let live = session
  let next = durable
  const { localShutdown, remoteShutdown } = durable
  if (localShutdown === undefined) return stay({ durable, session })
  // BOLT 2: not while updates are pending for the peer's commitment.
  if (!live.shutdownSent && live.proposed.local.length === 0) {
    const { channelId } = durable.params
    const message = { type: 'shutdown', channelId, scriptpubkey: localShutdown } as const
    effects.push({ type: 'send', epoch: live.epoch, message })
    live = { ...live, shutdownSent: true }
  }
  if (!live.shutdownSent || !live.shutdownReceived || remoteShutdown === undefined) return to(next, live, effects)
  if (next.phase !== 'shutdown' && next.phase !== 'negotiating' && next.phase !== 'closing') {
    next = { ...next, phase: 'shutdown', localShutdown, remoteShutdown }
    effects.push(emit(next, { type: 'usable', usable: false }))
  }
  if (next.phase === 'shutdown') {
    const waits = !isClean(next, live)
    if (!waits || (isEmpty(next, live) && mayBegin(next, live))) next = { ...next, phase: 'negotiating' }
    else if (isEmpty(next, live) && live.isOverdue === undefined) {
      live = { ...live, isOverdue: false }
      effects.push({ type: 'schedule', timer: 'closing-answer', delayMs: env.settings.closingTimeoutMs })
    }
  }
  if (next.phase !== 'negotiating' && next.phase !== 'closing') return to(next, live, effects)
  const opened = openNegotiation(next, live, env)
  return to(opened.state.durable, opened.state.session, [...effects, ...opened.effects])
}

/** The side that offers first need not wait for the last updates. It does not wait if the other side never signs them. */
const mayBegin = ({ params }: Funded, { earlyOffer, isOverdue = false }: Session): boolean =>
  earlyOffer !== undefined || (isOverdue && params.localIsOpener)

/**
 * BOLT 2, closing_signed: no HTLC remains in either commitment transaction. Only a change of the commitments' fee rate may still be under
 * way, and it does not change the closing transaction.
 */
const isEmpty = (durable: Funded, { proposed }: Session): boolean => {
  const { localSigned, localAcked, remoteAcked, remoteSigned } = durable.changes
  const changes = [localSigned, localAcked, remoteAcked, remoteSigned, proposed.local, proposed.remote]
  return !holdHtlcs(durable) && changes.every((list) => list.every(({ type }) => type === 'fee'))
}

/** BOLT 2: no HTLC is left, no revocation is owed, and all updates are in both commitments. */
const isClean = (durable: Funded, session: Session): boolean => {
  const { localSigned, localAcked, remoteAcked, remoteSigned } = durable.changes
  return (
    latest(durable).remoteNext === undefined &&
    !holdHtlcs(durable) &&
    [localSigned, localAcked, remoteAcked, remoteSigned].every((changes) => changes.length === 0) &&
    session.proposed.local.length === 0 &&
    session.proposed.remote.length === 0
  )
}
