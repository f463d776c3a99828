import { MSAT_PER_SAT, type Msat, type Sat } from '../../lib/units.ts'
import type { CommitmentParams } from '../commitment/commitment-params.ts'
import { type CommitmentSpec, openerCost, untrimmedHtlcCount } from '../commitment/commitment-spec.ts'
import type { Commitment } from '../state/commitment.ts'
import type { Funded } from '../state/durable.ts'
import type { ChannelBalances } from '../state/events.ts'
import type { Session } from '../state/session.ts'
import { largest, smallest } from './amounts.ts'
import { type Commitments, latest } from './commitments.ts'
import { remoteLimitsOf } from './limits.ts'

/** The content of our latest commitment. */
export const balancesOf = (commitments: Pick<Commitments, 'active'>): ChannelBalances => {
  const { spec } = latest(commitments).local
  return { localMsat: spec.toLocalMsat, remoteMsat: spec.toRemoteMsat }
}

/** What a channel holds and can carry, in the newest commitments that both sides have signed: each amount is the least of all active ones. */
export interface BalanceView {
  readonly capacity: Sat
  /** HTLCs in flight apart. */
  readonly localMsat: Msat
  readonly remoteMsat: Msat
  /** The most that one HTLC in each direction can carry, after reserves, fees and limits. Nothing once the channel is closing. */
  readonly spendableMsat: Msat
  /** What we could spend if the peer accepted any amount in flight. */
  readonly affordableMsat: Msat
  readonly receivableMsat: Msat
  readonly htlcsInFlight: number
  /** What an HTLC of ours takes from what the next one can carry, its amount aside. */
  readonly htlcCostMsat: Msat
}

export const balanceView = (durable: Funded, session?: Session): BalanceView => {
  const { active } = durable
  let view = viewOf(latest(durable), durable, session)
  for (let at = 1; at < active.length; at++) view = least(view, viewOf(active[at] as Commitment, durable, session))
  return view
}

/** BOLT 2, max_accepted_htlcs: whether the peer takes no more of our HTLCs at a time. */
export const isFull = (durable: Funded, session?: Session): boolean => {
  let offered = durable.htlcs.offered.length
  for (const { type } of session?.proposed.local ?? []) if (type === 'add') offered++
  return offered >= remoteLimitsOf(durable).maxAcceptedHtlcs
}

const viewOf = (commitment: Commitment, durable: Funded, session: Session | undefined): BalanceView => {
  const { localParams, remoteParams, localLimits, remoteLimits } = commitment
  const remote = (commitment.remoteNext ?? commitment.remote).spec
  const local = commitment.local.spec
  const localMsat = smallest(local.toLocalMsat, remote.toRemoteMsat)
  const remoteMsat = smallest(local.toRemoteMsat, remote.toLocalMsat)

  const { localIsOpener } = durable.params
  const feerate = remote.feeratePerKw
  let offered = 0n
  let received = 0n
  for (const htlc of local.htlcs) {
    if (htlc.direction === 'offered') offered += htlc.amountMsat
    else received += htlc.amountMsat
  }
  // Amounts that we have proposed and not signed yet are already deducted.
  let proposed = 0n
  let additions = 0
  for (const proposal of session?.proposed.local ?? []) {
    if (proposal.type !== 'add') continue
    proposed += proposal.record.add.amountMsat
    additions++
  }
  // BOLT 2, update_add_htlc: with the next HTLC, the opener keeps a buffer for twice the fee rate and one HTLC more.
  const costWith = ({ format, dustLimit }: CommitmentParams, spec: CommitmentSpec): bigint => {
    const htlcs = untrimmedHtlcCount(format, spec, dustLimit) + additions + 2
    return openerCost(format, feerate * 2, htlcs) * MSAT_PER_SAT
  }
  const cost = largest(costWith(remoteParams, remote), costWith(localParams, local))
  const { format } = localParams
  const perHtlc = (openerCost(format, feerate * 2, 1) - openerCost(format, feerate * 2, 0) + 1n) * MSAT_PER_SAT
  const [ourCost, theirCost] = localIsOpener ? [cost, 0n] : [0n, cost]
  const carriesMore = takesHtlcs(durable)
  const affordableMsat = carriesMore
    ? positive(localMsat - proposed - remoteLimits.channelReserve * MSAT_PER_SAT - ourCost)
    : 0n
  return {
    capacity: localParams.fundingAmount,
    localMsat,
    remoteMsat,
    spendableMsat: carriesMore
      ? positive(smallest(affordableMsat, remoteLimits.maxHtlcValueInFlightMsat - offered - proposed))
      : 0n,
    affordableMsat,
    receivableMsat: carriesMore
      ? positive(
          smallest(
            remoteMsat - localLimits.channelReserve * MSAT_PER_SAT - theirCost,
            localLimits.maxHtlcValueInFlightMsat - received,
          ),
        )
      : 0n,
    htlcsInFlight: local.htlcs.length,
    htlcCostMsat: localIsOpener ? perHtlc : 0n,
  }
}

// BOLT 2, shutdown: after either side's, neither adds an HTLC.
const takesHtlcs = ({ phase, localShutdown, remoteShutdown }: Funded): boolean =>
  phase !== 'closing' && localShutdown === undefined && remoteShutdown === undefined

const least = (a: BalanceView, b: BalanceView): BalanceView => ({
  capacity: smallest(a.capacity, b.capacity),
  localMsat: smallest(a.localMsat, b.localMsat),
  remoteMsat: smallest(a.remoteMsat, b.remoteMsat),
  spendableMsat: smallest(a.spendableMsat, b.spendableMsat),
  affordableMsat: smallest(a.affordableMsat, b.affordableMsat),
  receivableMsat: smallest(a.receivableMsat, b.receivableMsat),
  htlcsInFlight: Math.max(a.htlcsInFlight, b.htlcsInFlight),
  htlcCostMsat: largest(a.htlcCostMsat, b.htlcCostMsat),
})

const positive = (amount: bigint): bigint => (amount > 0n ? amount : 0n)
