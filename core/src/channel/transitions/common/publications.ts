import type { Tx } from '../../../bitcoin/transaction.ts'
import { assertNever } from '../../../lib/errors.ts'
import type { FundingSignature } from '../../../wire/funding-signature.ts'
import type { Message } from '../../../wire/messages/message.ts'
import { anchorClaim } from '../../claims/anchor-claim.ts'
import type { CommitmentParams } from '../../commitment/commitment-params.ts'
import { commitmentFormat } from '../../commitment/formats.ts'
import type { SigningTask } from '../../commitment/signing-task.ts'
import { buildLocal } from '../../commitments/build-commitment.ts'
import { fundingDeadSince, isFundingConfirmed, latest } from '../../commitments/commitments.ts'
import type { MutualClose } from '../../state/closing.ts'
import type { Funded } from '../../state/durable.ts'
import type { Effect, Publication, SigningAnswer } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import { findHtlc } from '../../state/htlc.ts'

/**
 * Our latest commitment, and the spend of our anchor that pays for it when its own fee is too low. A funding that only the peer speaks of and
 * that is in no block may not exist, nor does one whose coins are spent: the wallet's coins are not tied to a commitment that can never confirm.
 */
export const publishLocalCommitment = (durable: Funded, env: ChannelEnv): readonly Effect[] => {
  if (!canPublishLocal(durable)) return []
  const { localParams, local } = latest(durable)
  const { keys, transaction } = buildLocal(localParams, local.index, local.spec, env)
  const anchor = anchorClaim({
    params: localParams,
    keys,
    commitment: transaction,
    feeratePerKw: env.feerates.closing,
    blockHeight: env.height,
    preimageOf: ({ id }) => findHtlc(durable.htlcs.received, id)?.preimage,
  })
  return [
    {
      type: 'publish',
      purpose: 'local-commitment',
      publication: {
        type: 'funding-spend',
        tx: transaction.tx,
        format: localParams.format.name,
        amount: localParams.fundingAmount,
        funding: fundingKeys(localParams),
        task: transaction.fundingTask,
        remoteSignature: local.remoteSignature,
      },
    },
    ...(anchor === undefined
      ? []
      : ([{ type: 'publish', purpose: 'anchor', publication: { type: 'claim', claim: anchor } }] as const)),
  ]
}

/** BOLT 2, channel_reestablish: a commitment that may be revoked is not published. Nor is one that can be in no block as things are. */
export const canPublishLocal = (durable: Funded): boolean =>
  !durable.inDoubt &&
  (isFundingConfirmed(durable) || durable.params.localIsOpener) &&
  fundingDeadSince(durable) === undefined

const fundingKeys = ({ localFundingKey, remoteFundingKey }: CommitmentParams) => ({ localFundingKey, remoteFundingKey })

export const publishMutualClose = (durable: Funded, mutual: MutualClose): Effect => {
  const { localParams } = latest(durable)
  return {
    type: 'publish',
    purpose: 'mutual-close',
    publication: {
      type: 'funding-spend',
      tx: mutual.tx,
      format: localParams.format.name,
      amount: localParams.fundingAmount,
      funding: fundingKeys(localParams),
      task: localParams.format.fundingTask(localParams, mutual.tx),
      remoteSignature: mutual.remoteSignature,
    },
  }
}

/** The complete transaction. If our signature is still missing, `signWithFundingKey` is asked for it. */
export const completeSpend = (
  publication: Exclude<Publication, { type: 'claim' }>,
  signWithFundingKey: (task: SigningTask) => FundingSignature,
): Tx => {
  if (publication.type === 'signed') return publication.tx
  const { tx, format, funding, task, remoteSignature } = publication
  const signatures = { local: signWithFundingKey(task), remote: remoteSignature }
  return commitmentFormat(format).withFundingSignatures(funding, tx, signatures)
}

/** The message with the signer's answers filled in. */
export const fillIn = (message: Message, answer: SigningAnswer): Message => {
  switch (answer.type) {
    case 'funding-signature':
    case 'node-signature':
      return { ...message, signature: answer.signature } as Message
    case 'closing-signatures':
      return { ...message, ...Object.fromEntries(answer.signatures) } as Message
    case 'commitment-signatures':
      return { ...message, signature: answer.signature, htlcSignatures: answer.htlcSignatures } as Message
    case 'announcement-signatures': {
      const { nodeSignature, bitcoinSignature } = answer
      return { ...message, nodeSignature, bitcoinSignature } as Message
    }
    case 'per-commitment-secret':
      return { ...message, perCommitmentSecret: answer.secret } as Message
    default:
      return assertNever(answer, 'signing answer')
  }
}
