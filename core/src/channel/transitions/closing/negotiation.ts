import { dustLimit, feeForWeight } from '../../../bitcoin/fees.ts'
import { type FeeratePerKw, MSAT_PER_SAT } from '../../../lib/units.ts'
import { NO_FUNDING_SIGNATURE } from '../../../wire/funding-signature.ts'
import type { ClosingSigned, FeeRange } from '../../../wire/messages/channel-close.ts'
import {
  buildClosing,
  type ClosingTransaction,
  closingFee,
  closingWeight,
  verifyClosing,
} from '../../commitment/closing-transaction.ts'
import { largest, smallest } from '../../commitments/amounts.ts'
import { latest } from '../../commitments/commitments.ts'
import type { Closing, Funded, Negotiating } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { Rest } from '../../state/rest.ts'
import type { Session } from '../../state/session.ts'
import { closingInput } from '../common/closing-input.ts'
import { forceClose } from '../common/fail-channel.ts'
import { publishMutualClose } from '../common/publications.ts'
import { react } from '../common/react.ts'
import { andThen, emit, type Online, type Step, stay, to } from '../common/step.ts'

/** A channel whose closing fee is being negotiated, or was agreed on over a connection whose last message may be lost. */
type Agreeing = Negotiating | Closing

interface Fees {
  readonly ideal: bigint
  /** The highest fee that our range names. A peer that does not pay may well choose the upper end. */
  readonly range: FeeRange
  /** The highest fee that we sign for a peer that does not send ranges: its offers may be far from ours. */
  readonly limit: bigint
}

/** BOLT 2, closing_signed: the opener, who pays, speaks first. An offer that came early is handled as if it came now. */
export const openNegotiation = (durable: Agreeing, session: Session, env: ChannelEnv): Step => {
  if (session.closing !== undefined) return stay({ durable, session })
  if (session.rest?.from === 'negotiation' && holdsBack(session.rest, durable, session, env)) {
    const { earlyOffer: heard, ...resting } = session
    return to(durable, heard === undefined ? session : { ...resting, rest: { ...session.rest, heard } }, [])
  }
  const { earlyOffer, ...ready } = awake(session)
  const opened = begin(durable, ready, env)
  if (earlyOffer === undefined) return opened
  return andThen(opened, ({ durable: next, session: live }) =>
    live === undefined ? opened : recvClosingSigned(next as Agreeing, live, earlyOffer, env),
  )
}

/** Whether everything that we could offer is what the peer has hung up at; a fee that differs by less than a tenth counts as the same. */
const holdsBack = (
  { offered, answered }: Extract<Rest, { from: 'negotiation' }>,
  durable: Agreeing,
  { earlyOffer }: Session,
  env: ChannelEnv,
): boolean => {
  if (earlyOffer !== undefined && (answered === undefined || !isSameOffer(earlyOffer, answered))) return false
  if (!durable.params.localIsOpener || offered === undefined) return true
  const { range } = ourFees(durable, env)
  return (['minFeeSatoshis', 'maxFeeSatoshis'] as const).every((end) => !differ(range[end], offered[end]))
}

const isSameOffer = (a: ClosingSigned, b: ClosingSigned): boolean =>
  a.feeSatoshis === b.feeSatoshis &&
  a.feeRange?.minFeeSatoshis === b.feeRange?.minFeeSatoshis &&
  a.feeRange?.maxFeeSatoshis === b.feeRange?.maxFeeSatoshis

/** Nothing is held back any more, and messages that were kept meanwhile count as received now. */
export const awake = (session: Session): Session => {
  if (session.rest?.from !== 'negotiation') return session
  const { rest, ...rested } = session
  const heard = session.earlyOffer ?? rest.heard
  return heard === undefined ? rested : { ...rested, earlyOffer: heard }
}

const differ = (a: bigint, b: bigint): boolean => (a > b ? a - b : b - a) * 10n >= b

