import { secp256k1 } from '../../crypto/secp256k1.ts'
import { FIRST_SECRET_INDEX } from '../../crypto/shachain.ts'
import { equalBytes, isAllZero } from '../../lib/bytes.ts'
import type { ChannelReestablish } from '../../wire/messages/channel-operation.ts'
import { isFundingUndone, latest } from '../commitments/commitments.ts'
import { isIrrevocable } from '../commitments/cross-signed.ts'
import { signedRemotes } from '../commitments/sign-commitments.ts'
import { outOfDoubt } from '../state/channel-state.ts'
import type { Closing, Funded } from '../state/durable.ts'
import type { Effect } from '../state/effects.ts'
import type { ChannelEnv } from '../state/environment.ts'
import type { ProtocolError } from '../state/errors.ts'
import { findHtlc } from '../state/htlc.ts'
import type { Session } from '../state/session.ts'
import { confirmedSpend } from './closing/close-resolution.ts'
import { forceClose } from './common/fail-channel.ts'
import { react } from './common/react.ts'
import { sendChannelUpdate } from './common/relay-policy.ts'
import { emit, type Online, type Step, to } from './common/step.ts'
import { channelReady, isReadyUnconfirmed } from './opening/ready.ts'
import { commitmentSigned, revokeAndAck, undecided } from './operating/commit.ts'
import { proposeRemoval, removalMessage } from './operating/remove-htlc.ts'

/**
 * BOLT 2, channel_reestablish: sends again what the peer has lost, in the order in which it was first sent. Everything comes from the
 * state; signatures and secrets are made again. If a peer is out of step, the channel fails: it goes to the chain, unless the peer proves
 * that ours is not the latest state. A peer that has lost states of its own is waited for.
 */
export const recvReestablish = (online: Online, message: ChannelReestablish, env: ChannelEnv): Step => {
  const { durable, session } = online
  const outcome = compare(durable, message, env)
  switch (outcome) {
    case 'in-sync':
      return resumeChannel(online, message, env)
    case 'we-are-behind':
      return weAreBehind(durable, session, env)
    case 'peer-is-behind':
      return react({ durable, session: { ...session, peerIsBehind: true } }, { code: outcome }, env)
    default:
      return react(online, outcome, env)
  }
}

/** For a channel that the chain decides: only a proof that our state is old has an effect. */
export const heedProof = ({ durable, session }: Online, message: ChannelReestablish, env: ChannelEnv): Step =>
  compare(durable, message, env) === 'we-are-behind' ? weAreBehind(durable, session, env) : to(durable, session, [])

/** Compares the peer's counters with ours. A number is only a claim; a secret that we have not revealed yet is a proof. */
const compare = (
  durable: Funded,
  { nextCommitmentNumber, nextRevocationNumber, yourLastPerCommitmentSecret: secret }: ChannelReestablish,
  env: ChannelEnv,
): 'in-sync' | 'we-are-behind' | 'peer-is-behind' | ProtocolError => {
  const { local, remote, remoteNext } = latest(durable)
  // BOLT 2: the secret is that of the commitment before the next revocation that the peer expects; zero if there is none.
  if (!isSecretBefore(nextRevocationNumber, secret, env)) return { code: 'invalid-last-secret' }
  const revocable = BigInt(local.index)
  // BOLT 2: only this case forbids us to publish.
  if (nextRevocationNumber > revocable) return 'we-are-behind'
  // BOLT 2: the peer has all our signatures, or all but the last, which is sent again. What we signed last is `remoteNext`.
  const expected = (remoteNext ?? remote).index + 1
  const lost = remoteNext === undefined ? expected : remoteNext.index
  // BOLT 2: no commitment has the number zero to come, so the peer asks for the end of the channel, and gets it at once.
  if (nextCommitmentNumber === 0n || nextCommitmentNumber > BigInt(expected)) {
    return { code: 'commitment-number-mismatch', expected, received: nextCommitmentNumber }
  }
  // BOLT 2: the peer has all our revocations, or all but the last, which is sent again. One that lacks more has lost them, and our numbers
  // tell it so. The rationale: we wait for its error, because it may come back with the state that it lacks.
  const isBehind = nextRevocationNumber + 1n < revocable || nextCommitmentNumber < BigInt(lost)
  return isBehind ? 'peer-is-behind' : 'in-sync'
}

const isSecretBefore = (number: bigint, secret: Uint8Array, env: ChannelEnv): boolean => {
  if (number === 0n) return isAllZero(secret)
  if (number > BigInt(FIRST_SECRET_INDEX) || !secp256k1.isPrivateKey(secret)) return false
  return equalBytes(secp256k1.publicKey(secret), env.commitmentPoint(Number(number) - 1))
}

