import { BARE_INPUT_WEIGHT, dustLimit, feeForWeight, outputWeight, TX_OVERHEAD_WEIGHT } from '../../bitcoin/fees.ts'
import { EMPTY } from '../../lib/bytes.ts'
import { invariant } from '../../lib/errors.ts'
import type { OutPoint, PaymentHash, Preimage, Signature } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw, Sat } from '../../lib/units.ts'
import type { CommitmentKeys } from '../commitment/commitment-keys.ts'
import type { CommitmentParams } from '../commitment/commitment-params.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import type { CommitmentTransaction } from '../commitment/commitment-transaction.ts'
import type { HtlcTransaction } from '../commitment/htlc-transactions.ts'
import { type Claim, walletFee } from './claim.ts'
import {
  type ConfirmedSpend,
  findSpend,
  type OnChainOutcome,
  outcomeOfSpend,
  type SpentBy,
} from './on-chain-outcome.ts'

/** Our commitment transaction on the chain, and what has happened to its outputs since. */
export interface LocalCommitmentClose {
  readonly params: CommitmentParams
  readonly keys: CommitmentKeys
  readonly commitment: CommitmentTransaction
  /** All HTLCs of the commitment, including dust. */
  readonly htlcs: readonly SpecHtlc[]
  /** The peer's signatures, in the order of `commitment.htlcTransactions`. */
  readonly remoteHtlcSignatures: readonly Signature[]
  /** The block that holds the commitment transaction. */
  readonly confirmedAt: BlockHeight
  /** The height of the tip. */
  readonly blockHeight: BlockHeight
  /** Every confirmed transaction that spends an output of the commitment, or of one of our HTLC transactions. */
  readonly spends: readonly ConfirmedSpend[]
  readonly preimageOf: (paymentHash: PaymentHash) => Preimage | undefined
  /** Where the wallet wants the money paid. */
  readonly destination: Uint8Array
  readonly feeratePerKw: FeeratePerKw
}

export interface LocalCommitmentResolution {
  /** The outputs that we may take and have not taken yet, in a fixed order; some can be published only from a later height. */
  readonly claims: readonly Claim[]
  /** For every HTLC of the commitment. */
  readonly outcomes: readonly HtlcWithOutcome[]
  /** Outputs that are not worth their fee at this rate. */
  readonly uneconomical: readonly OutPoint[]
  /** Once nothing is left to do: the height at which the last output was resolved. */
  readonly resolvedAt?: BlockHeight
}

interface HtlcWithOutcome {
  readonly htlc: SpecHtlc
  readonly outcome: OnChainOutcome
}

/** BOLT 5, local commitment transaction: what can be claimed, and how each HTLC was resolved. */
export const localCommitmentClaims = (close: LocalCommitmentClose): LocalCommitmentResolution => {
  const { commitment, spends, blockHeight } = close
  const fates: OutputFate[] = []
  const { toLocal } = commitment.outputs
  if (toLocal !== undefined) {
    const outpoint = { txid: commitment.txid, index: toLocal }
    const amount = commitment.tx.outputs[toLocal]?.amount ?? 0n
    fates.push(delayedFate(close, { kind: { type: 'to-local' }, outpoint, amount, since: close.confirmedAt }))
  }
  const outcomes = new Map<SpecHtlc, OnChainOutcome>()
  for (const [position, transaction] of commitment.htlcTransactions.entries()) {
    const { htlc, outputIndex } = transaction
    const spentBy = findSpend(spends, { txid: commitment.txid, index: outputIndex })
    const outcome: OnChainOutcome = spentBy === undefined ? { type: 'pending' } : outcomeOfSpend(transaction, spentBy)
    outcomes.set(htlc, outcome)
    if (spentBy === undefined) {
      const claim = htlcClaim(close, transaction, position)
      if (claim !== undefined) fates.push({ type: 'open', claim })
      // BOLT 5, remote offers: without the preimage, only the peer can take an expired HTLC; for us it is resolved.
      else if (blockHeight >= htlc.cltvExpiry) fates.push({ type: 'resolved', height: htlc.cltvExpiry })
      else fates.push({ type: 'open' })
    } else if (outcome.type === 'fulfilled-by-us' || outcome.type === 'timed-out-by-us') {
      fates.push(htlcOutputFate(close, htlc, spentBy))
    } else fates.push({ type: 'resolved', height: spentBy.spend.height })
  }
  const resolvedAt = lastHeight(close.confirmedAt, fates)
  return {
    claims: fates.flatMap((fate) => (fate.type === 'open' && fate.claim !== undefined ? [fate.claim] : [])),
    outcomes: close.htlcs.map((htlc) => ({ htlc, outcome: outcomes.get(htlc) ?? { type: 'no-output' } })),
    uneconomical: fates.flatMap((fate) => (fate.type === 'uneconomical' ? [fate.outpoint] : [])),
    ...(resolvedAt !== undefined && { resolvedAt }),
  }
}

