import { sha256 } from '../../../crypto/hashes.ts'
import { equalBytes } from '../../../lib/bytes.ts'
import type { HtlcId } from '../../../lib/ids.ts'
import { err, ok, type Result } from '../../../lib/result.ts'
import {
  attributionOf,
  type UpdateFailHtlc,
  type UpdateFailMalformedHtlc,
  type UpdateFulfillHtlc,
} from '../../../wire/messages/channel-operation.ts'
import type { Message } from '../../../wire/messages/message.ts'
import { isInLocal, isInRemote, isIrrevocable } from '../../commitments/cross-signed.ts'
import type { Change, Proposal } from '../../state/changes.ts'
import { update } from '../../state/channel-state.ts'
import type { Funded } from '../../state/durable.ts'
import type { Effect, HtlcOutcome } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { ProtocolError, SettleHtlcError } from '../../state/errors.ts'
import { findHtlc, type HtlcRecord, replaceHtlc } from '../../state/htlc.ts'
import type { SettleHtlcCommand } from '../../state/inputs.ts'
import type { Session } from '../../state/session.ts'
import { react } from '../common/react.ts'
import { settled } from '../common/settle.ts'
import { andThen, done, type Live, type Online, refuse, type Step, stay, to } from '../common/step.ts'

/** BOLT 4: failure codes of `update_fail_malformed_htlc` have this bit. */
const BADONION = 0x8000

/**
 * Settles an HTLC that we received. The decision is stored durably with this step, connected or not, and proposed again for as long as the
 * peer may have lost it. A decision is final: asking for the same one again is harmless.
 */
export const settleHtlc = ({ durable, session }: Live, command: SettleHtlcCommand): Step => {
  const state = session === undefined ? { durable } : { durable, session }
  const { htlcId } = command
  const record = findHtlc(durable.htlcs.received, htlcId)
  // BOLT 2: only an HTLC that is irrevocably committed on both sides may be removed.
  if (record === undefined || !(isDecided(record) || isIrrevocable(durable, record))) {
    return refuse(state, command, { code: 'unknown-htlc', htlcId })
  }
  const decided = decide(record, command)
  if (!decided.ok) return refuse(state, command, decided.error)
  if (decided.value === record) return stay(state, ...done(command))
  const received = replaceHtlc(durable.htlcs.received, decided.value)
  const next = update(durable, { htlcs: { ...durable.htlcs, received } })
  if (session?.reestablished !== true) return to(next, session, done(command))
  const proposed = proposeRemoval(next, session, decided.value)
  return to(next, proposed.session, [...proposed.effects, ...done(command)])
}

const decide = (record: HtlcRecord, command: SettleHtlcCommand): Result<HtlcRecord, SettleHtlcError> => {
  const { htlcId } = command
  if (command.type === 'fulfil-htlc') {
    if (!equalBytes(sha256(command.preimage), record.add.paymentHash)) {
      return err({ code: 'preimage-does-not-match', htlcId })
    }
    if (record.preimage !== undefined) return ok(record)
    if (record.failure !== undefined) return err({ code: 'htlc-already-settled', htlcId })
    const { preimage, attribution } = command
    return ok({ ...record, preimage, ...(attribution && { attribution }) })
  }
  if (record.preimage !== undefined) return err({ code: 'htlc-already-settled', htlcId })
  if (record.failure !== undefined) return ok(record)
  if (command.type === 'fail-htlc') {
    const { reason, attribution } = command
    return ok({ ...record, failure: { type: 'fail', reason }, ...(attribution && { attribution }) })
  }
  const { sha256OfOnion, failureCode } = command
  return ok({ ...record, failure: { type: 'malformed', sha256OfOnion, failureCode } })
}

const isDecided = ({ preimage, failure }: HtlcRecord): boolean => preimage !== undefined || failure !== undefined

/** Sends the removal that a record decides. */
export const proposeRemoval = (
  durable: Funded,
  session: Session,
  record: HtlcRecord,
): { readonly session: Session; readonly effects: readonly Effect[] } => {
  const proposal = removalOf(record)
  const message = removalMessage(durable, record)
  if (proposal === undefined || message === undefined) return { session, effects: [] }
  const proposed = { ...session.proposed, local: [...session.proposed.local, proposal] }
  return { session: { ...session, proposed }, effects: [{ type: 'send', epoch: session.epoch, message }] }
}

const removalOf = ({ add, preimage, failure }: HtlcRecord): Proposal | undefined => {
  if (preimage !== undefined) return { type: 'fulfil', id: add.id }
  return failure === undefined ? undefined : { type: 'fail', id: add.id, failure }
}

