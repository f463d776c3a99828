import type { Tx, TxOutput } from '../../bitcoin/transaction.ts'
import type { PaymentHash, PublicKey, Signature } from '../../lib/ids.ts'
import type { BlockDelta, BlockHeight, Sat } from '../../lib/units.ts'
import type { FeatureName } from '../../wire/features.ts'
import type { FundingSignature } from '../../wire/funding-signature.ts'
import type { CommitmentKeys } from './commitment-keys.ts'
import type { CommitmentTerms, FundingTerms } from './commitment-terms.ts'
import type { OutputLock, PathInForce, SpendPath } from './output-lock.ts'
import type { SigningKey, SigningTask } from './signing-task.ts'

/** The name by which rows remember a format. */
export type CommitmentFormatName = 'anchors-zero-fee-htlc'

/**
 * Everything in which one kind of channel differs from another on the chain (BOLT 3): weights, scripts, how outputs are spent, how
 * signatures are made and checked. The channel's type chooses it; nothing outside of it knows which one it is.
 */
export interface CommitmentFormat {
  readonly name: CommitmentFormatName
  /** What both sides must offer for a channel of this format. */
  readonly feature: FeatureName
  /** The most HTLCs that a side may offer at a time (BOLT 2, `max_accepted_htlcs`). */
  readonly maxAcceptedHtlcs: number
  /** Expected weight of a commitment transaction without HTLC outputs (BOLT 3, appendix A). */
  readonly commitmentWeight: number
  /** Weight of each untrimmed HTLC output. */
  readonly htlcOutputWeight: number
  /** Weight of the longest witness that spends the funding output. */
  readonly fundingWitnessWeight: number
  /** The amount of each of the two anchors; the opener pays both. */
  readonly anchorAmount: Sat
  /** Expected weight of a signed HTLC transaction, before an input for its fee is added. */
  readonly htlcSuccessWeight: number
  readonly htlcTimeoutWeight: number
  /** Whether HTLC transactions take their fee out of the HTLC. This also decides which HTLCs are trimmed. */
  readonly htlcTransactionsPayFees: boolean
  readonly htlcTransactionVersion: number
  /** How many confirmations an output has before it is spent by a path that names no delay of its own, anchors aside. */
  readonly leastDelay: BlockDelta

  fundingLock(funding: Pick<FundingTerms, 'localFundingKey' | 'remoteFundingKey'>): OutputLock
  /** What each side signs to spend the funding output by a transaction of which it is the only input. */
  fundingTask(funding: FundingTerms, tx: Tx): SigningTask
  /** Whether the signature is the other side's, for this task. */
  isFundingSignature(funding: FundingTerms, task: SigningTask, signature: FundingSignature): boolean
  /** The transaction with the signatures of both sides. */
  withFundingSignatures(
    funding: Pick<FundingTerms, 'localFundingKey' | 'remoteFundingKey'>,
    tx: Tx,
    signatures: { readonly local: FundingSignature; readonly remote: FundingSignature },
  ): Tx

  /** What the outputs of a commitment pay to. Cached: the same objects have the same locks. */
  locks(terms: CommitmentTerms, keys: CommitmentKeys): CommitmentLocks
  /** Where every commitment with these terms pays the side that does not own it (`option_static_remotekey`). */
  toRemoteLock(terms: CommitmentTerms): OutputLock
  /** What the other side signs, with its HTLC key, for an HTLC transaction of the owner. */
  htlcTask(tx: Tx, spent: SpentOutput): SigningTask
  isHtlcSignature(keys: CommitmentKeys, task: SigningTask, signature: Signature): boolean

  /** Which of our keys signs for a path of a commitment in force. */
  spendKey(path: PathInForce, perCommitmentPoint: PublicKey): SigningKey
  /** What that key signs in `tx` for the input that spends the output. `others`: what its other inputs spend, in order. */
  spendTask(tx: Tx, inputIndex: number, spent: SpentOutput, path: SpendPath, others: readonly TxOutput[]): SigningTask
  spendWitness(lock: OutputLock, path: SpendPath, signature: Signature): readonly Uint8Array[]
  /** Of the longest witness. */
  spendWitnessWeight(lock: OutputLock, path: SpendPath): number
}

/** An output and its amount, which its signatures cover. */
export interface SpentOutput {
  readonly lock: OutputLock
  readonly amount: Sat
}

/** What an HTLC's output depends on, seen from the commitment's owner. */
export interface LockedHtlc {
  readonly direction: 'offered' | 'received'
  readonly paymentHash: PaymentHash
  readonly cltvExpiry: BlockHeight
}

export interface CommitmentLocks {
  readonly toLocal: OutputLock
  readonly toRemote: OutputLock
  readonly localAnchor: OutputLock
  readonly remoteAnchor: OutputLock
  /** The output of an HTLC transaction. */
  readonly htlcTransaction: OutputLock
  htlc(htlc: LockedHtlc): OutputLock
}