const begin = (durable: Agreeing, session: Session, env: ChannelEnv): Step => {
  const waiting: Session = { ...session, closing: {} }
  const timer: Effect = { type: 'schedule', timer: 'closing-answer', delayMs: env.settings.closingTimeoutMs }
  if (!durable.params.localIsOpener) return to(durable, waiting, [timer])
  const { ideal, range } = ourFees(durable, env)
  const proposal = propose(durable, waiting, ideal, range, env)
  return to(proposal.state.durable, proposal.state.session, [...proposal.effects, timer])
}

/** No answer came in time: BOLT 2 has us fail the channel. An offer that we do not pay counts as an answer. */
export const closingTimedOut = (durable: Negotiating, session: Session, env: ChannelEnv): Step =>
  session.closing?.refused === undefined
    ? forceClose(durable, session, { cause: 'closing-timeout', error: { code: 'closing-not-answered' } }, env)
    : stay({ durable, session })

/**
 * BOLT 2, closing_signed: the opener offers once `shutdown` has been received and no HTLC remains in either commitment. That may be before
 * we see all updates in both: Core Lightning does not wait until its own commitment has its `update_fee`. Such an offer is kept until no
 * HTLC remains (`progressShutdown`).
 */
export const recvEarlyOffer = ({ durable, session }: Online, message: ClosingSigned, env: ChannelEnv): Step =>
  durable.phase === 'shutdown'
    ? to(
        durable,
        { ...session, earlyOffer: message },
        session.earlyOffer === undefined ? [] : [{ type: 'ignored', message: message.type, why: 'repeated' }],
      )
    : react({ durable, session }, { code: 'closing-signed-before-shutdown' }, env)

/** BOLT 2, closing_signed, with and without `fee_range`. */
export const recvClosingSigned = (
  durable: Agreeing,
  session: Session,
  message: ClosingSigned,
  env: ChannelEnv,
): Step => {
  // The peer speaks first: we send what we held back before the answer.
  if (session.closing === undefined) return openNegotiation(durable, { ...session, earlyOffer: message }, env)
  return answerOffer(durable, { ...session, closing: { ...session.closing, lastOffer: message } }, message, env)
}

const answerOffer = (
  durable: Agreeing,
  session: Session & { readonly closing: NonNullable<Session['closing']> },
  message: ClosingSigned,
  env: ChannelEnv,
): Step => {
  const state = { durable, session }
  const fee = message.feeSatoshis
  const scripts = scriptsOf(durable)
  const verified = verifyClosing(closingInput(durable, scripts, fee), message.signature)
  if (!verified.ok) return react(state, verified.error, env)
  const closing = verified.value
  if (hasDust(closing)) return react(state, { code: 'closing-output-below-dust' }, env)
  const agree = () => conclude(durable, session, message, closing, env)
  const { lastSentFee, sentRange, lastReceivedFee } = session.closing
  // A fee that was agreed on once is signed again, and no other.
  if (durable.phase === 'closing') {
    return durable.closing.mutual?.fee === fee
      ? agree()
      : stay(state, { type: 'ignored', message: message.type, why: 'fee-is-agreed' })
  }
  if (lastSentFee === fee || (sentRange !== undefined && inRange(fee, sentRange))) return agree()
  const ours = ourFees(durable, env)
  const { localIsOpener } = durable.params
  if (message.feeRange !== undefined) {
    const overlap = overlapOf(message.feeRange, ours.range)
    if (overlap === undefined) return react(state, { code: 'closing-fee-ranges-do-not-overlap' }, env)
    // The opener has sent its range; an answer within it was accepted above.
    if (localIsOpener) return react(state, { code: 'closing-fee-out-of-range', fee }, env)
    if (lastSentFee !== undefined) return react(state, { code: 'closing-fee-out-of-range', fee }, env)
    if (inRange(fee, overlap)) return agree()
    const proposal = fee < overlap.minFeeSatoshis ? overlap.minFeeSatoshis : overlap.maxFeeSatoshis
    return propose(durable, session, proposal, overlap, env)
  }
  // Without ranges the two approach each other; by BOLT 2 each offer must be strictly between the last two.
  if (lastSentFee !== undefined && lastReceivedFee !== undefined) {
    const [low, high] = [lastSentFee as bigint, lastReceivedFee].sort((a, b) => (a < b ? -1 : 1))
    if (fee <= (low as bigint) || fee >= (high as bigint)) {
      return react(state, { code: 'closing-fee-not-between', fee }, env)
    }
  }
  if (!localIsOpener && inRange(fee, ours.range)) return agree()
  const from = lastSentFee ?? ours.ideal
  const wanted = fee <= ours.limit ? (from + fee) / 2n : from + concession(ours.limit - from)
  if (wanted === from && fee > ours.limit) return refuseFee(durable, session, message, ours, env)
  if (wanted === fee || wanted === from) return agree()
  const next: Session = { ...session, closing: { ...session.closing, lastReceivedFee: fee } }
  return propose(durable, next, wanted, undefined, env)
}

