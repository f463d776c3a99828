import {
  FEERATE_FLOOR,
  feeForWeight,
  feerateOf,
  outputWeight,
  P2TR_INPUT_WEIGHT,
  P2WPKH_INPUT_WEIGHT,
} from '../../bitcoin/fees.ts'
import type { Tx, TxOutput } from '../../bitcoin/transaction.ts'
import type { OutPoint, Signature } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw, Sat } from '../../lib/units.ts'
import type { CommitmentFormatName } from '../commitment/commitment-format.ts'
import { commitmentFormat } from '../commitment/formats.ts'
import type { OutputLock, SpendPath } from '../commitment/output-lock.ts'
import type { SigningKey, SigningTask } from '../commitment/signing-task.ts'
import type { ClaimKind } from './claim-kind.ts'
import type { Stakes } from './stakes.ts'

/**
 * One output on the chain that we may take, and the transaction that takes it (BOLT 5). The claimed output is input 0; inputs and outputs
 * that others add come after those that exist. Plain data: the same inputs give the same claim.
 */
export interface Claim {
  readonly kind: ClaimKind
  readonly outpoint: OutPoint
  /** The amount of the claimed output. */
  readonly amount: Sat
  readonly format: CommitmentFormatName
  readonly lock: OutputLock
  readonly path: SpendPath
  /** The key whose signature `claimWitness` needs, for `claimTask`. */
  readonly key: SigningKey
  /** Unsigned. Final if `fee` is `included`. */
  readonly tx: Tx
  readonly fee: ClaimFee
  /** Of the signed transaction, before the wallet adds anything. */
  readonly weight: number
  /** An unconfirmed transaction that gets into a block with this one, paid for by both. */
  readonly parent?: { readonly weight: number; readonly fee: Sat }
  readonly stakes: Stakes
  /** The height of the tip from which nodes accept the transaction. */
  readonly publishableFrom: BlockHeight
}

export type ClaimFee =
  /** The transaction is complete and pays this fee. */
  | { readonly type: 'included'; readonly fee: Sat }
  /**
   * The wallet adds inputs and a change output. The whole transaction pays `baseFee` plus the rate times the weight that the wallet adds.
   */
  | { readonly type: 'wallet'; readonly baseFee: Sat; readonly feeratePerKw: FeeratePerKw }

/**
 * What the claim's key signs in `tx`, which is the claim's own transaction, one that the wallet completed, or one that makes other claims
 * too; `others` are the outputs that its other inputs spend, in order.
 */
export const claimTask = (
  { format, lock, amount, path, tx: own }: Claim,
  tx: Tx = own,
  others: readonly TxOutput[] = [],
  inputIndex = 0,
): SigningTask => commitmentFormat(format).spendTask(tx, inputIndex, { lock, amount }, path, others)

/** The witness of the claim's input, given the signature for `claimTask`. */
export const claimWitness = ({ format, lock, path }: Claim, signature: Signature): readonly Uint8Array[] =>
  commitmentFormat(format).spendWitness(lock, path, signature)

/**
 * The claim with another fee, for a rate that its transaction (with its parent, if it has one) should pay. What takes its fee out of the
 * claimed output never pays more than its budget, nor less than the lowest fee that relays.
 */
export const atFeerate = (claim: Claim, feeratePerKw: FeeratePerKw): Claim => {
  const { weight, parent, amount, tx, stakes } = claim
  if (claim.fee.type === 'wallet') {
    return { ...claim, fee: walletFee(feeratePerKw, weight + (parent?.weight ?? 0), parent?.fee ?? 0n) }
  }
  const fee = includedFee(feeratePerKw, weight, stakes)
  const outputs = tx.outputs.map((output) => ({ ...output, amount: amount - fee }))
  return { ...claim, tx: { ...tx, outputs }, fee: { type: 'included', fee } }
}

export const includedFee = (feeratePerKw: FeeratePerKw, weight: number, { budget }: Stakes): Sat => {
  const wanted = feeForWeight(feeratePerKw, weight)
  const least = feeForWeight(FEERATE_FLOOR, weight)
  if (wanted < least) return least
  return wanted < budget ? wanted : budget
}

/** Change to taproot, which the wallet adds with an input to a claim that cannot pay for itself. */
const CHANGE_WEIGHT = outputWeight(new Uint8Array(34))
/** By so much whole vbytes may exceed a weight, in the transaction and in its parent. */
const ROUNDING = 6

/** The rate at which the budget is spent, of the transaction as it is most often published, with its parent. */
export const ceilingOf = (claim: Claim): FeeratePerKw => rateOfBudget(claim, P2TR_INPUT_WEIGHT + CHANGE_WEIGHT)

/**
 * Whether its budget pays the least rate that relays: what does not is never published, and nothing may wait for it. The wallet may have no
 * lighter coin than the heaviest, so what is worth its fee can be made with whichever single coin there is.
 */
export const isWorthItsFee = (claim: Claim): boolean =>
  rateOfBudget(claim, P2WPKH_INPUT_WEIGHT + CHANGE_WEIGHT + ROUNDING) > FEERATE_FLOOR

const rateOfBudget = ({ fee, weight, parent, stakes }: Claim, walletWeight: number): FeeratePerKw => {
  const whole = weight + (parent?.weight ?? 0) + (fee.type === 'wallet' ? walletWeight : 0)
  return feerateOf(stakes.budget + (parent?.fee ?? 0n), whole)
}

/** The fee that a wallet must pay for a transaction of this weight if the outputs already take `included` from the inputs. */
export const walletFee = (feeratePerKw: FeeratePerKw, weight: number, included: Sat): ClaimFee => {
  const owed = feeForWeight(feeratePerKw, weight) - included
  return { type: 'wallet', baseFee: owed > 0n ? owed : 0n, feeratePerKw }
}
