import { encodeTxWithoutWitness } from '../../../bitcoin/transaction.ts'
import { NO_FUNDING_SIGNATURE } from '../../../wire/funding-signature.ts'
import type { AcceptChannel, FundingCreated, OpenChannel } from '../../../wire/messages/channel-open.ts'
import { verifyCommitmentSignatures } from '../../commitment/verify-commitment.ts'
import { largest } from '../../commitments/amounts.ts'
import { balancesOf } from '../../commitments/balances.ts'
import { keysOf } from '../../commitments/build-commitment.ts'
import { latest } from '../../commitments/commitments.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { AcceptCommand } from '../../state/inputs.ts'
import type { Idle, WaitForDecision, WaitForFundingCreated } from '../../state/opening.ts'
import type { Session } from '../../state/session.ts'
import { abortOpening } from '../common/abort-opening.ts'
import { andThen, emit, type Step, to } from '../common/step.ts'
import { checkOpenChannel } from './open-checks.ts'
import { firstCommitments, isAnnounced, ownFields, typeOf, watchFunding, withFirstSignature } from './opening.ts'
import { isReadyUnconfirmed, readyUnconfirmed } from './ready.ts'

/** BOLT 2, open_channel: a valid proposal goes to the node for a decision. */
export const recvOpenChannel = (opening: Idle, session: Session, open: OpenChannel, env: ChannelEnv): Step => {
  const { ids } = opening
  const proposed: WaitForDecision = { phase: 'wait-for-decision', ids, open }
  const error = checkOpenChannel(open, session.remoteFeatures, env)
  if (error !== undefined) return abortOpening(proposed, session, error)
  return to(proposed, session, [
    {
      type: 'ask-accept',
      question: {
        remoteNodeId: ids.remoteNodeId,
        temporaryChannelId: open.temporaryChannelId,
        funding: open.fundingSatoshis,
        pushMsat: open.pushMsat,
        announce: isAnnounced(open),
        channelType: typeOf(open),
        feeratePerKw: open.feeratePerKw,
      },
    },
  ])
}

/** BOLT 2, accept_channel. */
export const acceptChannel = (
  opening: WaitForDecision,
  session: Session,
  command: AcceptCommand,
  env: ChannelEnv,
): Step => {
  const { open } = opening
  const { keys, upfrontShutdown, leastReserve = 0n } = command
  const minimumDepth = command.minimumDepth ?? env.settings.minimumDepth
  // BOLT 2, open_channel: `option_zeroconf` only from a sender that is trusted to fund the channel later; accept_channel: with a depth of 0.
  if (typeOf(open).zeroConf && minimumDepth !== 0) {
    return abortOpening(opening, session, { code: 'zero-conf-not-agreed' })
  }
  const accept: AcceptChannel = {
    type: 'accept_channel',
    temporaryChannelId: open.temporaryChannelId,
    minimumDepth,
    ...(open.channelType === undefined ? {} : { channelType: open.channelType }),
    ...ownFields(keys, open.fundingSatoshis, upfrontShutdown, largest(open.dustLimitSatoshis, leastReserve), env),
  }
  // BOLT 2: the reserve that the peer asks of us must not make our outputs dust.
  if (accept.dustLimitSatoshis > open.channelReserveSatoshis) {
    const error = {
      code: 'reserve-below-dust-limit',
      reserve: open.channelReserveSatoshis,
      dustLimit: accept.dustLimitSatoshis,
    } as const
    return abortOpening(opening, session, error)
  }
  const ids = { ...opening.ids, keyIndex: keys.keyIndex }
  return to({ phase: 'wait-for-funding-created', ids, keys, open, accept }, session, [
    { type: 'send', epoch: session.epoch, message: accept },
  ])
}

/** BOLT 2, funding_created: from our `funding_signed` on, the channel must be remembered. */
export const recvFundingCreated = (
  opening: WaitForFundingCreated,
  session: Session,
  message: FundingCreated,
  env: ChannelEnv,
): Step => {
  const { keys, open, accept } = opening
  const outpoint = { txid: message.fundingTxid, index: message.fundingOutputIndex }
  const { funded: unsigned, local, remote } = firstCommitments(keys, open, accept, false, outpoint, env)
  const commitment = latest(unsigned)
  const ownKeys = keysOf(commitment.localParams, env.commitmentPoint(0))
  const verified = verifyCommitmentSignatures(commitment.localParams, ownKeys, local, message.signature, [])
  if (!verified.ok) {
    return abortOpening(opening, session, {
      code: 'invalid-signature',
      message: message.type,
      transaction: encodeTxWithoutWitness(local.tx),
    })
  }
  const funded = withFirstSignature(unsigned, message.signature)
  const next = { ...funded, phase: 'wait-for-funding-confirmed' } as const
  const opened = to(next, session, [
    {
      type: 'send',
      epoch: session.epoch,
      message: { type: 'funding_signed', channelId: funded.params.channelId, signature: NO_FUNDING_SIGNATURE },
      needs: { type: 'funding-signature', task: remote.fundingTask },
    },
    ...watchFunding(funded),
    emit(next, {
      type: 'funding-created',
      fundingIndex: 0,
      outpoint,
      capacity: open.fundingSatoshis,
      localIsOpener: false,
      announce: funded.params.announce,
      balances: balancesOf(funded),
    }),
  ])
  return isReadyUnconfirmed(next) ? andThen(opened, () => readyUnconfirmed(next, session, env)) : opened
}
