import { encodeTxWithoutWitness } from '../../../bitcoin/transaction.ts'
import { equalBytes } from '../../../lib/bytes.ts'
import { type BlockDelta, msatToSatFloor } from '../../../lib/units.ts'
import type { ClosingComplete, ClosingSig, ClosingTerms } from '../../../wire/messages/channel-close.ts'
import {
  buildSimpleClose,
  CLOSE_VARIANTS,
  chosenVariant,
  offeredVariants,
} from '../../commitment/simple-close-transaction.ts'
import { latest } from '../../commitments/commitments.ts'
import { update } from '../../state/channel-state.ts'
import type { SignedClose } from '../../state/closing.ts'
import type { Closing, Funded, Negotiating } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { ProtocolError } from '../../state/errors.ts'
import type { Session } from '../../state/session.ts'
import { publishMutualClose } from '../common/publications.ts'
import { react } from '../common/react.ts'
import { canConfirm, closeOf, closesSimply, completeClose } from '../common/simple-close.ts'
import { andThen, emit, type Online, type Step, stay, to } from '../common/step.ts'
import { isForPeer, nextOffer, tellScript } from './close-offer.ts'
import { peerScriptFault } from './peer-script.ts'

/** A channel whose close is being signed, or that has one which may be replaced. */
type Agreeing = Negotiating | Closing

/** Each of the peer's is verified, signed, stored and broadcast: on one connection, this many are more than anybody needs. */
const MAX_TAKEN = 20

/** So many new ones are signed in so many blocks, on however many connections: a peer that comes back proposes another each time. */
const MAX_SIGNED = 144
const SIGNED_WITHIN: BlockDelta = 144

/**
 * How much longer than for a first close an answer is waited for where another is signed already. The connection, which other channels
 * need, is then cut seldom: eclair 0.14 refuses by a warning what comes less than three blocks after the last one.
 */
const REPLACEMENT_PATIENCE = 30

/** How many of each closer are kept: of each side the newest are those that it wants. */
const MAX_KEPT = 4

/**
 * BOLT 2, closing_complete: both sides should send one once `shutdown` went both ways and no HTLC remains. Whoever has not asked for the
 * close lets the other go first, who pays for it then. Starts anew on each connection.
 */
export const openSimpleClose = (durable: Agreeing, session: Session, env: ChannelEnv): Step => {
  if (session.simpleClose !== undefined) return stay({ durable, session })
  const { earlyComplete, rest: _, ...ready } = session
  const timer: Effect = { type: 'schedule', timer: 'closing-answer', delayMs: env.settings.closingTimeoutMs }
  const begun = to(durable, { ...ready, simpleClose: { taken: 0 } }, durable.phase === 'closing' ? [] : [timer])
  const opened = isForPeer(durable, env) ? begun : andThen(begun, (next) => offerClose(next as Online<Agreeing>, env))
  if (earlyComplete === undefined) return opened
  return andThen(opened, (next) => recvComplete(next as Online<Agreeing>, earlyComplete, env))
}

/** Sends the next `closing_complete`, if there is one to send. BOLT 2: not before the last one is answered. */
export const offerClose = ({ durable, session }: Online<Agreeing>, env: ChannelEnv): Step => {
  const { simpleClose } = session
  const close = simpleClose === undefined || simpleClose.offered !== undefined ? undefined : nextOffer(durable, env)
  if (simpleClose === undefined || close === undefined) return stay({ durable, session })
  const next = remember(tellScript(durable), close, env)
  const { channelId } = durable.params
  const simple = closeOf(durable, close)
  const tasks = offeredVariants(simple).map((variant) => [variant, buildSimpleClose(simple, variant).task] as const)
  return to(next, { ...session, simpleClose: { ...simpleClose, offered: close } }, [
    {
      type: 'send',
      epoch: session.epoch,
      message: { type: 'closing_complete', channelId, ...toWire(close) },
      needs: { type: 'closing-signatures', tasks },
    },
    {
      type: 'schedule',
      timer: 'closing-answer',
      delayMs: env.settings.closingTimeoutMs * (durable.phase === 'closing' ? REPLACEMENT_PATIENCE : 1),
    },
  ])
}

/** `closing_complete` and `closing_sig`. */
export const recvSimpleClose = (online: Online, message: ClosingComplete | ClosingSig, env: ChannelEnv): Step => {
  const { durable, session } = online
  if (!closesSimply(session, env)) return react(online, { code: 'close-of-other-negotiation' }, env)
  // Kept until we, too, see that no HTLC remains.
  if (durable.phase === 'shutdown' && message.type === 'closing_complete') {
    return to(durable, { ...session, earlyComplete: message }, [])
  }
  const isOpen = session.simpleClose !== undefined && (durable.phase === 'negotiating' || durable.phase === 'closing')
  if (!isOpen) return react(online, { code: 'closing-complete-before-shutdown' }, env)
  const agreeing = { durable, session }
  return message.type === 'closing_complete' ? recvComplete(agreeing, message, env) : recvSig(agreeing, message, env)
}

