import { feeForWeight } from '../../bitcoin/fees.ts'
import type { Tx, TxOutput } from '../../bitcoin/transaction.ts'
import type { OutPoint, Signature } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw, Sat } from '../../lib/units.ts'
import type { CommitmentFormatName } from '../commitment/commitment-format.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import { commitmentFormat } from '../commitment/formats.ts'
import type { OutputLock, SpendPath } from '../commitment/output-lock.ts'
import type { SigningKey, SigningTask } from '../commitment/signing-task.ts'

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
  /** The height of the tip from which nodes accept the transaction. */
  readonly publishableFrom: BlockHeight
}

/** What the output is to us. */
type ClaimKind =
  | { readonly type: 'to-local' }
  | { readonly type: 'htlc-success'; readonly htlc: SpecHtlc }
  | { readonly type: 'htlc-timeout'; readonly htlc: SpecHtlc }
  /** The output of our HTLC transaction, after its delay. */
  | { readonly type: 'htlc-output'; readonly htlc: SpecHtlc }
  /** Our main output in a commitment of the peer. */
  | { readonly type: 'to-remote' }
  /** An HTLC in a commitment of the peer: one that we know the preimage of, or that we offered and that has expired. */
  | { readonly type: 'received-htlc'; readonly htlc: SpecHtlc }
  | { readonly type: 'offered-htlc'; readonly htlc: SpecHtlc }
  /** Taken from a peer that published a commitment that it had revoked. */
  | { readonly type: 'penalty' }
  | { readonly type: 'htlc-penalty'; readonly htlc: SpecHtlc }
  /** Our anchor, spent so that the commitment transaction is mined. */
  | { readonly type: 'anchor' }

export type ClaimFee =
  /** The transaction is complete and pays this fee. */
  | { readonly type: 'included'; readonly fee: Sat }
  /**
   * The wallet adds inputs and a change output. The whole transaction pays `baseFee` plus the rate times the weight that the wallet adds.
   */
  | { readonly type: 'wallet'; readonly baseFee: Sat; readonly feeratePerKw: FeeratePerKw }

/**
 * What the claim's key signs in `tx`, which is the claim's own transaction or the one that the wallet completed; `others` are the outputs
 * that the wallet's inputs spend, in order.
 */
export const claimTask = (
  { format, lock, amount, path, tx: own }: Claim,
  tx: Tx = own,
  others: readonly TxOutput[] = [],
): SigningTask => commitmentFormat(format).spendTask(tx, { lock, amount }, path, others)

/** The witness of input 0, given the signature for `claimTask`. */
export const claimWitness = ({ format, lock, path }: Claim, signature: Signature): readonly Uint8Array[] =>
  commitmentFormat(format).spendWitness(lock, path, signature)

/** The fee that a wallet must pay for a transaction of this weight if the outputs already take `included` from the inputs. */
export const walletFee = (feeratePerKw: FeeratePerKw, weight: number, included: Sat): ClaimFee => {
  const owed = feeForWeight(feeratePerKw, weight) - included
  return { type: 'wallet', baseFee: owed > 0n ? owed : 0n, feeratePerKw }
}
