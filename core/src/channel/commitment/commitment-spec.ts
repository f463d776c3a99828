import { feeForWeight } from '../../bitcoin/fees.ts'
import type { HtlcId, PaymentHash } from '../../lib/ids.ts'
import {
  type BlockHeight,
  type FeeratePerKw,
  MSAT_PER_SAT,
  type Msat,
  msatToSatFloor,
  type Sat,
} from '../../lib/units.ts'
import type { CommitmentFormat } from './commitment-format.ts'

/** Seen from the owner of the commitment transaction: an HTLC that it offered, or one that it received. */
export type HtlcDirection = 'offered' | 'received'

export interface SpecHtlc {
  readonly direction: HtlcDirection
  readonly id: HtlcId
  readonly amountMsat: Msat
  readonly paymentHash: PaymentHash
  readonly cltvExpiry: BlockHeight
}

/**
 * The content of one commitment transaction, dust included, from its owner's view ("local" is the owner, whichever node that is).
 * `toLocalMsat + toRemoteMsat + every HTLC` is the channel's capacity: fees and anchors are not taken out here.
 */
export interface CommitmentSpec {
  readonly htlcs: readonly SpecHtlc[]
  readonly feeratePerKw: FeeratePerKw
  readonly toLocalMsat: Msat
  readonly toRemoteMsat: Msat
}

/** The fee of an HTLC transaction that is taken out of the HTLC: none if the format has zero-fee HTLC transactions. */
export const htlcTransactionFee = (
  format: CommitmentFormat,
  direction: HtlcDirection,
  feeratePerKw: FeeratePerKw,
): Sat =>
  format.htlcTransactionsPayFees
    ? feeForWeight(feeratePerKw, direction === 'offered' ? format.htlcTimeoutWeight : format.htlcSuccessWeight)
    : 0n

/**
 * BOLT 3, trimmed outputs: an HTLC has no output if its HTLC transaction would leave less than the dust limit of the commitment's owner.
 * Its amount then goes to the miner.
 */
export const htlcIsTrimmed = (
  format: CommitmentFormat,
  htlc: Pick<SpecHtlc, 'direction' | 'amountMsat'>,
  feeratePerKw: FeeratePerKw,
  dustLimit: Sat,
): boolean => msatToSatFloor(htlc.amountMsat) - htlcTransactionFee(format, htlc.direction, feeratePerKw) < dustLimit

/** How many HTLCs have an output. */
export const untrimmedHtlcCount = (format: CommitmentFormat, spec: CommitmentSpec, dustLimit: Sat): number => {
  let count = 0
  for (const htlc of spec.htlcs) if (!htlcIsTrimmed(format, htlc, spec.feeratePerKw, dustLimit)) count++
  return count
}

/** Expected weight with this number of HTLC outputs (BOLT 3, appendix A). */
export const commitmentWeight = (format: CommitmentFormat, untrimmedHtlcs: number): number =>
  format.commitmentWeight + format.htlcOutputWeight * untrimmedHtlcs

/** The base fee of a commitment transaction with this number of HTLC outputs; the opener pays it. */
export const commitmentFee = (format: CommitmentFormat, feeratePerKw: FeeratePerKw, untrimmedHtlcs: number): Sat =>
  feeForWeight(feeratePerKw, commitmentWeight(format, untrimmedHtlcs))

/** What is taken from the opener's balance before outputs are made: the base fee and both anchors. */
export const openerCost = (format: CommitmentFormat, feeratePerKw: FeeratePerKw, untrimmedHtlcs: number): Sat =>
  commitmentFee(format, feeratePerKw, untrimmedHtlcs) + 2n * format.anchorAmount

/** `openerCost` of this commitment, in millisatoshis: what the opener must be able to pay above its reserve. */
export const commitFeeMsat = (format: CommitmentFormat, spec: CommitmentSpec, dustLimit: Sat): Msat =>
  openerCost(format, spec.feeratePerKw, untrimmedHtlcCount(format, spec, dustLimit)) * MSAT_PER_SAT

/** The amount in HTLCs that this commitment would leave to the miner (BOLT 2, bounding exposure to trimmed HTLCs). */
export const dustExposureMsat = (format: CommitmentFormat, spec: CommitmentSpec, dustLimit: Sat): Msat => {
  let exposure = 0n
  for (const htlc of spec.htlcs)
    if (htlcIsTrimmed(format, htlc, spec.feeratePerKw, dustLimit)) exposure += htlc.amountMsat
  return exposure
}
