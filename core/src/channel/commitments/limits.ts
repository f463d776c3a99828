import { type FeeratePerKw, MSAT_PER_SAT } from '../../lib/units.ts'
import type { CommitmentParams } from '../commitment/commitment-params.ts'
import {
  type CommitmentSpec,
  dustExposureMsat,
  htlcIsTrimmed,
  openerCost,
  untrimmedHtlcCount,
} from '../commitment/commitment-spec.ts'
import type { Change } from '../state/changes.ts'
import type { Commitment } from '../state/commitment.ts'
import type { FundedCommon } from '../state/durable.ts'
import type { ChannelEnv } from '../state/environment.ts'
import type { AddHtlcError, ProtocolError } from '../state/errors.ts'
import type { Limits } from '../state/params.ts'
import type { Proposals } from '../state/session.ts'
import { largest, smallest } from './amounts.ts'
import { type Commitments, latest } from './commitments.ts'
import { eventualLocalSpec, nextLocalSpec, nextRemoteSpec } from './next-spec.ts'

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
 * `proposed.local`. It goes into every active commitment, so each must have room for it.
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

// BOLT 2, update_add_htlc: its sender offers no more than `max_accepted_htlcs` HTLCs, nor more than `max_htlc_value_in_flight_msat` in all,
// in the peer's next commitment.
const checkSentCounts = ({ remoteLimits }: Commitment, remote: CommitmentSpec): AddHtlcError | undefined => {
  const { count, valueMsat } = received(remote)
  if (count > remoteLimits.maxAcceptedHtlcs) return { code: 'too-many-htlcs', maximum: remoteLimits.maxAcceptedHtlcs }
  if (valueMsat > remoteLimits.maxHtlcValueInFlightMsat) {
    return { code: 'htlc-value-in-flight-too-high', maximumMsat: remoteLimits.maxHtlcValueInFlightMsat }
  }
  return undefined
}

// BOLT 2, update_add_htlc: its sender pays for it in both commitments, and keeps what the peer demands as `channel_reserve_satoshis`.
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
    // BOLT 2, update_add_htlc: its receiver fails the channel at more HTLCs than it accepts, and at more value in flight.
    if (count > localLimits.maxAcceptedHtlcs) return { code: 'too-many-htlcs', maximum: localLimits.maxAcceptedHtlcs }
    if (valueMsat > localLimits.maxHtlcValueInFlightMsat) {
      return { code: 'htlc-value-in-flight-too-high', maximumMsat: localLimits.maxHtlcValueInFlightMsat }
    }
    // BOLT 2, update_add_htlc: its receiver fails the channel if the sender cannot pay at this fee rate while it keeps its reserve.
    const cost = openerCostMsat(localParams, spec)
    const reserve = localLimits.channelReserve * MSAT_PER_SAT
    const theirsMissing = reserve + (durable.params.localIsOpener ? 0n : cost) - spec.toRemoteMsat
    if (theirsMissing > 0n) return { code: 'insufficient-balance', missingMsat: theirsMissing }
    const oursMissing = (durable.params.localIsOpener ? cost : 0n) - spec.toLocalMsat
    if (oursMissing > 0n) return { code: 'insufficient-balance', missingMsat: oursMissing }
  }
  return undefined
}

/**
 * BOLT 2, update_fee: what the opener lacks to pay the rate on the commitment of the side that receives the change. The rate is that of
 * every active commitment, so it must be payable in each.
 */
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

/** What the peer demands of us in all active commitments at once. */
export const remoteLimitsOf = ({ active }: Pick<Commitments, 'active'>): Limits => {
  let limits = latest({ active }).remoteLimits
  for (let at = 1; at < active.length; at++) limits = strictest(limits, (active[at] as Commitment).remoteLimits)
  return limits
}

/** What we demand of the peer in all active commitments at once. */
export const localLimitsOf = ({ active }: Pick<Commitments, 'active'>): Limits => {
  let limits = latest({ active }).localLimits
  for (let at = 1; at < active.length; at++) limits = strictest(limits, (active[at] as Commitment).localLimits)
  return limits
}

const strictest = (a: Limits, b: Limits): Limits => ({
  dustLimit: largest(a.dustLimit, b.dustLimit),
  channelReserve: largest(a.channelReserve, b.channelReserve),
  htlcMinimumMsat: largest(a.htlcMinimumMsat, b.htlcMinimumMsat),
  maxHtlcValueInFlightMsat: smallest(a.maxHtlcValueInFlightMsat, b.maxHtlcValueInFlightMsat),
  maxAcceptedHtlcs: Math.min(a.maxAcceptedHtlcs, b.maxAcceptedHtlcs),
  toSelfDelay: Math.max(a.toSelfDelay, b.toSelfDelay),
})