/**
 * How much the payer adds to its offer while the peer wants more than the maximum. LND comes down by a tenth each time, from wherever its
 * own estimate is: small steps leave it some fifty rounds before we have nothing left to offer.
 */
const concession = (left: bigint): bigint => (left <= 0n ? 0n : largest(left / 16n, 1n))

/** The operator names another fee rate: the peer's last offer, if it was too high, is looked at again. */
export const reconsiderFee = (durable: Funded, session: Session, env: ChannelEnv): Step => {
  const refused = session.closing?.refused
  if (durable.phase !== 'negotiating' || refused === undefined) return stay({ durable, session })
  const { refused: _, ...closing } = session.closing ?? {}
  return recvClosingSigned(durable, { ...session, closing }, refused, env)
}

/**
 * We pay the fee, and have nothing more to offer. The peer is told, and may come down; the operator is told, and may name a higher rate or
 * force the close. Until then the channel waits: no HTLC is left in it.
 */
const refuseFee = (
  durable: Agreeing,
  session: Session,
  message: ClosingSigned,
  { limit }: Fees,
  env: ChannelEnv,
): Step => {
  const waiting: Session = { ...session, closing: { ...session.closing, refused: message } }
  const { feeSatoshis: fee } = message
  return react({ durable, session: waiting }, { code: 'closing-fee-too-high', fee, maximum: limit }, env)
}

// BOLT 2: miners would not get a transaction with an output that is dust for its script.
const hasDust = ({ tx }: ClosingTransaction): boolean =>
  tx.outputs.some(({ amount, script }) => amount < dustLimit(script))

/**
 * The fees that we would pay and accept. The opener begins with today's rate, and limits both ends by the rate that the operator names, or
 * else by the node's own maximum. The other side does not pay, so it only wants the transaction to be relayed. Once a fee was agreed on, it
 * is the only one.
 */
const ourFees = (durable: Agreeing, env: ChannelEnv): Fees => {
  if (durable.phase === 'closing' && durable.closing.mutual !== undefined) {
    const fee = durable.closing.mutual.fee
    return { ideal: fee, range: { minFeeSatoshis: fee, maxFeeSatoshis: fee }, limit: fee }
  }
  const { local, remote } = scriptsOf(durable)
  const { local: commitment, localLimits, remoteLimits, localParams } = latest(durable)
  const { format } = localParams
  const { spec } = commitment
  const isOpener = durable.params.localIsOpener
  const available = (isOpener ? spec.toLocalMsat : spec.toRemoteMsat) / MSAT_PER_SAT
  const { closing, closingMaximum, minimum } = env.feerates
  const feeAt = (feerate: FeeratePerKw) => smallest(closingFee(format, feerate, local, remote), available)
  const named = durable.closingFeeratePerKw
  const wanted = feeAt(Math.max(closing, durable.closingMinFeeratePerKw ?? 0))
  const ideal = named === undefined ? wanted : smallest(wanted, feeAt(named))
  // Outputs that may be left out need no fee: the opener's range may end with the fee of the transaction without them.
  const dust = largest(localLimits.dustLimit, remoteLimits.dustLimit) * MSAT_PER_SAT
  const certain = [...(spec.toLocalMsat >= dust ? [local] : []), ...(spec.toRemoteMsat >= dust ? [remote] : [])]
  const leastAt = (feerate: FeeratePerKw) => smallest(feeForWeight(feerate, closingWeight(format, certain)), ideal)
  // BOLT 2, closing_signed: who does not pay sets a low minimum, whatever its operator would like.
  if (!isOpener) {
    return { ideal, range: { minFeeSatoshis: leastAt(minimum), maxFeeSatoshis: available }, limit: available }
  }
  const most = named === undefined ? smallest(ideal * 2n, available) : feeAt(named)
  const limit = named === undefined ? largest(most, feeAt(closingMaximum)) : most
  const least = leastAt(Math.max(minimum, durable.closingMinFeeratePerKw ?? 0))
  return { ideal, range: { minFeeSatoshis: least, maxFeeSatoshis: most }, limit }
}

