import { type Tx, withWitness } from '../../../bitcoin/transaction.ts'
import { assertNever } from '../../../lib/errors.ts'
import type { Signature } from '../../../lib/ids.ts'
import type { Message } from '../../../wire/messages/message.ts'
import { anchorClaim } from '../../claims/anchor-claim.ts'
import { fundingWitness } from '../../commitment/funding-witness.ts'
import type { MutualClose } from '../../state/closing.ts'
import type { Closing, Funded } from '../../state/durable.ts'
import type { Effect, Publication, SigningAnswer } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import { closingSighash } from './closing-input.ts'
import { buildLocal, latest } from './commitments.ts'

/**
 * Our latest commitment, and the spend of our anchor that pays for it if its own fee is too low. A funding that only the peer speaks of and
 * that is in no block may not exist: the wallet's coins are not tied to a commitment that can never confirm.
 */
export const publishLocalCommitment = (durable: Funded, env: ChannelEnv): readonly Effect[] => {
  const { localParams, local, fundingStatus } = latest(durable)
  if (!durable.params.localIsOpener && fundingStatus.type !== 'confirmed') return []
  const { transaction } = buildLocal(localParams, local.index, local.spec, env)
  const anchor = anchorClaim({
    params: localParams,
    commitment: transaction,
    feeratePerKw: env.feerates.closing,
    blockHeight: env.height,
  })
  return [
    {
      type: 'publish',
      purpose: 'local-commitment',
      publication: {
        type: 'funding-spend',
        tx: transaction.tx,
        sighash: transaction.fundingSighash,
        remoteSignature: local.remoteSignature.signature,
        localFundingKey: localParams.localFundingKey,
        remoteFundingKey: localParams.remoteFundingKey,
      },
    },
    ...(anchor === undefined
      ? []
      : ([{ type: 'publish', purpose: 'anchor', publication: { type: 'claim', claim: anchor } }] as const)),
  ]
}

export const publishMutualClose = (durable: Closing, mutual: MutualClose): Effect => {
  const { localParams } = latest(durable)
  return {
    type: 'publish',
    purpose: 'mutual-close',
    publication: {
      type: 'funding-spend',
      tx: mutual.tx,
      sighash: closingSighash(localParams, mutual.tx),
      remoteSignature: mutual.remoteSignature,
      localFundingKey: localParams.localFundingKey,
      remoteFundingKey: localParams.remoteFundingKey,
    },
  }
}

/** The complete transaction. If our signature is still missing, `signWithFundingKey` is asked for a signature of a digest. */
export const completeSpend = (
  publication: Exclude<Publication, { type: 'claim' }>,
  signWithFundingKey: (digest: Uint8Array) => Signature,
): Tx => {
  if (publication.type === 'signed') return publication.tx
  const { tx, sighash, localFundingKey, remoteFundingKey, remoteSignature } = publication
  const local = { key: localFundingKey, signature: signWithFundingKey(sighash) }
  return withWitness(tx, 0, fundingWitness(local, { key: remoteFundingKey, signature: remoteSignature }))
}

/** The message with the signer's answers filled in. */
export const fillIn = (message: Message, answer: SigningAnswer): Message => {
  switch (answer.type) {
    case 'funding-signature':
    case 'node-signature':
      return { ...message, signature: answer.signature } as Message
    case 'commitment-signatures':
      return { ...message, signature: answer.signature, htlcSignatures: answer.htlcSignatures } as Message
    case 'per-commitment-secret':
      return { ...message, perCommitmentSecret: answer.secret } as Message
    default:
      return assertNever(answer, 'signing answer')
  }
}