/** The message by which a decided HTLC is removed: the same each time. */
export const removalMessage = (
  durable: Funded,
  { add, preimage, failure, attribution }: HtlcRecord,
): Message | undefined => {
  const { channelId } = durable.params
  const attributed = attribution && { attributionData: attribution }
  if (preimage !== undefined) {
    return { type: 'update_fulfill_htlc', channelId, id: add.id, paymentPreimage: preimage, ...attributed }
  }
  if (failure === undefined) return undefined
  return failure.type === 'fail'
    ? { type: 'update_fail_htlc', channelId, id: add.id, reason: failure.reason, ...attributed }
    : {
        type: 'update_fail_malformed_htlc',
        channelId,
        id: add.id,
        sha256OfOnion: failure.sha256OfOnion,
        failureCode: failure.failureCode,
      }
}

/** BOLT 2, update_fulfill_htlc: the preimage goes at once to the origin that we pay for, and is never forgotten. */
export const recvFulfillHtlc = ({ durable, session }: Online, message: UpdateFulfillHtlc, env: ChannelEnv): Step => {
  const state = { durable, session }
  const found = removable(durable, session, message.id)
  // Whatever the peer has said before: a preimage is a receipt, and the origin must have it before the channel fails.
  if (!found.ok) return andThen(keepPreimage(state, message), (kept) => react(kept, found.error, env))
  const record = found.value
  const preimage = message.paymentPreimage
  if (!equalBytes(sha256(preimage), record.add.paymentHash)) {
    return react(state, { code: 'preimage-does-not-match', htlcId: message.id }, env)
  }
  const removal = { type: 'fulfil', id: message.id } as const
  const proposed = { ...session.proposed, remote: [...session.proposed.remote, removal] }
  // Known from an earlier connection: its origin has had it.
  if (record.preimage !== undefined) return to(durable, { ...session, proposed }, [])
  const offered = replaceHtlc(durable.htlcs.offered, { ...record, preimage })
  const next = update(durable, { htlcs: { ...durable.htlcs, offered } })
  return to(next, { ...session, proposed }, settled(next, record, fulfilledBy(message)))
}

const fulfilledBy = (message: UpdateFulfillHtlc): HtlcOutcome => ({
  type: 'fulfilled',
  preimage: message.paymentPreimage,
  onChain: false,
  ...attributionOf(message),
})

const keepPreimage = ({ durable, session }: Online, message: UpdateFulfillHtlc): Step => {
  const { id, paymentPreimage: preimage } = message
  const record = findHtlc(durable.htlcs.offered, id)
  if (record === undefined || record.preimage !== undefined) return stay({ durable, session })
  if (!equalBytes(sha256(preimage), record.add.paymentHash)) return stay({ durable, session })
  const next = update(durable, {
    htlcs: { ...durable.htlcs, offered: replaceHtlc(durable.htlcs.offered, { ...record, preimage }) },
  })
  return to(next, session, settled(next, record, fulfilledBy(message)))
}

/** BOLT 2, update_fail_htlc and update_fail_malformed_htlc: they take effect once they are irrevocably committed. */
export const recvFailHtlc = (
  { durable, session }: Online,
  message: UpdateFailHtlc | UpdateFailMalformedHtlc,
  env: ChannelEnv,
): Step => {
  const state = { durable, session }
  if (message.type === 'update_fail_malformed_htlc' && (message.failureCode & BADONION) === 0) {
    return react(state, { code: 'badonion-bit-missing', htlcId: message.id }, env)
  }
  const found = removable(durable, session, message.id)
  if (!found.ok) return react(state, found.error, env)
  const remote = [...session.proposed.remote, failureBy(message)]
  return to(durable, { ...session, proposed: { ...session.proposed, remote } }, [])
}

const failureBy = (message: UpdateFailHtlc | UpdateFailMalformedHtlc): Proposal => {
  const { id } = message
  if (message.type === 'update_fail_htlc') {
    return { type: 'fail', id, failure: { type: 'fail', reason: message.reason }, ...attributionOf(message) }
  }
  const { sha256OfOnion, failureCode } = message
  return { type: 'fail', id, failure: { type: 'malformed', sha256OfOnion, failureCode } }
}

/** The HTLC that the peer removes: one of ours, in both commitments, and not removed before. */
const removable = (durable: Funded, session: Session, htlcId: HtlcId): Result<HtlcRecord, ProtocolError> => {
  const record = findHtlc(durable.htlcs.offered, htlcId)
  if (record === undefined || !isInRemote(durable, 'offered', htlcId)) return err({ code: 'unknown-htlc', htlcId })
  if (isRemoval(session.proposed.remote, htlcId)) return err({ code: 'htlc-already-removed', htlcId })
  return isInLocal(durable, 'offered', htlcId) ? ok(record) : err({ code: 'unknown-htlc', htlcId })
}

const isRemoval = (changes: readonly Change[], id: HtlcId): boolean =>
  changes.some((change) => (change.type === 'fulfil' || change.type === 'fail') && change.id === id)
