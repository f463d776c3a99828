import { encodeTxWithoutWitness } from '../../bitcoin/transaction.ts'
import type { HtlcId, Signature } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { FundingSignature } from '../../wire/funding-signature.ts'
import type { CommitmentKeys } from './commitment-keys.ts'
import type { CommitmentParams } from './commitment-params.ts'
import type { HtlcDirection } from './commitment-spec.ts'
import type { CommitmentTransaction } from './commitment-transaction.ts'

/** `transaction`: the one that the signature is not valid for, without witness. */
export type CommitmentSignatureError =
  | { readonly code: 'invalid-commitment-signature'; readonly transaction: Uint8Array }
  | { readonly code: 'htlc-signature-count-mismatch'; readonly expected: number; readonly received: number }
  | {
      readonly code: 'invalid-htlc-signature'
      readonly direction: HtlcDirection
      readonly htlcId: HtlcId
      readonly transaction: Uint8Array
    }

/** Checks what the other side sent in `commitment_signed` for a commitment of which we are the owner. */
export const verifyCommitmentSignatures = (
  params: CommitmentParams,
  keys: CommitmentKeys,
  commitment: CommitmentTransaction,
  signature: FundingSignature,
  htlcSignatures: readonly Signature[],
): Result<undefined, CommitmentSignatureError> => {
  const { format } = params
  // BOLT 2, commitment_signed: the receiver fails the channel if the signature is not valid for its transaction.
  if (!format.isFundingSignature(params, commitment.fundingTask, signature))
    return err({ code: 'invalid-commitment-signature', transaction: encodeTxWithoutWitness(commitment.tx) })
  // BOLT 2, commitment_signed: one signature for each HTLC output, no more and no less.
  const { htlcTransactions } = commitment
  if (htlcSignatures.length !== htlcTransactions.length)
    return err({
      code: 'htlc-signature-count-mismatch',
      expected: htlcTransactions.length,
      received: htlcSignatures.length,
    })
  // BOLT 2, commitment_signed: each signature must be valid for the HTLC transaction of its output, in output order.
  for (const [position, { htlc, task, tx }] of htlcTransactions.entries())
    if (!format.isHtlcSignature(keys, task, htlcSignatures[position] as Signature))
      return err({
        code: 'invalid-htlc-signature',
        direction: htlc.direction,
        htlcId: htlc.id,
        transaction: encodeTxWithoutWitness(tx),
      })
  return ok(undefined)
}
