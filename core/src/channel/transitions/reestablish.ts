import { secp256k1 } from '../../crypto/secp256k1.ts'
import { FIRST_SECRET_INDEX } from '../../crypto/shachain.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { ChannelReestablish } from '../../wire/messages/channel-operation.ts'
import type { Closing, Funded } from '../state/durable.ts'
import type { Effect } from '../state/effects.ts'
import type { ChannelEnv } from '../state/environment.ts'
import { findHtlc } from '../state/htlc.ts'
import type { Session } from '../state/session.ts'
import { commitmentSigned, revokeAndAck } from './commit.ts'
import { buildRemote, latest } from './commitments.ts'
import { warningMessage } from './error-message.ts'
import { failChannel, forceClose } from './fail-channel.ts'
import { channelReady } from './ready.ts'
import { sendChannelUpdate } from './relay-policy.ts'
import { isIrrevocable, proposeRemoval, removalMessage } from './remove-htlc.ts'
import { emit, type Online, type Step, to } from './step.ts'

/**
 * BOLT 2, channel_reestablish: sends again what the peer has lost, in the order in which it was first sent. All of it comes
 * from the state; signatures and secrets are made again.
 */
export const recvReestablish = (online: Online, message: ChannelReestablish, env: ChannelEnv): Step => {
  const { durable, session } = online
  const outcome = compare(durable, message, env)
  switch (outcome) {
    case 'we-are-behind':
      return weAreBehind(durable, session, env)
    case 'peer-is-behind':
      // The peer may still find its data, or ask for a close: nothing is published before it does.
      return to(durable, session, [
        {
          type: 'send',
          epoch: session.epoch,
          message: warningMessage(durable.params.channelId, { code: 'you are behind' }),
        },
        emit(durable, { type: 'error', error: { code: 'peer-is-behind' } }),
      ])
    case 'invalid-last-secret':
      return failChannel({ durable, session }, { code: 'invalid-last-secret' }, env)
    case 'commitment-number-mismatch': {
      const expected = (latest(durable).remoteNext ?? latest(durable).remote).index + 1
      const received = message.nextCommitmentNumber
      return failChannel({ durable, session }, { code: 'commitment-number-mismatch', expected, received }, env)
    }
    case 'in-sync':
      return resumeChannel(online, message, env)
  }
}

type Outcome = 'in-sync' | 'commitment-number-mismatch' | 'we-are-behind' | 'peer-is-behind' | 'invalid-last-secret'

/** Compares the peer's counters with ours. */
const compare = (durable: Funded, message: ChannelReestablish, env: ChannelEnv): Outcome => {
  const { local, remote, remoteNext } = latest(durable)
  const { nextCommitmentNumber, nextRevocationNumber, yourLastPerCommitmentSecret } = message
  const revoked = BigInt(local.index)
  // The secret proves which of our commitments we have revoked: that of the one before the next revocation it expects.
  const secretIsRight =
    nextRevocationNumber === 0n ||
    (nextRevocationNumber <= BigInt(FIRST_SECRET_INDEX) &&
      secp256k1.isPrivateKey(yourLastPerCommitmentSecret) &&
      equalBytes(
        secp256k1.publicKey(yourLastPerCommitmentSecret),
        env.commitmentPoint(Number(nextRevocationNumber) - 1),
      ))
  // BOLT 2: no sound peer expects the commitment with which the channel began.
  if (nextCommitmentNumber === 0n) return 'commitment-number-mismatch'
  if (!secretIsRight) return 'invalid-last-secret'
  if (nextRevocationNumber > revoked) return 'we-are-behind'
  if (nextRevocationNumber + 1n < revoked) return 'peer-is-behind'
  // What we signed last is `remoteNext`, or else `remote`.
  const lastSigned = BigInt((remoteNext ?? remote).index)
  const acknowledged = BigInt(remote.index)
  if (nextCommitmentNumber > lastSigned + 1n) return 'we-are-behind'
  return nextCommitmentNumber <= acknowledged ? 'peer-is-behind' : 'in-sync'
}

/** BOLT 2: our commitment may be revoked, so it must not be published. The peer is asked to publish its own. */
const weAreBehind = (durable: Funded, session: Session, env: ChannelEnv): Step => {
  if (durable.phase === 'closing') return to(durable, session, [])
  return forceClose(
    durable,
    session,
    { cause: 'data-loss', error: { code: 'peer-is-ahead' }, tellPeer: true, publish: false },
    env,
  )
}

const resumeChannel = ({ durable, session }: Online, message: ChannelReestablish, env: ChannelEnv): Step => {
  const { epoch } = session
  const effects: Effect[] = []
  const { local } = latest(durable)
  if (isReadyOnOurSide(durable) && local.index === 0 && message.nextCommitmentNumber === 1n) {
    effects.push(channelReady(durable, session, env))
  }
  effects.push(...retransmissions(durable, epoch, message, env))
  // Removals that no signature of ours covers are proposed anew.
  let live: Session = { ...session, reestablished: true }
  if (durable.phase !== 'closing') {
    for (const record of durable.htlcs.received) {
      if (!isIrrevocable(durable, record) || removalIsSigned(durable, record.add.id as bigint)) continue
      const proposed = proposeRemoval(durable, live, record)
      live = proposed.session
      effects.push(...proposed.effects)
    }
  }
  if (durable.phase === 'normal') {
    effects.push(...sendChannelUpdate(durable, live, env), emit(durable, { type: 'usable', usable: true }))
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
  durable.active.flatMap(({ remoteParams, remoteNext }) => {
    if (remoteNext === undefined) return []
    const { index, spec, point } = remoteNext
    return [commitmentSigned(durable, epoch, buildRemote(remoteParams, index, spec, point), point)]
  })

const removalIsSigned = ({ changes }: Funded, id: bigint): boolean =>
  [...changes.localSigned, ...changes.localAcked].some(
    (change) => (change.type === 'fulfil' || change.type === 'fail') && change.id === id,
  )

const isReadyOnOurSide = (durable: Funded): durable is Exclude<Funded, Closing> =>
  durable.phase !== 'closing' && latest(durable).fundingStatus.type === 'confirmed'
