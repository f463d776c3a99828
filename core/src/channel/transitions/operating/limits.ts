import { type FeeratePerKw, MSAT_PER_SAT } from '../../../lib/units.ts'
import type { CommitmentParams } from '../../commitment/commitment-params.ts'
import {
  type CommitmentSpec,
  dustExposureMsat,
  htlcIsTrimmed,
  openerCost,
  untrimmedHtlcCount,
} from '../../commitment/commitment-spec.ts'
import type { Change } from '../../state/changes.ts'
import type { Commitment } from '../../state/commitment.ts'
import type { FundedCommon } from '../../state/durable.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { AddHtlcError, ProtocolError } from '../../state/errors.ts'
import type { Proposals } from '../../state/session.ts'
import { largest, smallest } from '../common/amounts.ts'
import { reduceSpec } from './reduce-spec.ts'

/** The peer's next commitment if we signed now (from the peer's view). */
const nextRemoteSpec = (commitment: Commitment, durable: FundedCommon, local: readonly Change[]): CommitmentSpec =>
  reduceSpec((commitment.remoteNext ?? commitment.remote).spec, durable.changes.remoteAcked, local)

/** Our next commitment if the peer signed now (from our view). */
export const nextLocalSpec = (
  commitment: Commitment,
  durable: FundedCommon,
  remote: readonly Change[],
): CommitmentSpec => reduceSpec(commitment.local.spec, durable.changes.localAcked, remote)

/** Our commitment once everything that both sides have proposed so far is in it. */
const eventualLocalSpec = (commitment: Commitment, durable: FundedCommon, proposed: Proposals): CommitmentSpec => {
  const { localAcked, localSigned } = durable.changes
  return reduceSpec(commitment.local.spec, [...localAcked, ...localSigned, ...proposed.local], proposed.remote)
}

/** What the opener of a commitment must have above its reserve, in millisatoshis. */
const openerCostMsat = (
  { format, dustLimit }: CommitmentParams,
  spec: CommitmentSpec,
  feeratePerKw: FeeratePerKw = spec.feeratePerKw,
  moreHtlcs = 0,
): bigint => {
  const htlcs = untrimmedHtlcCount(format, spec, dustLimit) + moreHtlcs
  return openerCost(format, feeratePerKw, htlcs) * MSAT_PER_SAT
}

/**
 * BOLT 2, requirements for the sender of `update_add_htlc` that depend on the commitments, with the HTLC already among
 * `proposed.local`.
 */
export const checkSentAdd = (durable: FundedCommon, proposed: Proposals, env: ChannelEnv): AddHtlcError | undefined => {
  for (const commitment of durable.active) {
    const remote = nextRemoteSpec(commitment, durable, proposed.local)
    const local = eventualLocalSpec(commitment, durable, proposed)
    const error =
      checkSentCounts(commitment, remote) ??
      checkSentBalances(durable, commitment, remote, local) ??
      checkSentDust(commitment, remote, local, proposed, env)
    if (error !== undefined) return error
  }
  return undefined
}

const checkSentCounts = ({ remoteLimits }: Commitment, remote: CommitmentSpec): AddHtlcError | undefined => {
  const { count, valueMsat } = received(remote)
  if (count > remoteLimits.maxAcceptedHtlcs) return { code: 'too-many-htlcs', maximum: remoteLimits.maxAcceptedHtlcs }
  if (valueMsat > remoteLimits.maxHtlcValueInFlightMsat) {
    return { code: 'htlc-value-in-flight-too-high', maximumMsat: remoteLimits.maxHtlcValueInFlightMsat }
  }
  return undefined
}

const checkSentBalances = (
  { params }: FundedCommon,
  { localParams, remoteParams, localLimits, remoteLimits }: Commitment,
  remote: CommitmentSpec,
  local: CommitmentSpec,
): AddHtlcError | undefined => {
  const ours = smallest(remote.toRemoteMsat, local.toLocalMsat)
  const reserve = remoteLimits.channelReserve * MSAT_PER_SAT
  if (!params.localIsOpener) {
    if (ours < reserve) return { code: 'insufficient-balance', missingMsat: reserve - ours }
    // BOLT 2: the opener must still be able to pay for the commitments with this HTLC, above its own reserve.
    const theirReserve = localLimits.channelReserve * MSAT_PER_SAT
    const cost = largest(openerCostMsat(remoteParams, remote), openerCostMsat(localParams, local))
    const theirs = smallest(remote.toLocalMsat, local.toRemoteMsat)
    const missingMsat = theirReserve + cost - theirs
    return missingMsat > 0n ? { code: 'opener-cannot-pay-fee', missingMsat } : undefined
  }
  // BOLT 2: the opener keeps a buffer, so that it can pay at twice the fee rate and with one HTLC more. A higher rate may trim HTLCs and so
  // cost less, hence both rates are checked.
  const feerate = remote.feeratePerKw
  const cost = largest(
    openerCostMsat(remoteParams, remote),
    openerCostMsat(localParams, local),
    openerCostMsat(remoteParams, remote, feerate * 2, 1),
    openerCostMsat(localParams, local, feerate * 2, 1),
  )
  const missingMsat = reserve + cost - ours
  return missingMsat > 0n ? { code: 'insufficient-balance', missingMsat } : undefined
}

