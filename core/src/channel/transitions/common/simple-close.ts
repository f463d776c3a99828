import { leastRelayedFee } from '../../../bitcoin/fees.ts'
import type { Sat } from '../../../lib/units.ts'
import { isNegotiated } from '../../../wire/features.ts'
import { closingWeight } from '../../commitment/closing-transaction.ts'
import { buildSimpleClose, paidBy, type SimpleClose } from '../../commitment/simple-close-transaction.ts'
import { largest } from '../../commitments/amounts.ts'
import { latest } from '../../commitments/commitments.ts'
import type { MutualClose, SignedClose } from '../../state/closing.ts'
import type { Funded } from '../../state/durable.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { Session } from '../../state/session.ts'

/** Whether a close on this connection is by `closing_complete` instead of `closing_signed`. */
export const closesSimply = ({ remoteFeatures }: Pick<Session, 'remoteFeatures'>, { settings }: ChannelEnv): boolean =>
  isNegotiated(settings.features, remoteFeatures, 'option_simple_close')

/** What the terms of a close mean on this channel. No HTLC is left, so that the balances are final. */
export const closeOf = (durable: Funded, terms: SignedClose): SimpleClose => {
  const { localParams, local } = latest(durable)
  const ours = { script: terms.localScript, balanceMsat: local.spec.toLocalMsat }
  const theirs = { script: terms.remoteScript, balanceMsat: local.spec.toRemoteMsat }
  return {
    format: localParams.format,
    funding: localParams,
    ...(terms.closer === 'local' ? { closer: ours, closee: theirs } : { closer: theirs, closee: ours }),
    fee: terms.fee,
    locktime: terms.locktime,
  }
}

/** The transaction of a close that both have signed. */
export const completeClose = (durable: Funded, { answer, ...terms }: SignedClose): MutualClose | undefined => {
  if (answer === undefined) return undefined
  const { tx, txid } = buildSimpleClose(closeOf(durable, terms), answer.variant)
  return { tx, txid, fee: terms.fee, remoteSignature: answer.remoteSignature }
}

/** Every cooperative close that both have signed and that we know: the latest last. Any of them may confirm. */
export const mutualCloses = (durable: Funded): readonly MutualClose[] => {
  const complete = (durable.closes ?? []).flatMap((close) => completeClose(durable, close) ?? [])
  const last = durable.phase === 'closing' ? durable.closing.mutual : undefined
  // One that was agreed on by `closing_signed`.
  return last === undefined || complete.some(({ remoteSignature }) => remoteSignature === last.remoteSignature)
    ? complete
    : [last, ...complete]
}

/**
 * Whether a block could hold the transaction soon: its locktime is over, and it pays what nodes relay. A locktime that is a date counts as
 * not over; nobody uses one here.
 */
export const canConfirm = (durable: Funded, { tx }: MutualClose, { height, feerates }: ChannelEnv): boolean => {
  const { localParams } = latest(durable)
  const scripts = tx.outputs.map(({ script }) => script)
  const least = leastRelayedFee(feerates.minimum, closingWeight(localParams.format, scripts))
  return tx.lockTime <= height && paidBy(localParams, tx) >= least
}

/** The most that a close pays that both have signed and that can confirm; `undefined` if there is none. */
export const bestPaid = (durable: Funded, env: ChannelEnv): Sat | undefined => {
  const { localParams } = latest(durable)
  const paid = mutualCloses(durable)
    .filter((close) => canConfirm(durable, close, env))
    .map(({ tx }) => paidBy(localParams, tx))
  return paid.length === 0 ? undefined : paid.reduce((most, each) => largest(most, each))
}
