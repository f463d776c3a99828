import type { HtlcId, Signature } from '../../lib/ids.ts'
import type { Result } from '../../lib/result.ts'
import type { CommitmentKeys } from './commitment-keys.ts'
import type { CommitmentParams } from './commitment-params.ts'
import type { HtlcDirection } from './commitment-spec.ts'
import type { CommitmentTransaction } from './commitment-transaction.ts'

export type CommitmentSignatureError =
  | { readonly code: 'invalid-commitment-signature' }
  | { readonly code: 'htlc-signature-count-mismatch'; readonly expected: number; readonly received: number }
  | { readonly code: 'invalid-htlc-signature'; readonly direction: HtlcDirection; readonly htlcId: HtlcId }

/** Checks what the other side sent in `commitment_signed` for a commitment of which we are the owner. */
export declare const verifyCommitmentSignatures: (
  params: CommitmentParams,
  keys: CommitmentKeys,
  commitment: CommitmentTransaction,
  signature: Signature,
  htlcSignatures: readonly Signature[],
) => Result<undefined, CommitmentSignatureError>