/** BOLT 2, closing_complete, as its receiver: the peer pays, and gets our signature whatever its fee is. */
const recvComplete = (online: Online<Agreeing>, message: ClosingComplete, env: ChannelEnv): Step => {
  const { durable, session } = online
  const taken = (session.simpleClose?.taken ?? 0) + 1
  if (taken > MAX_TAKEN) return react(online, { code: 'too-many-closes' }, env)
  const terms: SignedClose = {
    closer: 'remote',
    localScript: message.closeeScriptpubkey,
    remoteScript: message.closerScriptpubkey,
    fee: message.feeSatoshis,
    locktime: message.locktime,
  }
  const fault = termsFault(online, terms, env)
  if (fault !== undefined) return react(online, fault, env)
  const signedBefore = isKnown(durable, terms) ? undefined : signedLately(durable, env)
  if (signedBefore !== undefined && signedBefore.count >= MAX_SIGNED) {
    return react(online, { code: 'too-many-closes' }, env)
  }
  const simple = closeOf(durable, terms)
  const variant = chosenVariant(simple, message)
  const remoteSignature = message[variant]
  if (remoteSignature === undefined) return react(online, { code: 'close-variant-missing' }, env)
  const { task, tx } = buildSimpleClose(simple, variant)
  // BOLT 2: a signature that does not fit, or whose S is high.
  if (!simple.format.isFundingSignature(simple.funding, task, remoteSignature)) {
    return react(online, { code: 'invalid-close-signature', transaction: encodeTxWithoutWitness(tx) }, env)
  }
  const { channelId } = durable.params
  const answer: Effect = {
    type: 'send',
    epoch: session.epoch,
    message: { type: 'closing_sig', channelId, ...toWire(terms) },
    // BOLT 2: a single signature, in the same record.
    needs: { type: 'closing-signatures', tasks: [[variant, task]] },
  }
  const heard: Session = { ...session, simpleClose: { ...session.simpleClose, taken } }
  // BOLT 2: our own closes use the peer's script from now on.
  const isNew = durable.remoteShutdown === undefined || !equalBytes(durable.remoteShutdown, terms.remoteScript)
  const moved = isNew ? update(durable, { remoteShutdown: terms.remoteScript }) : durable
  const told =
    signedBefore === undefined
      ? moved
      : update(moved, { closesTaken: { ...signedBefore, count: signedBefore.count + 1 } })
  const signed = andThen(to(told, heard, [answer]), () =>
    complete({ durable: told, session: heard }, { ...terms, answer: { variant, remoteSignature } }, env),
  )
  return andThen(signed, (next) => offerClose(next as Online<Agreeing>, env))
}

const signedLately = ({ closesTaken }: Funded, { height }: ChannelEnv): NonNullable<Funded['closesTaken']> =>
  closesTaken === undefined || height - closesTaken.since >= SIGNED_WITHIN ? { since: height, count: 0 } : closesTaken

/** BOLT 2, closing_complete, as its receiver, in the order of the clauses. */
const termsFault = (online: Online<Agreeing>, terms: SignedClose, env: ChannelEnv): ProtocolError | undefined => {
  const { durable } = online
  const available = msatToSatFloor(latest(durable).local.spec.toRemoteMsat)
  if (terms.fee > available) return { code: 'closer-fee-above-balance', fee: terms.fee, available }
  const { localShutdown } = durable
  if (localShutdown === undefined || !equalBytes(terms.localScript, localShutdown)) {
    return { code: 'closee-script-not-ours' }
  }
  const script = peerScriptFault(online, terms.remoteScript, env)
  if (script === 'form') return { code: 'closer-script-invalid' }
  return script === 'not-as-promised' ? { code: 'shutdown-script-not-as-promised' } : undefined
}

