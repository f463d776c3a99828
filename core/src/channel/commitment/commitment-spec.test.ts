import test from 'ava'
import type { CommitmentFormat } from './commitment-format.ts'
import {
  type CommitmentSpec,
  commitFeeMsat,
  commitmentFee,
  commitmentWeight,
  dustExposureMsat,
  htlcIsTrimmed,
  type SpecHtlc,
  untrimmedHtlcCount,
} from './commitment-spec.ts'
import { ANCHORS_ZERO_FEE_HTLC } from './formats/anchors/anchors-format.ts'
import { commitmentFormat } from './formats.ts'

const htlc = (direction: SpecHtlc['direction'], amountMsat: bigint): SpecHtlc => ({
  direction,
  id: 0n,
  amountMsat,
  paymentHash: new Uint8Array(32),
  cltvExpiry: 500,
})

const spec: CommitmentSpec = {
  htlcs: [
    htlc('offered', 5_000_000n),
    htlc('offered', 1_000_000n),
    htlc('received', 7_000_000n),
    htlc('received', 800_000n),
  ],
  feeratePerKw: 5000,
  toLocalMsat: 1_000_000_000n,
  toRemoteMsat: 1_000_000_000n,
}

test('BOLT 3, fee calculation — the example holds with the weights that it assumes', (t) => {
  const format: CommitmentFormat = {
    ...ANCHORS_ZERO_FEE_HTLC,
    commitmentWeight: 724,
    htlcTimeoutWeight: 663,
    htlcSuccessWeight: 703,
    htlcTransactionsPayFees: true,
    anchorAmount: 0n,
  }
  t.is(untrimmedHtlcCount(format, spec, 546n), 2)
  t.is(commitmentWeight(format, 2), 1068)
  t.is(commitmentFee(format, 5000, 2), 5340n)
  t.is(commitFeeMsat(format, spec, 546n), 5_340_000n)
  t.is(dustExposureMsat(format, spec, 546n), 1_800_000n)
})

test('BOLT 3, trimmed outputs — HTLCs are trimmed by the dust limit alone, in whole satoshis', (t) => {
  const format = commitmentFormat('anchors-zero-fee-htlc')
  t.is(untrimmedHtlcCount(format, spec, 546n), 4)
  t.false(htlcIsTrimmed(format, htlc('offered', 546_000n), 5000, 546n))
  t.true(htlcIsTrimmed(format, htlc('offered', 545_999n), 5000, 546n))
  t.is(commitmentFee(format, 5000, 4), 9060n)
  t.is(commitFeeMsat(format, spec, 546n), 9_720_000n)
  t.is(dustExposureMsat(format, spec, 1001n), 1_800_000n)
})
