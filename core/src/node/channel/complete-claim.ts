import { type Tx, type TxOutput, withWitness } from '../../bitcoin/transaction.ts'
import { type Claim, claimTask, claimWitness, type SigningTask } from '../../channel/index.ts'
import { assertNever } from '../../lib/errors.ts'
import type { Signature } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Wallet, WalletError } from '../../wallet/wallet.ts'
import type { ChannelSigner } from '../keys/signer.ts'

/**
 * The claim's transaction, ready to be published: with inputs of the wallet where the claim cannot pay its own fee, signed
 * by the key that it names.
 */
export const completeClaim = (claim: Claim, signer: ChannelSigner, wallet: Wallet): Result<Tx, WalletError> => {
  if (claim.fee.type === 'included') return ok(signed(claim, claim.tx, [], signer))
  const { baseFee, feeratePerKw } = claim.fee
  const prevouts = [{ amount: claim.amount, script: claim.lock.outputScript }]
  const funded = wallet.bump({ tx: claim.tx, prevouts, baseFee, feeratePerKw })
  if (!funded.ok) return funded
  const tx = signed(claim, wallet.sign(funded.value), funded.value.prevouts.slice(1), signer)
  wallet.processTx(tx, claim.kind.type)
  return ok(tx)
}

const signed = (claim: Claim, tx: Tx, others: readonly TxOutput[], signer: ChannelSigner): Tx =>
  withWitness(tx, 0, claimWitness(claim, signatureOf(claim, claimTask(claim, tx, others), signer)))

const signatureOf = ({ key }: Claim, task: SigningTask, signer: ChannelSigner): Signature => {
  switch (key.type) {
    case 'funding':
      return signer.signWithFundingKey(task).signature
    case 'revocation':
      return signer.signWithRevocationKey(key.perCommitmentSecret, task)
    case 'payment':
      return signer.signWithPaymentKey(task)
    case 'htlc':
      return signer.signAt('htlc', key.perCommitmentPoint, task)
    case 'delayed-payment':
      return signer.signAt('delayedPayment', key.perCommitmentPoint, task)
    default:
      return assertNever(key, 'key of a claim')
  }
}
