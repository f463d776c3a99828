import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import type { HtlcTransaction } from '../commitment/htlc-transactions.ts'
import { findSpend, type OnChainOutcome, outcomeOfSpend } from './on-chain-outcome.ts'
import {
  type CommitmentClose,
  type ConcernedOutput,
  fromFates,
  type HtlcWithOutcome,
  type OutputFate,
  offeredFate,
  type Resolution,
} from './resolution.ts'
import { sweep } from './sweep.ts'

/**
 * BOLT 5, remote commitment transaction, current or next: what is ours in it, and how each HTLC was resolved. No transaction of the peer's
 * is needed to take it: each output is spent by one of ours, straight to the wallet.
 */
export const remoteCommitmentClaims = (close: CommitmentClose): Resolution => {
  const { params, keys, commitment, confirmedAt } = close
  const fates: OutputFate[] = []
  const outputs: ConcernedOutput[] = []
  const { toRemote } = commitment.outputs
  if (toRemote !== undefined) {
    const lock = params.format.locks(params, keys).toRemote
    const path = { type: 'to-remote' } as const
    const outpoint = { txid: commitment.txid, index: toRemote }
    outputs.push({ outpoint, script: lock.outputScript })
    fates.push(
      sweep(close, {
        kind: { type: 'to-remote' },
        outpoint,
        amount: commitment.tx.outputs[toRemote]?.amount ?? 0n,
        lock,
        path,
        key: params.format.spendKey(path, keys.perCommitmentPoint),
        since: confirmedAt,
        delay: params.format.leastDelay,
      }),
    )
  }
  const outcomes = new Map<SpecHtlc, OnChainOutcome>()
  for (const transaction of commitment.htlcTransactions) {
    const outpoint = { txid: commitment.txid, index: transaction.outputIndex }
    const htlc = seenByUs(transaction.htlc)
    outputs.push({ outpoint, script: transaction.lock.outputScript, htlc })
    const { fate, outcome } = htlcFate(close, transaction, htlc)
    fates.push(fate)
    outcomes.set(transaction.htlc, outcome)
  }
  return {
    ...fromFates(confirmedAt, fates),
    outputs,
    // BOLT 5, local offers: an HTLC without an output ends with the commitment.
    outcomes: close.htlcs.map(
      (htlc): HtlcWithOutcome => ({ htlc: seenByUs(htlc), outcome: outcomes.get(htlc) ?? { type: 'no-output' } }),
    ),
    others: 'no-output',
  }
}

const PENDING: OnChainOutcome = { type: 'pending' }

const htlcFate = (
  close: CommitmentClose,
  { outputIndex, amount, lock }: HtlcTransaction,
  htlc: SpecHtlc,
): { readonly fate: OutputFate; readonly outcome: OnChainOutcome } => {
  const { params, keys, commitment, blockHeight, confirmedAt, spends } = close
  const outpoint = { txid: commitment.txid, index: outputIndex }
  const spentBy = findSpend(spends, outpoint)
  if (spentBy !== undefined)
    return { fate: { type: 'resolved', height: spentBy.spend.height }, outcome: outcomeOfSpend(htlc, spentBy) }
  const output = {
    outpoint,
    amount,
    lock,
    since: confirmedAt,
    delay: params.format.leastDelay,
  }
  const { cltvExpiry } = htlc
  if (htlc.direction === 'received') {
    const preimage = close.preimageOf(htlc)
    // BOLT 5, remote offers: without a preimage only the peer can take it, and once it has expired that is its own affair.
    if (preimage === undefined)
      return {
        fate: blockHeight >= cltvExpiry ? { type: 'resolved', height: cltvExpiry } : { type: 'open' },
        outcome: PENDING,
      }
    const path = { type: 'htlc-preimage', preimage } as const
    const fate = sweep(close, {
      ...output,
      kind: { type: 'received-htlc', htlc },
      path,
      key: params.format.spendKey(path, keys.perCommitmentPoint),
    })
    return { fate, outcome: PENDING }
  }
  // BOLT 5, local offers: once it has timed out it is ours again.
  const path = { type: 'htlc-expiry' } as const
  const fate = sweep(close, {
    ...output,
    kind: { type: 'offered-htlc', htlc },
    path,
    key: params.format.spendKey(path, keys.perCommitmentPoint),
    expiry: cltvExpiry,
  })
  return offeredFate(close, htlc, fate)
}

const seenByUs = (htlc: SpecHtlc): SpecHtlc => ({
  ...htlc,
  direction: htlc.direction === 'offered' ? 'received' : 'offered',
})
