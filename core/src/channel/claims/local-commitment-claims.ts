import { invariant } from '../../lib/errors.ts'
import type { Signature } from '../../lib/ids.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import type { HtlcTransaction } from '../commitment/htlc-transactions.ts'
import { type Claim, isWorthItsFee, walletFee } from './claim.ts'
import { findSpend, type OnChainOutcome, outcomeOfSpend } from './on-chain-outcome.ts'
import {
  type CommitmentClose,
  type ConcernedOutput,
  fromFates,
  type OutputFate,
  offeredFate,
  type Resolution,
} from './resolution.ts'
import { htlcStakes } from './stakes.ts'
import { sweep } from './sweep.ts'

/** Our commitment transaction on the chain. */
export interface LocalCommitmentClose extends CommitmentClose {
  /** The peer's signatures, in the order of `commitment.htlcTransactions`. */
  readonly remoteHtlcSignatures: readonly Signature[]
}

/** BOLT 5, local commitment transaction: what can be claimed, and how each HTLC was resolved. */
export const localCommitmentClaims = (close: LocalCommitmentClose): Resolution => {
  const { params, keys, commitment, spends, confirmedAt } = close
  const { txid } = commitment
  const locks = params.format.locks(params, keys)
  const path = { type: 'delayed' } as const
  const fates: OutputFate[] = []
  const outputs: ConcernedOutput[] = []
  const { toLocal } = commitment.outputs
  if (toLocal !== undefined) {
    const outpoint = { txid, index: toLocal }
    outputs.push({ outpoint, script: locks.toLocal.outputScript })
    fates.push(
      sweep(close, {
        kind: { type: 'to-local' },
        outpoint,
        amount: commitment.tx.outputs[toLocal]?.amount ?? 0n,
        lock: locks.toLocal,
        path,
        key: params.format.spendKey(path, keys.perCommitmentPoint),
        since: confirmedAt,
        // BOLT 3, to_local output: the sequence is the delay that the peer asked for.
        delay: params.toSelfDelay,
      }),
    )
  }
  const outcomes = new Map<SpecHtlc, OnChainOutcome>()
  for (const [position, transaction] of commitment.htlcTransactions.entries()) {
    const { htlc, outputIndex, lock } = transaction
    const outpoint = { txid, index: outputIndex }
    outputs.push({ outpoint, script: lock.outputScript, htlc })
    const spentBy = findSpend(spends, outpoint)
    if (spentBy === undefined) {
      const unspent = unspentFate(close, transaction, position)
      fates.push(unspent.fate)
      outcomes.set(htlc, unspent.outcome)
      continue
    }
    const outcome = outcomeOfSpend(htlc, spentBy)
    outcomes.set(htlc, outcome)
    if (outcome.type === 'fulfilled-by-us' || outcome.type === 'timed-out-by-us') {
      const { spend, inputIndex } = spentBy
      // The peer's SINGLE signature ties an HTLC input to the output at the same index.
      const second = { txid: spend.txid, index: inputIndex }
      outputs.push({ outpoint: second, script: locks.htlcTransaction.outputScript })
      fates.push(
        sweep(close, {
          kind: { type: 'htlc-output', htlc },
          outpoint: second,
          amount: spend.tx.outputs[inputIndex]?.amount ?? 0n,
          lock: locks.htlcTransaction,
          path,
          key: params.format.spendKey(path, keys.perCommitmentPoint),
          since: spend.height,
          delay: params.toSelfDelay,
        }),
      )
    } else fates.push({ type: 'resolved', height: spentBy.spend.height })
  }
  return {
    ...fromFates(confirmedAt, fates),
    outputs,
    outcomes: close.htlcs.map((htlc) => ({ htlc, outcome: outcomes.get(htlc) ?? { type: 'no-output' } })),
    others: 'no-output',
  }
}

const PENDING: OnChainOutcome = { type: 'pending' }

const unspentFate = (
  close: LocalCommitmentClose,
  transaction: HtlcTransaction,
  position: number,
): { readonly fate: OutputFate; readonly outcome: OnChainOutcome } => {
  const { htlc } = transaction
  const { cltvExpiry, direction } = htlc
  const claim = htlcClaim(close, transaction, position)
  if (claim === undefined) {
    // BOLT 5, remote offers: without the preimage, only the peer can take an expired HTLC; for us it is resolved.
    const isExpired = close.blockHeight >= cltvExpiry
    return { fate: isExpired ? { type: 'resolved', height: cltvExpiry } : { type: 'open' }, outcome: PENDING }
  }
  // Its transaction would never be made, and nothing may wait for it.
  const fate: OutputFate = isWorthItsFee(claim)
    ? { type: 'open', claim }
    : { type: 'uneconomical', height: close.confirmedAt }
  return direction === 'offered' ? offeredFate(close, htlc, fate) : { fate, outcome: PENDING }
}

const htlcClaim = (close: LocalCommitmentClose, transaction: HtlcTransaction, position: number): Claim | undefined => {
  const { params, keys, commitment, feeratePerKw, confirmedAt } = close
  const { htlc, outputIndex, amount, lock, tx } = transaction
  const remoteSignature = close.remoteHtlcSignatures[position]
  invariant(remoteSignature !== undefined, 'the peer has signed each of our HTLC transactions')
  const preimage = htlc.direction === 'received' ? close.preimageOf(htlc) : undefined
  if (htlc.direction === 'received' && preimage === undefined) return undefined
  const { format } = params
  const weight = preimage === undefined ? format.htlcTimeoutWeight : format.htlcSuccessWeight
  const kind = { type: preimage === undefined ? 'htlc-timeout' : 'htlc-success', htlc } as const
  const path = { type: 'htlc-transaction', remoteSignature, ...(preimage !== undefined && { preimage }) } as const
  return {
    kind,
    outpoint: { txid: commitment.txid, index: outputIndex },
    amount,
    format: format.name,
    lock,
    path,
    key: format.spendKey(path, keys.perCommitmentPoint),
    tx,
    // What it pays by itself is a part of what it has to pay.
    fee: walletFee(feeratePerKw, weight, 0n),
    weight,
    stakes: htlcStakes(kind, amount),
    // BOLT 5: an HTLC has timed out once the tip is at its expiry. The input's sequence asks for one confirmation.
    publishableFrom: preimage === undefined ? Math.max(confirmedAt, htlc.cltvExpiry) : confirmedAt,
  }
}
