import { SIGHASH_SINGLE_ANYONECANPAY } from '../../bitcoin/sighash.ts'
import type { Sat } from '../../lib/units.ts'

/** BOLT 3 rules that depend on the channel's type. A commitment stores the name of its format; the rules are looked up by this name. */
export interface CommitmentFormat {
  readonly name: CommitmentFormatName
  /** Expected weight of a commitment transaction without HTLC outputs (BOLT 3, appendix A). */
  readonly commitmentWeight: number
  /** Weight of each untrimmed HTLC output. */
  readonly htlcOutputWeight: number
  /** The amount of each of the two anchors; the opener pays both. */
  readonly anchorAmount: Sat
  /** Expected weight of a signed HTLC transaction, before an input for its fee is added. */
  readonly htlcSuccessWeight: number
  readonly htlcTimeoutWeight: number
  /** Whether HTLC transactions take their fee out of the HTLC. This also decides which HTLCs are trimmed. */
  readonly htlcTransactionsPayFees: boolean
  /** The type of the signature that the other side gives for our HTLC transactions. */
  readonly htlcSighashType: number
  /** Sequence of an input that spends an HTLC output of a commitment transaction. */
  readonly htlcInputSequence: number
  readonly htlcTransactionVersion: number
}

export type CommitmentFormatName = 'anchors-zero-fee-htlc'

/** `option_anchors`: HTLC transactions pay no fee, both sides have an anchor (BOLT 3). */
export const ANCHORS_ZERO_FEE_HTLC: CommitmentFormat = {
  name: 'anchors-zero-fee-htlc',
  commitmentWeight: 1124,
  htlcOutputWeight: 172,
  anchorAmount: 330n,
  htlcSuccessWeight: 706,
  htlcTimeoutWeight: 666,
  htlcTransactionsPayFees: false,
  htlcSighashType: SIGHASH_SINGLE_ANYONECANPAY,
  htlcInputSequence: 1,
  htlcTransactionVersion: 2,
}

/** The rules of a format by its persisted name. */
export const commitmentFormat = (name: CommitmentFormatName): CommitmentFormat => FORMATS[name]

const FORMATS: Readonly<Record<CommitmentFormatName, CommitmentFormat>> = {
  'anchors-zero-fee-htlc': ANCHORS_ZERO_FEE_HTLC,
}
