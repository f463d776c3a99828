import { encodeTxWithoutWitness, txidOf } from '../../../bitcoin/transaction.ts'
import { equalBytes } from '../../../lib/bytes.ts'
import { err, ok } from '../../../lib/result.ts'
import { encodeChannelType } from '../../../wire/channel-type.ts'
import { NO_FUNDING_SIGNATURE } from '../../../wire/funding-signature.ts'
import type { AcceptChannel, FundingSigned, OpenChannel } from '../../../wire/messages/channel-open.ts'
import { formatOfType } from '../../commitment/formats.ts'
import { verifyCommitmentSignatures } from '../../commitment/verify-commitment.ts'
import { balancesOf } from '../../commitments/balances.ts'
import { buildLocal } from '../../commitments/build-commitment.ts'
import { latest } from '../../commitments/commitments.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { FundingCreatedByWallet, OpenCommand } from '../../state/inputs.ts'
import type { Idle, WaitForFunding, WaitForFundingSigned, WaitForOpenAnswer } from '../../state/opening.ts'
import type { Session } from '../../state/session.ts'
import { abortOpening } from '../common/abort-opening.ts'
import { andThen, emit, reply, type Step, to } from '../common/step.ts'
import { watchFundingCoins } from './double-spend.ts'
import { checkAcceptChannel, checkOpenCommand } from './open-checks.ts'
import {
  firstCommitments,
  OPENED_TYPE,
  ownFields,
  publishFunding,
  typeOf,
  watchFunding,
  withFirstSignature,
} from './opening.ts'
import { isReadyUnconfirmed, readyUnconfirmed } from './ready.ts'

/** BOLT 2, open_channel. */
export const openChannel = (opening: Idle, session: Session, command: OpenCommand, env: ChannelEnv): Step => {
  const error = checkOpenCommand(command, session.remoteFeatures, env)
  if (error !== undefined) {
    return to({ phase: 'aborted', ids: opening.ids }, session, reply(command, err(error)))
  }
  const open: OpenChannel = {
    type: 'open_channel',
    chainHash: env.settings.chainHash,
    temporaryChannelId: opening.ids.channelId,
    fundingSatoshis: command.funding,
    pushMsat: command.pushMsat,
    feeratePerKw: env.feerates.commitment,
    channelFlags: command.announce ? 1 : 0,
    channelType: encodeChannelType(command.channelType ?? OPENED_TYPE),
    ...ownFields(command.keys, command.funding, command.upfrontShutdown, 0n, env),
  }
  const { keys, requestId, fundingFeeratePerKw, maxFundingFee, coins } = command
  const wishes = { ...(maxFundingFee !== undefined && { maxFundingFee }), ...(coins !== undefined && { coins }) }
  const ids = { ...opening.ids, keyIndex: keys.keyIndex }
  return to({ phase: 'wait-for-open-answer', ids, keys, open, requestId, fundingFeeratePerKw, ...wishes }, session, [
    { type: 'send', epoch: session.epoch, message: open },
  ])
}

/** BOLT 2, accept_channel: the wallet is asked for the funding transaction. */
export const recvAcceptChannel = (
  opening: WaitForOpenAnswer,
  session: Session,
  accept: AcceptChannel,
  env: ChannelEnv,
): Step => {
  const { ids, keys, open, requestId, fundingFeeratePerKw, maxFundingFee, coins } = opening
  const error = checkAcceptChannel(open, accept, session.remoteFeatures, env)
  if (error !== undefined) return abortOpening(opening, session, error)
  return to({ phase: 'wait-for-funding', ids, keys, open, accept, requestId, fundingFeeratePerKw }, session, [
    {
      type: 'fund',
      script: formatOfType(typeOf(open)).fundingLock({
        localFundingKey: open.fundingPubkey,
        remoteFundingKey: accept.fundingPubkey,
      }).outputScript,
      amount: open.fundingSatoshis,
      feeratePerKw: fundingFeeratePerKw,
      ...(maxFundingFee === undefined ? {} : { maxFee: maxFundingFee }),
      ...(coins === undefined ? {} : { coins }),
    },
  ])
}

/** BOLT 2, funding_created: the peer gets our signature of its first commitment, and nothing is published yet. */
export const fundingCreated = (
  opening: WaitForFunding,
  session: Session,
  { tx, outputIndex }: FundingCreatedByWallet,
  env: ChannelEnv,
): Step => {
  const { keys, open, accept, requestId } = opening
  const outpoint = { txid: txidOf(tx), index: outputIndex }
  const { funded, remote } = firstCommitments(keys, open, accept, true, outpoint, env)
  const ids = { ...opening.ids, channelId: funded.params.channelId }
  const unsigned = { ...funded, fundingTx: tx }
  return to({ phase: 'wait-for-funding-signed', ids, keys, requestId, unsigned }, session, [
    {
      type: 'send',
      epoch: session.epoch,
      message: {
        type: 'funding_created',
        temporaryChannelId: open.temporaryChannelId,
        fundingTxid: outpoint.txid,
        fundingOutputIndex: outputIndex,
        signature: NO_FUNDING_SIGNATURE,
      },
      needs: { type: 'funding-signature', task: remote.fundingTask },
    },
  ])
}

/** BOLT 2, funding_signed: the funding transaction may be published, now that we have a commitment to leave the channel with. */
export const recvFundingSigned = (
  opening: WaitForFundingSigned,
  session: Session,
  message: FundingSigned,
  env: ChannelEnv,
): Step => {
  const { requestId, unsigned } = opening
  const commitment = latest(unsigned)
  const { keys, transaction } = buildLocal(commitment.localParams, 0, commitment.local.spec, env)
  const verified = verifyCommitmentSignatures(commitment.localParams, keys, transaction, message.signature, [])
  if (!verified.ok || !equalBytes(message.channelId, unsigned.params.channelId)) {
    return abortOpening(opening, session, {
      code: 'invalid-signature',
      message: message.type,
      transaction: encodeTxWithoutWitness(transaction.tx),
    })
  }
  const funded = withFirstSignature(unsigned, message.signature)
  const next = { ...funded, phase: 'wait-for-funding-confirmed' } as const
  const { fundingOutpoint, fundingAmount } = commitment.localParams
  const opened = to(next, session, [
    ...watchFunding(funded),
    ...watchFundingCoins(next),
    ...publishFunding(funded),
    emit(next, {
      type: 'funding-created',
      fundingIndex: 0,
      outpoint: fundingOutpoint,
      capacity: fundingAmount,
      localIsOpener: true,
      announce: funded.params.announce,
      balances: balancesOf(funded),
    }),
    ...reply(
      { type: 'open', requestId },
      ok({
        type: 'opened',
        channelId: funded.params.channelId,
        fundingTxid: fundingOutpoint.txid,
        outputIndex: fundingOutpoint.index,
      }),
    ),
  ])
  return isReadyUnconfirmed(next) ? andThen(opened, () => readyUnconfirmed(next, session, env)) : opened
}