const propose = (
  durable: Agreeing,
  session: Session,
  wanted: bigint,
  range: FeeRange | undefined,
  env: ChannelEnv,
): Step => {
  const fee = smallest(wanted, ourFees(durable, env).limit)
  const closing = buildClosing(closingInput(durable, scriptsOf(durable), fee))
  // The opener cannot pay for a transaction at all, or both outputs are dust: nobody has anything to gain.
  if (!closing.ok) return stay({ durable, session })
  if (hasDust(closing.value)) return react({ durable, session }, { code: 'closing-output-below-dust' }, env)
  const next: Session = {
    ...session,
    closing: { ...session.closing, lastSentFee: fee, ...(range === undefined ? {} : { sentRange: range }) },
  }
  return to(durable, next, [closingSigned(durable, session, fee, closing.value, range)])
}

const closingSigned = (
  durable: Agreeing,
  { epoch }: Session,
  fee: bigint,
  { task }: ClosingTransaction,
  range: FeeRange | undefined,
): Effect => ({
  type: 'send',
  epoch,
  message: {
    type: 'closing_signed',
    channelId: durable.params.channelId,
    feeSatoshis: fee,
    signature: NO_FUNDING_SIGNATURE,
    ...(range === undefined ? {} : { feeRange: range }),
  },
  needs: { type: 'funding-signature', task },
})

/** Both agree: the peer gets our signature for this fee if it lacks it, and the transaction is published. */
const conclude = (
  durable: Agreeing,
  session: Session,
  { feeSatoshis: fee, feeRange, signature }: ClosingSigned,
  closing: ClosingTransaction,
  env: ChannelEnv,
): Step => {
  const answer =
    session.closing?.lastSentFee === fee
      ? []
      : [closingSigned(durable, session, fee, closing, session.closing?.sentRange ?? feeRange)]
  const agreed: Session = { ...session, closing: { ...session.closing, lastSentFee: fee } }
  if (durable.phase === 'closing') return to(durable, agreed, answer)
  const mutual = { tx: closing.tx, txid: closing.txid, fee, remoteSignature: signature }
  const next: Closing = {
    ...durable,
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
  return to(next, agreed, [
    ...answer,
    publishMutualClose(next, mutual),
    emit(next, { type: 'closing', cause: 'cooperative', txid: closing.txid }),
  ])
}

const scriptsOf = ({ localShutdown, remoteShutdown, params }: Funded) => ({
  local: localShutdown ?? params.localShutdownScript,
  remote: remoteShutdown ?? params.localShutdownScript,
})

const inRange = (fee: bigint, { minFeeSatoshis, maxFeeSatoshis }: FeeRange): boolean =>
  fee >= minFeeSatoshis && fee <= maxFeeSatoshis

const overlapOf = (theirs: FeeRange, ours: FeeRange): FeeRange | undefined => {
  const minFeeSatoshis = largest(theirs.minFeeSatoshis, ours.minFeeSatoshis)
  const maxFeeSatoshis = smallest(theirs.maxFeeSatoshis, ours.maxFeeSatoshis)
  return minFeeSatoshis > maxFeeSatoshis ? undefined : { minFeeSatoshis, maxFeeSatoshis }
}
