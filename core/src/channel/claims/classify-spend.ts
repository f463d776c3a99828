import { type Tx, txidOf } from '../../bitcoin/transaction.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { PublicKey, TxId } from '../../lib/ids.ts'
import { deriveCommitmentKeys } from '../commitment/commitment-keys.ts'
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
  /** A commitment of the peer's that it has revoked. */
  | 'revoked'
  /** A commitment of ours that we have revoked: another copy of this node, started from old data, has published it. */
  | 'revoked-local'
  /** A commitment that we do not know: a later one than ours, of a peer that remembers more than we do. */
  | 'unknown'

/** The commitments on the funding output that is spent. */
export interface KnownCommitments {
  readonly localParams: CommitmentParams
  readonly local: { readonly txid: TxId; readonly index: number }
  readonly remote: { readonly txid: TxId; readonly index: number }
  readonly remoteNext?: { readonly txid: TxId }
}

export const classifySpend = (
  { localParams, local, remote, remoteNext }: KnownCommitments,
  tx: Tx,
  /** Our per-commitment point of a number. */
  commitmentPoint: (index: number) => PublicKey,
): CloseKind => {
  const txid = txidOf(tx)
  if (equalBytes(txid, local.txid)) return 'local'
  if (equalBytes(txid, remote.txid)) return 'remote'
  if (remoteNext !== undefined && equalBytes(txid, remoteNext.txid)) return 'remote-next'
  // The funding output needs our signature: if the spend is not a commitment, it is a closing transaction that we have signed.
  if (!isCommitmentLike(tx)) return 'mutual'
  const number = numberOfCommitment(localParams, tx)
  if (number === undefined) return 'unknown'
  // Both sides hide the same numbers in the same way: whose a commitment is shows only in what it pays to.
  if (number < local.index && isOurs(localParams, commitmentPoint(number), tx)) return 'revoked-local'
  return number < remote.index ? 'revoked' : 'unknown'
}

/** A commitment of ours that we have forgotten: a database that was put back is older than the close. */
export const isForgottenLocal = (
  { localParams, local }: KnownCommitments,
  tx: Tx,
  commitmentPoint: (index: number) => PublicKey,
): boolean => {
  const number = numberOfCommitment(localParams, tx)
  return number !== undefined && number >= local.index && isOurs(localParams, commitmentPoint(number), tx)
}

// The opener keeps a reserve above the dust limit (BOLT 2, channel_reserve_satoshis), so one of the main outputs is in every commitment.
const isOurs = (params: CommitmentParams, point: PublicKey, { outputs }: Tx): boolean => {
  const { toLocal, toRemote } = params.format.locks(params, deriveCommitmentKeys(params, point))
  return outputs.some(({ script }) => [toLocal, toRemote].some((lock) => equalBytes(lock.outputScript, script)))
}
