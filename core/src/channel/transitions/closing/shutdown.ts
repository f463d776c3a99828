import { equalBytes } from '../../../lib/bytes.ts'
import type { Shutdown } from '../../../wire/messages/channel-close.ts'
import { isOurShutdownScript, scriptForms } from '../../commitment/shutdown-script.ts'
import { latest } from '../../commitments/commitments.ts'
import { holdHtlcs } from '../../commitments/cross-signed.ts'
import type { ChannelState } from '../../state/channel-state.ts'
import { update } from '../../state/channel-state.ts'
import type { Funded } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { Session } from '../../state/session.ts'
import { react } from '../common/react.ts'
import { closesSimply } from '../common/simple-close.ts'
import { emit, type Online, type Step, stay, to } from '../common/step.ts'
import { tellScript } from './close-offer.ts'
import { openNegotiation } from './negotiation.ts'
import { peerScriptFault } from './peer-script.ts'
import { openSimpleClose } from './simple-close.ts'

/** BOLT 2, shutdown. */
export const recvShutdown = ({ durable, session }: Online, { scriptpubkey }: Shutdown, env: ChannelEnv): Step => {
  const state = { durable, session }
  const fault = peerScriptFault({ durable, session }, scriptpubkey, env)
  if (fault === 'form') return react(state, { code: 'invalid-shutdown-script' }, env)
  if (fault === 'not-as-promised') return react(state, { code: 'shutdown-script-not-as-promised' }, env)
  // BOLT 2: the sender signs all it has added before it shuts down.
  if (session.proposed.remote.some(({ type }) => type === 'add' || type === 'fee')) {
    return react(state, { code: 'shutdown-with-pending-updates' }, env)
  }
  const received: Session = { ...session, shutdownReceived: true }
  const before = durable.remoteShutdown
  if (before !== undefined && equalBytes(before, scriptpubkey)) {
    const repeated = { type: 'ignored', message: 'shutdown', why: 'repeated' } as const
    return to(durable, received, session.shutdownReceived ? [repeated] : [])
  }
  if (durable.phase === 'negotiating' || durable.phase === 'closing') {
    // BOLT 2, closing_complete: scripts may change, and a reconnection tells each side's latest; but only one in each connection.
    if (!closesSimply(session, env)) return react(state, { code: 'shutdown-script-changed' }, env)
    if (session.shutdownReceived) return react(state, { code: 'shutdown-sent-twice' }, env)
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
    // BOLT 2, closing_complete: whoever reconnects tells the latest script.
    if (next.closingScript !== undefined && closesSimply(live, env)) next = tellScript(next)
    const scriptpubkey = next.localShutdown ?? localShutdown
    // BOLT 2, shutdown: only in a form that this peer knows. The operator may have named it while the peer was away.
    if (!isOurShutdownScript(scriptpubkey, scriptForms(env.settings.features, live.remoteFeatures))) {
      return hold(durable, live)
    }
    effects.push({ type: 'send', epoch: live.epoch, message: { type: 'shutdown', channelId, scriptpubkey } })
    live = { ...live, shutdownSent: true, shutdownBefore: live.proposed.nextRemoteHtlcId }
  }
  if (!live.shutdownSent || !live.shutdownReceived || remoteShutdown === undefined) return to(next, live, effects)
  if (next.phase !== 'shutdown' && next.phase !== 'negotiating' && next.phase !== 'closing') {
    next = { ...next, phase: 'shutdown', localShutdown: next.localShutdown ?? localShutdown, remoteShutdown }
    effects.push(emit(next, { type: 'usable', usable: false }))
  }
  if (next.phase === 'shutdown') {
    const waits = !isClean(next, live)
    if (!waits || (isEmpty(next, live) && mayBegin(next, live, env))) next = { ...next, phase: 'negotiating' }
    else if (isEmpty(next, live) && live.isOverdue === undefined) {
      live = { ...live, isOverdue: false }
      effects.push({ type: 'schedule', timer: 'closing-answer', delayMs: env.settings.closingTimeoutMs })
    }
  }
  if (next.phase !== 'negotiating' && next.phase !== 'closing') return to(next, live, effects)
  const opened = closesSimply(live, env) ? openSimpleClose(next, live, env) : openNegotiation(next, live, env)
  return to(opened.state.durable, opened.state.session, [...effects, ...opened.effects])
}

/** Our `shutdown` is not sent on this connection. The operator is told once, and may force the close. */
const hold = (durable: Funded, session: Session): Step =>
  session.isShutdownHeld === true
    ? stay({ durable, session })
    : to(durable, { ...session, isShutdownHeld: true }, [
        emit(durable, { type: 'error', error: { code: 'shutdown-script-unknown-to-peer' } }),
      ])

/** The side that offers first need not wait for the last updates. It does not wait if the other side never signs them. */
const mayBegin = ({ params }: Funded, session: Session, env: ChannelEnv): boolean => {
  const { earlyOffer, earlyComplete, isOverdue = false } = session
  const isFirst = params.localIsOpener || closesSimply(session, env)
  return earlyOffer !== undefined || earlyComplete !== undefined || (isOverdue && isFirst)
}

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
