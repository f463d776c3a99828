import type { BlockHeight } from '../../lib/units.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import type { HtlcTransaction } from '../commitment/htlc-transactions.ts'
import type { PathInForce } from '../commitment/output-lock.ts'
import type { Claim } from './claim.ts'
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
import { toRemoteFates } from './unknown-commitment-claims.ts'

/**
 * BOLT 5, remote commitment transaction, current or next: what is ours in it, and how each HTLC was resolved. No transaction of the peer's
 * is needed to take it: each output is spent by one of ours, straight to the wallet.
 */
export const remoteCommitmentClaims = (close: CommitmentClose): Resolution => {
  const { commitment, confirmedAt } = close
  const toRemote = toRemoteFates(close, commitment.tx, confirmedAt)
  const fates: OutputFate[] = [...toRemote.fates]
  const outputs: ConcernedOutput[] = [...toRemote.outputs]
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
const OPEN: OutputFate = { type: 'open' }

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
  const { cltvExpiry } = htlc
  const taken = (kind: Claim['kind'], path: PathInForce, expiry: BlockHeight): OutputFate =>
    sweep(close, {
      kind,
      outpoint,
      amount,
      lock,
      path,
      key: params.format.spendKey(path, keys.perCommitmentPoint),
      since: confirmedAt,
      delay: params.format.leastDelay,
      expiry,
    })
  if (htlc.direction === 'received') {
    const preimage = close.preimageOf(htlc)
    if (preimage !== undefined) {
      const fate = taken({ type: 'received-htlc', htlc }, { type: 'htlc-preimage', preimage }, 0)
      return { fate, outcome: PENDING }
    }
    // BOLT 5, remote offers: without a preimage only the peer can take it, and once it has expired that is its own affair.
    return { fate: blockHeight >= cltvExpiry ? { type: 'resolved', height: cltvExpiry } : OPEN, outcome: PENDING }
  }
  // BOLT 5, local offers: once it has timed out it is ours again.
  return offeredFate(close, htlc, taken({ type: 'offered-htlc', htlc }, { type: 'htlc-expiry' }, cltvExpiry))
}

const seenByUs = (htlc: SpecHtlc): SpecHtlc => ({
  ...htlc,
  direction: htlc.direction === 'offered' ? 'received' : 'offered',
})