// BOLT 2, bounding exposure to trimmed HTLCs: only an HTLC that adds to the exposure is refused for it.
const checkSentDust = (
  { localParams, remoteParams }: Commitment,
  remote: CommitmentSpec,
  local: CommitmentSpec,
  proposed: Proposals,
  env: ChannelEnv,
): AddHtlcError | undefined => {
  const last = proposed.local.at(-1)
  if (last?.type !== 'add') return undefined
  const { amountMsat } = last.add
  const maximumMsat = env.settings.maxDustHtlcExposureMsat
  const sides = [
    [remoteParams, remote, 'received'],
    [localParams, local, 'offered'],
  ] as const
  for (const [params, spec, direction] of sides) {
    if (!htlcIsTrimmed(params.format, { direction, amountMsat }, spec.feeratePerKw, params.dustLimit)) continue
    const exposureMsat = dustExposureMsat(params.format, spec, params.dustLimit)
    if (exposureMsat > maximumMsat) {
      return { code: 'dust-exposure-too-high', exposureMsat, maximumMsat }
    }
  }
  return undefined
}

/**
 * BOLT 2, requirements for the receiver of `update_add_htlc`, with the HTLC already among `remote`. We are more lenient than the text if we
 * are the opener: receiving raises our balance, so only the fee must be payable, and the reserve need not be kept.
 */
export const checkReceivedAdd = (durable: FundedCommon, remote: readonly Change[]): ProtocolError | undefined => {
  for (const commitment of durable.active) {
    const { localLimits, localParams } = commitment
    const spec = nextLocalSpec(commitment, durable, remote)
    const { count, valueMsat } = received(spec)
    if (count > localLimits.maxAcceptedHtlcs) return { code: 'too-many-htlcs', maximum: localLimits.maxAcceptedHtlcs }
    if (valueMsat > localLimits.maxHtlcValueInFlightMsat) {
      return { code: 'htlc-value-in-flight-too-high', maximumMsat: localLimits.maxHtlcValueInFlightMsat }
    }
    const cost = openerCostMsat(localParams, spec)
    const reserve = localLimits.channelReserve * MSAT_PER_SAT
    const theirsMissing = reserve + (durable.params.localIsOpener ? 0n : cost) - spec.toRemoteMsat
    if (theirsMissing > 0n) return { code: 'insufficient-balance', missingMsat: theirsMissing }
    const oursMissing = (durable.params.localIsOpener ? cost : 0n) - spec.toLocalMsat
    if (oursMissing > 0n) return { code: 'insufficient-balance', missingMsat: oursMissing }
  }
  return undefined
}

/** BOLT 2, update_fee: whether the opener can pay the rate on the commitment of the side that receives the change. */
export const missingForFee = (durable: FundedCommon, proposed: Proposals, byUs: boolean): bigint => {
  let missing = 0n
  for (const commitment of durable.active) {
    const { localParams, remoteParams, localLimits, remoteLimits } = commitment
    // In the receiver's commitment the opener is the other side.
    const spec = byUs
      ? nextRemoteSpec(commitment, durable, proposed.local)
      : nextLocalSpec(commitment, durable, proposed.remote)
    const reserve = (byUs ? remoteLimits : localLimits).channelReserve * MSAT_PER_SAT
    const cost = openerCostMsat(byUs ? remoteParams : localParams, spec)
    missing = largest(missing, reserve + cost - spec.toRemoteMsat)
  }
  return missing
}

/** Whether HTLCs without an output risk more than we want; `htlc` is the one that was just committed. */
export const exceedsDustExposure = (durable: FundedCommon, amountMsat: bigint, env: ChannelEnv): boolean => {
  const maximum = env.settings.maxDustHtlcExposureMsat
  return durable.active.some(({ local, remote, localParams, remoteParams }) => {
    const sides = [
      [localParams, local.spec, 'received'],
      [remoteParams, remote.spec, 'offered'],
    ] as const
    return sides.some(
      ([{ format, dustLimit }, spec, direction]) =>
        htlcIsTrimmed(format, { direction, amountMsat }, spec.feeratePerKw, dustLimit) &&
        dustExposureMsat(format, spec, dustLimit) > maximum,
    )
  })
}

const received = (spec: CommitmentSpec): { readonly count: number; readonly valueMsat: bigint } => {
  let count = 0
  let valueMsat = 0n
  for (const htlc of spec.htlcs) {
    if (htlc.direction !== 'received') continue
    count++
    valueMsat += htlc.amountMsat
  }
  return { count, valueMsat }
}