/** BOLT 2: our commitment is revoked, so it must not be published. The peer is asked to publish its own. */
const weAreBehind = (doubted: Funded, session: Session, env: ChannelEnv): Step => {
  // It is certain now that the state is old.
  const durable = outOfDoubt(doubted)
  if (durable.phase !== 'closing') {
    return forceClose(durable, session, { cause: 'data-loss', error: { code: 'peer-is-ahead' }, publish: false }, env)
  }
  const { publishLocal, cause } = durable.closing
  if (cause === 'data-loss' || confirmedSpend(durable) !== undefined) return to(durable, session, [])
  // What was published cannot be called back, and it is not for us to have it mined; what was not must not be.
  return to({ ...durable, closing: { ...durable.closing, cause: 'data-loss', publishLocal: false } }, session, [
    emit(durable, { type: 'error', error: { code: 'peer-is-ahead' } }),
    ...(publishLocal ? [{ type: 'withdraw-commitment' } as const] : []),
  ])
}

const resumeChannel = (online: Online, message: ChannelReestablish, env: ChannelEnv): Step => {
  const { session } = online
  const { epoch } = session
  const effects: Effect[] = []
  const durable = outOfDoubt(online.durable)
  if (durable !== online.durable) effects.push(...undecided(durable, env))
  const { local } = latest(durable)
  if (isReadyOnOurSide(durable) && local.index === 0 && message.nextCommitmentNumber === 1n) {
    effects.push(channelReady(durable, session, env))
  }
  effects.push(...retransmissions(durable, epoch, message, env))
  // Removals that no signature of ours covers are proposed anew.
  let live: Session = { ...session, reestablished: true }
  if (durable.phase !== 'closing') {
    for (const record of durable.htlcs.received) {
      if (!isIrrevocable(durable, record) || removalIsSigned(durable, record.add.id)) continue
      const proposed = proposeRemoval(durable, live, record)
      live = proposed.session
      effects.push(...proposed.effects)
    }
  }
  if (durable.phase === 'normal') {
    effects.push(...sendChannelUpdate(durable, live, env))
    if (!isFundingUndone(durable)) effects.push(emit(durable, { type: 'usable', usable: true }))
  }
  return to(durable, live, effects)
}

const retransmissions = (
  durable: Funded,
  epoch: number,
  message: ChannelReestablish,
  env: ChannelEnv,
): readonly Effect[] => {
  const { local, remoteNext } = latest(durable)
  const revocation =
    message.nextRevocationNumber + 1n === BigInt(local.index)
      ? [revokeAndAck(durable, epoch, local.index - 1, env)]
      : []
  // BOLT 2, message retransmission: after closing_signed, no commitment is needed any more. Core Lightning has sent its closing_signed
  // before our last signature came, and hangs up at a signature that comes then.
  if (durable.phase === 'closing') return []
  if (durable.phase === 'negotiating') return revocation
  const { remoteNextPoint } = durable
  if (remoteNext === undefined || remoteNextPoint.type !== 'awaiting-revocation') return revocation
  if (message.nextCommitmentNumber !== BigInt(remoteNext.index)) return revocation
  const signed = [...signedUpdates(durable, epoch), ...signedAgain(durable, epoch)]
  // BOLT 2: in the order in which they were first sent.
  return local.index > remoteNextPoint.sentAtLocalIndex ? [...signed, ...revocation] : [...revocation, ...signed]
}

/** The updates that our last signature covers. */
const signedUpdates = (durable: Funded, epoch: number): readonly Effect[] =>
  durable.changes.localSigned.flatMap((change): readonly Effect[] => {
    switch (change.type) {
      case 'add':
        return [{ type: 'send', epoch, message: change.add }]
      case 'fee': {
        const { channelId } = durable.params
        return [{ type: 'send', epoch, message: { type: 'update_fee', channelId, feeratePerKw: change.feeratePerKw } }]
      }
      default: {
        const record = findHtlc(durable.htlcs.received, change.id)
        const message = record === undefined ? undefined : removalMessage(durable, record)
        return message === undefined ? [] : [{ type: 'send', epoch, message }]
      }
    }
  })

const signedAgain = (durable: Funded, epoch: number): readonly Effect[] =>
  signedRemotes(durable).map((signed) => commitmentSigned(durable, epoch, signed))

const removalIsSigned = ({ changes }: Funded, id: bigint): boolean =>
  [...changes.localSigned, ...changes.localAcked].some(
    (change) => (change.type === 'fulfil' || change.type === 'fail') && change.id === id,
  )

// What was said of a funding is said again also while its block is undone: nothing is risked in the channel until it is in another one.
const isReadyOnOurSide = (durable: Funded): durable is Exclude<Funded, Closing> =>
  durable.phase !== 'closing' && (latest(durable).fundingStatus.type !== 'unconfirmed' || isReadyUnconfirmed(durable))
