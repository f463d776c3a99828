import type { OutPoint, Preimage } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw } from '../../lib/units.ts'
import type { CommitmentKeys } from '../commitment/commitment-keys.ts'
import type { CommitmentParams } from '../commitment/commitment-params.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import type { CommitmentTransaction } from '../commitment/commitment-transaction.ts'
import type { Claim } from './claim.ts'
import type { ConfirmedSpend, OnChainOutcome } from './on-chain-outcome.ts'

/**
 * What a spend of the funding output leaves to be done, in one form for every kind of spend (BOLT 5). It is a function of the chain and of
 * what the channel knows: nothing of it is stored.
 */
export interface Resolution {
  /** The outputs that we may take and have not taken yet, in a fixed order; some can be published only from a later height. */
  readonly claims: readonly Claim[]
  /** For HTLCs that the spending transaction holds, dust included. */
  readonly outcomes: readonly HtlcWithOutcome[]
  /** The outcome of any other HTLC of the channel: it ended with the transaction, or nobody knows where it is. */
  readonly others: 'no-output' | 'pending'
  /** The outputs whose spends concern us, those of HTLC transactions included, and whatever they are worth. */
  readonly outputs: readonly ConcernedOutput[]
  /** Once nothing is left to do: the height at which the last output was resolved. */
  readonly resolvedAt?: BlockHeight
}

export interface HtlcWithOutcome {
  /** From our view, whosever commitment it is in. */
  readonly htlc: SpecHtlc
  readonly outcome: OnChainOutcome
}

export interface ConcernedOutput {
  readonly outpoint: OutPoint
  readonly script: Uint8Array
  /** From our view. */
  readonly htlc?: SpecHtlc
  /** Of an output that nobody here can tell: the HTLCs that we offered and that it may belong to. */
  readonly mayBe?: readonly SpecHtlc[]
}

/** What claims are made with. */
export interface ClaimTerms {
  readonly params: CommitmentParams
  /** The height of the tip. */
  readonly blockHeight: BlockHeight
  /** Every confirmed transaction that spends an output of the commitment, or of an HTLC transaction that spends one of them. */
  readonly spends: readonly ConfirmedSpend[]
  /** Where the wallet wants the money paid. */
  readonly destination: Uint8Array
  readonly feeratePerKw: FeeratePerKw
}

/** A commitment transaction on the chain, whosever it is, and what has happened to its outputs since. */
export interface CommitmentClose extends ClaimTerms {
  readonly keys: CommitmentKeys
  readonly commitment: CommitmentTransaction
  /** All HTLCs of the commitment, including dust, from its owner's view. */
  readonly htlcs: readonly SpecHtlc[]
  /** The block that holds the commitment transaction. */
  readonly confirmedAt: BlockHeight
  /** What we fulfil an HTLC with that was offered to us, once we have decided to. */
  readonly preimageOf: (htlc: SpecHtlc) => Preimage | undefined
}

/** How far an output has come. */
export type OutputFate =
  | { readonly type: 'open'; readonly claim?: Claim }
  /** Not worth the least fee that relays. Final from this height on. */
  | { readonly type: 'uneconomical'; readonly height: BlockHeight }
  | { readonly type: 'resolved'; readonly height: BlockHeight }

/** The part of a resolution that follows from the fates of its outputs. */
export const fromFates = (
  confirmedAt: BlockHeight,
  fates: readonly OutputFate[],
): Pick<Resolution, 'claims' | 'resolvedAt'> => {
  const resolvedAt = lastHeight(confirmedAt, fates)
  return {
    claims: fates.flatMap((fate) => (fate.type === 'open' && fate.claim !== undefined ? [fate.claim] : [])),
    ...(resolvedAt !== undefined && { resolvedAt }),
  }
}

const lastHeight = (confirmedAt: BlockHeight, fates: readonly OutputFate[]): BlockHeight | undefined => {
  let last: BlockHeight = confirmedAt
  for (const fate of fates) {
    if (fate.type === 'open') return undefined
    last = Math.max(last, fate.height)
  }
  return last
}

/**
 * What becomes of an HTLC that we offered while its output is unspent. If the output is not worth its fee, the peer may still show the
 * preimage until it expires; afterwards nobody takes it for its worth, and it is like one that was trimmed (BOLT 5, local offers).
 */
export const offeredFate = (
  { blockHeight }: ClaimTerms,
  { cltvExpiry }: SpecHtlc,
  fate: OutputFate,
): { readonly fate: OutputFate; readonly outcome: OnChainOutcome } => {
  if (fate.type !== 'uneconomical') return { fate, outcome: { type: 'pending' } }
  const height = Math.max(fate.height, cltvExpiry)
  return blockHeight >= height
    ? { fate: { type: 'uneconomical', height }, outcome: { type: 'given-up', height } }
    : { fate: { type: 'open' }, outcome: { type: 'pending' } }
}
