import {
  BARE_INPUT_WEIGHT,
  feeForWeight,
  outputWeight,
  P2TR_INPUT_WEIGHT,
  TX_OVERHEAD_WEIGHT,
} from '../../bitcoin/fees.ts'
import { type FeeratePerKw, MSAT_PER_SAT, satToMsat } from '../../lib/units.ts'
import { closingFee } from '../commitment/closing-transaction.ts'
import {
  commitmentFee,
  commitmentWeight,
  dustExposureMsat,
  openerCost,
  untrimmedHtlcCount,
} from '../commitment/commitment-spec.ts'
import type { Funded } from '../state/durable.ts'
import { largest } from './amounts.ts'
import { latest } from './commitments.ts'

/** BOLT 2, shutdown: the longest script that a peer may be paid to, an OP_RETURN. A peer may name another at any time. */
const LONGEST_SHUTDOWN_SCRIPT = new Uint8Array(83)

/**
 * What a cooperative close that we ask for costs at most at this rate: with `option_simple_close` we pay for it, without it the opener does,
 * and which it will be shows only when the peer is there. Either side may lose an output that is dust. HTLCs are settled before: all, a part
 * or nothing of what is in them may become ours.
 */
export const mutualCloseLossMsat = (
  durable: Funded,
  feerate: FeeratePerKw,
  script: Uint8Array = durable.closingScript ?? durable.localShutdown ?? durable.params.localShutdownScript,
): bigint => {
  const { local, localParams, remoteParams } = latest(durable)
  const least = local.spec.toLocalMsat
  const most = mutualCloseShareMsat(durable)
  const fee = closingFee(localParams.format, feerate, script, LONGEST_SHUTDOWN_SCRIPT)
  const dust = largest(localParams.dustLimit, remoteParams.dustLimit)
  // From this amount on an output of ours is worth paying; below it, all of it goes to the miner.
  const enough = (fee + dust) * MSAT_PER_SAT
  // Amounts below a satoshi go to the miner, however much they are then.
  if (least >= enough) return fee * MSAT_PER_SAT + (MSAT_PER_SAT - 1n)
  return most < enough ? most : enough - 1n
}

/** The most that a cooperative close pays to us: every HTLC may become ours. */
const mutualCloseShareMsat = (durable: Funded): bigint => {
  const { spec } = latest(durable).local
  return spec.htlcs.reduce((sum, { amountMsat }) => sum + amountMsat, spec.toLocalMsat)
}

/** The same for as long as the close is not signed: until its `shutdown` is here the peer may still pay us whatever the channel holds. */
export const mutualClosePayoutMsat = (durable: Funded): bigint =>
  durable.remoteShutdown === undefined
    ? satToMsat(latest(durable).localParams.fundingAmount)
    : mutualCloseShareMsat(durable)

interface ForceCloseCost {
  readonly feesMsat: bigint
  readonly lockedMsat: bigint
}

// The wallet's part in a transaction of ours that cannot pay for itself: an input, and change.
const WALLET_WEIGHT = 2 * P2TR_INPUT_WEIGHT + outputWeight(new Uint8Array(34))
// The input with its longest possible witness: a signature, a preimage and a script.
const SPEND_WEIGHT = TX_OVERHEAD_WEIGHT + BARE_INPUT_WEIGHT + 400

/**
 * The cost of closing with our own commitment at this fee rate: the commitment, which the opener pays; the anchor that brings it into a
 * block; a claim of each output; and outputs that are too small for one. Our balance, including HTLCs that we offered, is tied up until it
 * is claimed.
 */
export const forceCloseCost = (durable: Funded, feerate: FeeratePerKw): ForceCloseCost => {
  const { local, localParams } = latest(durable)
  const { format, dustLimit } = localParams
  const { spec } = local
  const htlcs = untrimmedHtlcCount(format, spec, dustLimit)
  const own = durable.params.localIsOpener ? openerCost(format, spec.feeratePerKw, htlcs) : 0n
  const parent = commitmentWeight(format, htlcs)
  const missing =
    feeForWeight(feerate, parent + SPEND_WEIGHT + WALLET_WEIGHT) - commitmentFee(format, spec.feeratePerKw, htlcs)
  const htlcWeight = largest(BigInt(format.htlcTimeoutWeight), BigInt(format.htlcSuccessWeight))
  const perHtlc = Number(htlcWeight) + WALLET_WEIGHT + SPEND_WEIGHT
  const claims = feeForWeight(feerate, SPEND_WEIGHT + htlcs * perHtlc)
  const offered = spec.htlcs
    .filter(({ direction }) => direction === 'offered')
    .reduce((sum, { amountMsat }) => sum + amountMsat, 0n)
  const left = largest(spec.toLocalMsat - own * MSAT_PER_SAT, 0n)
  const hasOutput = left / MSAT_PER_SAT >= dustLimit
  // BOLT 3: amounts without an output of their own go to the miner.
  const lost = (hasOutput ? left % MSAT_PER_SAT : left) + dustExposureMsat(format, spec, dustLimit)
  return {
    feesMsat: satToMsat(own + largest(missing, 0n) + claims) + lost,
    lockedMsat: spec.toLocalMsat + offered,
  }
}