/** BOLT 2, closing_sig, as its receiver. */
const recvSig = (online: Online<Agreeing>, message: ClosingSig, env: ChannelEnv): Step => {
  const { durable, session } = online
  const offered = session.simpleClose?.offered
  if (offered === undefined || !isAnswerTo(offered, message)) {
    return react(online, { code: 'closing-sig-mismatch' }, env)
  }
  const [variant, ...others] = CLOSE_VARIANTS.filter((name) => message[name] !== undefined)
  const remoteSignature = variant === undefined ? undefined : message[variant]
  if (variant === undefined || remoteSignature === undefined || others.length > 0) {
    return react(online, { code: 'closing-sig-not-single' }, env)
  }
  const simple = closeOf(durable, offered)
  if (!offeredVariants(simple).includes(variant)) return react(online, { code: 'closing-sig-mismatch' }, env)
  const { task, tx } = buildSimpleClose(simple, variant)
  // BOLT 2: a signature that does not fit, or whose S is high.
  if (!simple.format.isFundingSignature(simple.funding, task, remoteSignature)) {
    return react(online, { code: 'invalid-close-signature', transaction: encodeTxWithoutWitness(tx) }, env)
  }
  const answered: Session = { ...session, simpleClose: { taken: session.simpleClose?.taken ?? 0 } }
  const signed = complete({ durable, session: answered }, { ...offered, answer: { variant, remoteSignature } }, env)
  return andThen(signed, (next) => offerClose(next as Online<Agreeing>, env))
}

const isAnswerTo = (offered: SignedClose, message: ClosingSig): boolean => {
  const { closerScriptpubkey, closeeScriptpubkey, feeSatoshis, locktime } = toWire(offered)
  return (
    equalBytes(closerScriptpubkey, message.closerScriptpubkey) &&
    equalBytes(closeeScriptpubkey, message.closeeScriptpubkey) &&
    feeSatoshis === message.feeSatoshis &&
    locktime === message.locktime
  )
}

/** Both have signed. BOLT 2: it is broadcast. The close goes on until one is in a block; what could not be mined now ends nothing. */
const complete = ({ durable, session }: Online<Agreeing>, close: SignedClose, env: ChannelEnv): Step => {
  const mutual = completeClose(durable, close)
  if (mutual === undefined || isKnown(durable, close)) return stay({ durable, session })
  const kept = remember(durable, close, env)
  if (!canConfirm(kept, mutual, env)) {
    return to(kept, session, [publishMutualClose(kept, mutual)])
  }
  const next: Closing =
    kept.phase === 'closing'
      ? { ...kept, closing: { ...kept.closing, mutual } }
      : {
          ...kept,
          phase: 'closing',
          closing: {
            cause: 'cooperative',
            startedAt: env.height,
            mutual,
            publishLocal: false,
            spends: [],
            claims: [],
            settled: [],
          },
        }
  const isRepeated = kept.phase === 'closing' && close.closer === 'remote'
  return to(next, session, [
    publishMutualClose(next, mutual),
    emit(next, { type: 'closing', cause: 'cooperative', txid: mutual.txid, ...(isRepeated ? { isRepeated } : {}) }),
  ])
}

/** The peer has not answered ours, or nobody has proposed anything, in a reasonable time. */
export const simpleCloseTimedOut = (online: Online<Agreeing>, env: ChannelEnv): Step => {
  const { offered } = online.session.simpleClose ?? {}
  // BOLT 2, closing_complete: the connection is closed; the next one starts anew.
  if (offered !== undefined) return react(online, { code: 'closing-sig-not-received' }, env)
  const ours = offerClose(online, env)
  return ours.effects.length > 0 ? ours : react(online, { code: 'close-not-offered' }, env)
}

/**
 * With this close in the place of the same one without its answer. Each closer's own are kept, so that neither crowds out the other's; and of
 * the peer's, one that cannot confirm crowds out none that can.
 */
const remember = <D extends Funded>(durable: D, close: SignedClose, env: ChannelEnv): D => {
  const before = durable.closes ?? []
  const known = before.find((each) => areSame(each, close))
  if (known !== undefined && (known.answer !== undefined || close.answer === undefined)) return durable
  const others = before.filter((each) => each !== known)
  const own = others.filter(({ closer }) => closer === close.closer)
  const isIdle = (each: SignedClose): boolean => {
    const mutual = completeClose(durable, each)
    return mutual !== undefined && !canConfirm(durable, mutual, env)
  }
  const dropped = own.length < MAX_KEPT ? undefined : ([...own, close].find(isIdle) ?? own[0])
  return { ...durable, closes: [...others, close].filter((each) => each !== dropped) }
}

const isKnown = ({ closes = [] }: Funded, close: SignedClose): boolean =>
  closes.some((each) => each.answer !== undefined && areSame(each, close))

const areSame = (a: SignedClose, b: SignedClose): boolean =>
  a.closer === b.closer &&
  a.fee === b.fee &&
  a.locktime === b.locktime &&
  equalBytes(a.localScript, b.localScript) &&
  equalBytes(a.remoteScript, b.remoteScript)

const toWire = ({
  closer,
  localScript,
  remoteScript,
  fee,
  locktime,
}: SignedClose): Omit<ClosingTerms, 'channelId'> => ({
  closerScriptpubkey: closer === 'local' ? localScript : remoteScript,
  closeeScriptpubkey: closer === 'local' ? remoteScript : localScript,
  feeSatoshis: fee,
  locktime,
})
