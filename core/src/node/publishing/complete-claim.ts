import { type Tx, type TxOutput, txWeight, withWitness } from '../../bitcoin/transaction.ts'
import { type Claim, claimTask, claimWitness, membersOf, type SigningTask } from '../../channel/index.ts'
import { assertNever } from '../../lib/errors.ts'
import type { Signature } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Sat } from '../../lib/units.ts'
import type { Wallet, WalletError } from '../../wallet/wallet.ts'
import type { ChannelSigner } from '../keys/signer.ts'

/** A claim's transaction, ready to be published. */
export interface CompletedClaim {
  readonly tx: Tx
  readonly fee: Sat
  readonly weight: number
}

/**
 * The claim's transaction, with inputs of the wallet where the claim cannot pay its own fee, signed by the key that it names. The inputs are
 * reserved: the wallet hears of the transaction when it is published (`processTx`), or gets them back (`giveBack`).
 */
export const completeClaim = (
  claim: Claim,
  signer: ChannelSigner,
  wallet: Pick<Wallet, 'bump' | 'sign'>,
): Result<CompletedClaim, WalletError> => {
  if (claim.fee.type === 'included') return ok(completed(signedByAll(claim, signer), claim.fee.fee))
  const { baseFee, feeratePerKw } = claim.fee
  const prevouts = [{ amount: claim.amount, script: claim.lock.outputScript }]
  const funded = wallet.bump({ tx: claim.tx, prevouts, baseFee, feeratePerKw, maxFee: claim.stakes.budget })
  if (!funded.ok) return funded
  const tx = signed(claim, wallet.sign(funded.value), funded.value.prevouts.slice(1), signer)
  return ok(completed(tx, funded.value.fee))
}

/** The coins of a transaction that is not published after all. Those that an earlier one spends stay with it. */
export const giveBack = (claim: Claim, { tx }: CompletedClaim, wallet: Pick<Wallet, 'release'>): void => {
  if (claim.fee.type === 'wallet') wallet.release(tx)
}

const completed = (tx: Tx, fee: Sat): CompletedClaim => ({ tx, fee, weight: txWeight(tx) })

/** Each output by the key of its own claim. */
const signedByAll = (claim: Claim, signer: ChannelSigner): Tx => {
  const members = membersOf(claim)
  const outputs = members.map(({ amount, lock }) => ({ amount, script: lock.outputScript }))
  return members.reduce((tx, member, index) => {
    const task = claimTask(member, claim.tx, outputs.toSpliced(index, 1), index)
    return withWitness(tx, index, claimWitness(member, signatureOf(member, task, signer)))
  }, claim.tx)
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
