import {
  type Closing,
  type CommitmentParams,
  type CommitmentSpec,
  type Funded,
  type FundingSpend,
  findHtlc,
  openerCost,
  type Session,
  untrimmedHtlcCount,
} from '../../channel/index.ts'
import { invariant } from '../../lib/errors.ts'
import { MSAT_PER_SAT, type Msat, type Sat } from '../../lib/units.ts'

/** What a channel holds and can carry, in the newest commitments that both sides have signed. */
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
}

export const balanceView = (durable: Funded, session?: Session): BalanceView => {
  const [commitment] = durable.active
  invariant(commitment !== undefined, 'a funded channel has a commitment')
  const { localParams, remoteParams, localLimits, remoteLimits } = commitment
  const remote = (commitment.remoteNext ?? commitment.remote).spec
  const local = commitment.local.spec
  const localMsat = smaller(local.toLocalMsat, remote.toRemoteMsat)
  const remoteMsat = smaller(local.toRemoteMsat, remote.toLocalMsat)

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
  const cost = larger(costWith(remoteParams, remote), costWith(localParams, local))
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
      ? positive(smaller(affordableMsat, remoteLimits.maxHtlcValueInFlightMsat - offered - proposed))
      : 0n,
    affordableMsat,
    receivableMsat: carriesMore
      ? positive(
          smaller(
            remoteMsat - localLimits.channelReserve * MSAT_PER_SAT - theirCost,
            localLimits.maxHtlcValueInFlightMsat - received,
          ),
        )
      : 0n,
    htlcsInFlight: local.htlcs.length,
  }
}

// BOLT 2, shutdown: after either side's, neither adds an HTLC.
const takesHtlcs = ({ phase, localShutdown, remoteShutdown }: Funded): boolean =>
  phase !== 'closing' && localShutdown === undefined && remoteShutdown === undefined

/**
 * What is ours, or may become so, in a closing channel if a commitment of the peer is published or mined: this node does not claim those
 * outputs yet. Nothing if our own commitment, or a cooperative close, is in a block.
 */
export const unclaimableMsat = (durable: Funded): Msat => (durable.phase === 'closing' ? unclaimableOf(durable) : 0n)

const unclaimableOf = ({ active, closing, htlcs }: Closing): bigint => {
  const spend = closing.spends.find(({ confirmedAt }) => confirmedAt !== undefined) ?? closing.spends.find(isThePeers)
  const [commitment] = active
  if (commitment === undefined || spend === undefined || !isThePeers(spend)) return 0n
  const { spec } = (spend.kind === 'remote-next' ? commitment.remoteNext : undefined) ?? commitment.remote
  let sum = spec.toRemoteMsat
  for (const htlc of spec.htlcs) {
    // From the peer's view: an HTLC that it received is one that we offered, and ours again unless the peer has the preimage.
    const isOurs =
      htlc.direction === 'received'
        ? findHtlc(htlcs.offered, htlc.id)?.preimage === undefined
        : findHtlc(htlcs.received, htlc.id)?.preimage !== undefined
    if (isOurs) sum += htlc.amountMsat
  }
  return sum
}

const isThePeers = ({ kind }: FundingSpend): boolean => kind !== 'local' && kind !== 'mutual'

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b)
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const positive = (amount: bigint): bigint => (amount > 0n ? amount : 0n)