type OutputFate =
  | { readonly type: 'open'; readonly claim?: Claim }
  | { readonly type: 'uneconomical'; readonly outpoint: OutPoint }
  | { readonly type: 'resolved'; readonly height: BlockHeight }

const lastHeight = (confirmedAt: BlockHeight, fates: readonly OutputFate[]): BlockHeight | undefined => {
  let last: BlockHeight = confirmedAt
  for (const fate of fates) {
    if (fate.type === 'open') return undefined
    if (fate.type === 'resolved') last = Math.max(last, fate.height)
  }
  return last
}

const htlcClaim = (close: LocalCommitmentClose, transaction: HtlcTransaction, position: number): Claim | undefined => {
  const { params, keys, commitment, feeratePerKw, confirmedAt } = close
  const { htlc, outputIndex, amount, lock, tx } = transaction
  const remoteSignature = close.remoteHtlcSignatures[position]
  invariant(remoteSignature !== undefined, 'the peer has signed each of our HTLC transactions')
  const preimage = htlc.direction === 'received' ? close.preimageOf(htlc.paymentHash) : undefined
  if (htlc.direction === 'received' && preimage === undefined) return undefined
  const { format } = params
  const weight = preimage === undefined ? format.htlcTimeoutWeight : format.htlcSuccessWeight
  const ownFee = amount - (tx.outputs[0]?.amount ?? 0n)
  const path = { type: 'htlc-transaction', remoteSignature, ...(preimage !== undefined && { preimage }) } as const
  return {
    kind: { type: preimage === undefined ? 'htlc-timeout' : 'htlc-success', htlc },
    outpoint: { txid: commitment.txid, index: outputIndex },
    amount,
    format: format.name,
    lock,
    path,
    key: format.spendKey(path, keys.perCommitmentPoint),
    tx,
    fee: walletFee(feeratePerKw, weight, ownFee),
    // BOLT 5: an HTLC has timed out once the tip is at its expiry. The input's sequence asks for one confirmation.
    publishableFrom: preimage === undefined ? Math.max(confirmedAt, htlc.cltvExpiry) : confirmedAt,
    ...(preimage !== undefined && { deadline: htlc.cltvExpiry }),
  }
}

interface DelayedOutput {
  readonly kind: Extract<Claim['kind'], { type: 'to-local' | 'htlc-output' }>
  readonly outpoint: OutPoint
  readonly amount: Sat
  /** The height of the block that holds it. */
  readonly since: BlockHeight
}

const htlcOutputFate = (close: LocalCommitmentClose, htlc: SpecHtlc, { spend, inputIndex }: SpentBy): OutputFate => {
  // The peer's SINGLE signature ties an HTLC input to the output at the same index.
  const amount = spend.tx.outputs[inputIndex]?.amount ?? 0n
  const outpoint = { txid: spend.txid, index: inputIndex }
  return delayedFate(close, { kind: { type: 'htlc-output', htlc }, outpoint, amount, since: spend.height })
}

const delayedFate = (close: LocalCommitmentClose, { kind, outpoint, amount, since }: DelayedOutput): OutputFate => {
  const { params, keys, destination, feeratePerKw } = close
  const spentBy = findSpend(close.spends, outpoint)
  if (spentBy !== undefined) return { type: 'resolved', height: spentBy.spend.height }
  const { format } = params
  const locks = format.locks(params, keys)
  const lock = kind.type === 'to-local' ? locks.toLocal : locks.htlcTransaction
  const path = { type: 'delayed' } as const
  const weight =
    TX_OVERHEAD_WEIGHT + BARE_INPUT_WEIGHT + format.spendWitnessWeight(lock, path) + outputWeight(destination)
  const fee = feeForWeight(feeratePerKw, weight)
  if (amount - fee < dustLimit(destination)) return { type: 'uneconomical', outpoint }
  const claim: Claim = {
    kind,
    outpoint,
    amount,
    format: format.name,
    lock,
    path,
    key: format.spendKey(path, keys.perCommitmentPoint),
    tx: {
      version: 2,
      // BOLT 3, to_local output: the sequence is the delay that the peer asked for.
      inputs: [{ outpoint, sequence: params.toSelfDelay, scriptSig: EMPTY, witness: [] }],
      outputs: [{ amount: amount - fee, script: destination }],
      lockTime: 0,
    },
    fee: { type: 'included', fee },
    // BIP 68: it can be mined at the earliest `toSelfDelay` blocks after its parent, so nodes accept it when the tip is one block before
    // that.
    publishableFrom: since + Math.max(params.toSelfDelay, 1) - 1,
  }
  return { type: 'open', claim }
}
