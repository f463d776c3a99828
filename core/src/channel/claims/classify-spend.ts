import { type Tx, txidOf } from '../../bitcoin/transaction.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { TxId } from '../../lib/ids.ts'
import type { CommitmentParams } from '../commitment/commitment-params.ts'
import { isCommitmentLike, numberOfCommitment } from '../commitment/commitment-transaction.ts'

/**
 * What a transaction that spends the funding output is (BOLT 5). A splice has no kind yet: its transaction is the funding of another
 * commitment of the channel, and a channel has only one.
 */
export type CloseKind =
  /** Signed by both sides for the purpose of closing. */
  | 'mutual'
  /** Our latest commitment. */
  | 'local'
  /** The peer's current commitment, and the one that we have signed after it while the current one is not revoked. */
  | 'remote'
  | 'remote-next'
  /** A commitment that has been revoked. */
  | 'revoked'
  /** A commitment that we do not know: a later one than ours, of a peer that remembers more than we do. */
  | 'unknown'

/** The commitments on the funding output that is spent. */
export interface KnownCommitments {
  readonly localParams: CommitmentParams
  readonly local: { readonly txid: TxId }
  readonly remote: { readonly txid: TxId; readonly index: number }
  readonly remoteNext?: { readonly txid: TxId }
}

export const classifySpend = ({ localParams, local, remote, remoteNext }: KnownCommitments, tx: Tx): CloseKind => {
  const txid = txidOf(tx)
  if (equalBytes(txid, local.txid)) return 'local'
  if (equalBytes(txid, remote.txid)) return 'remote'
  if (remoteNext !== undefined && equalBytes(txid, remoteNext.txid)) return 'remote-next'
  // The funding output needs our signature: if the spend is not a commitment, it is a closing transaction that we have signed.
  if (!isCommitmentLike(tx)) return 'mutual'
  const number = numberOfCommitment(localParams, tx)
  return number !== undefined && number < remote.index ? 'revoked' : 'unknown'
}
