import type { Tx } from '../../bitcoin/transaction.ts'
import type { Signature, TxId } from '../../lib/ids.ts'
import type { Sat } from '../../lib/units.ts'
import type { CommitmentKeys } from './commitment-keys.ts'
import type { CommitmentParams } from './commitment-params.ts'
import type { CommitmentSpec, SpecHtlc } from './commitment-spec.ts'

/** An untrimmed HTLC: its output, and the transaction by which the commitment's owner resolves it. */
export interface HtlcTransaction {
  readonly htlc: SpecHtlc
  /** Of the commitment transaction. */
  readonly outputIndex: number
  /** Of the commitment transaction's output. */
  readonly amount: Sat
  readonly witnessScript: Uint8Array
  /** The unsigned HTLC-timeout (offered) or HTLC-success (received) transaction. */
  readonly tx: Tx
  /** What the other side signs for `commitment_signed`, with its HTLC key for this commitment. */
  readonly sighash: Uint8Array
}

export interface CommitmentTransaction {
  readonly txid: TxId
  /** Without witness. */
  readonly tx: Tx
  /** What each side signs with its funding key. */
  readonly fundingSighash: Uint8Array
  /** In output order, as the signatures in `commitment_signed` are. */
  readonly htlcTransactions: readonly HtlcTransaction[]
  readonly outputs: {
    readonly toLocal?: number
    readonly toRemote?: number
    readonly localAnchor?: number
    readonly remoteAnchor?: number
  }
  /** What the miner gets: the base fee, and everything trimmed or rounded away. */
  readonly fee: Sat
}

export interface CommitmentInput {
  readonly params: CommitmentParams
  readonly keys: CommitmentKeys
  /** The commitment number, counting up from 0. */
  readonly index: number
  readonly spec: CommitmentSpec
}

/** BOLT 3, commitment transaction construction. The caller has checked that the opener can pay; what it cannot is left at 0. */
export declare const buildCommitment: (input: CommitmentInput) => CommitmentTransaction

/** The transaction with the funding output's witness. `localSignature` is the owner's. */
export declare const signedCommitment: (
  params: CommitmentParams,
  commitment: CommitmentTransaction,
  localSignature: Signature,
  remoteSignature: Signature,
) => Tx
