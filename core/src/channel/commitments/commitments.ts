import type { Tx } from '../../bitcoin/transaction.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { invariant } from '../../lib/errors.ts'
import type { OutPoint, TxId } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw, Sat } from '../../lib/units.ts'
import type { Commitment, FundingStatus } from '../state/commitment.ts'
import type { FundedCommon } from '../state/durable.ts'

/**
 * The commitments of a channel: one for each funding output that may be the one on the chain. Both sides' changes go into all active ones
 * together, so these hold the same HTLCs and have the same numbers; their amounts, keys and limits are their own.
 */
export type Commitments = Pick<FundedCommon, 'active' | 'inactive'>

/** The commitment that the channel goes on with. */
export const latest = ({ active }: Pick<Commitments, 'active'>): Commitment => {
  const [first] = active
  invariant(first !== undefined, 'a funded channel has an active commitment')
  return first
}

/** All of them: an inactive one is signed no more, but its funding may still be spent. */
export const all = ({ active, inactive }: Commitments): readonly Commitment[] =>
  inactive.length === 0 ? active : [...active, ...inactive]

/** The commitment whose funding output this is. */
export const commitmentOn = (commitments: Commitments, outpoint: OutPoint): Commitment | undefined =>
  all(commitments).find(({ localParams }) => isSameOutPoint(localParams.fundingOutpoint, outpoint))

/** The commitment whose funding output is in this transaction. */
export const commitmentFundedBy = (commitments: Commitments, txid: TxId): Commitment | undefined =>
  all(commitments).find(({ localParams }) => equalBytes(localParams.fundingOutpoint.txid, txid))

/** The commitment whose funding output a transaction spends. */
export const commitmentSpentBy = (commitments: Commitments, { inputs }: Tx): Commitment => {
  for (const { outpoint } of inputs) {
    const spent = commitmentOn(commitments, outpoint)
    if (spent !== undefined) return spent
  }
  throw new Error('a spend of a funding spends one of the channel’s fundings')
}

/** The same channel with one of its commitments replaced. */
export const replaceCommitment = <C extends Commitments>(channel: C, old: Commitment, replacement: Commitment): C => {
  const replace = (commitment: Commitment): Commitment => (commitment === old ? replacement : commitment)
  return { ...channel, active: channel.active.map(replace), inactive: channel.inactive.map(replace) }
}

/** Whether the funding that the channel goes on with is in a block, as deep as we ask. */
export const isFundingConfirmed = (commitments: Pick<Commitments, 'active'>): boolean =>
  latest(commitments).fundingStatus.type === 'confirmed'

/**
 * Since which block the funding, which is in none, can come into none any more: a coin of it is spent otherwise, or is none. `undefined` if it
 * can. It may be undone.
 */
export const fundingDeadSince = ({
  active,
  fundingCoins,
  coinsGoneSince,
}: Pick<FundedCommon, 'active' | 'fundingCoins' | 'coinsGoneSince'>): BlockHeight | undefined =>
  isFundingConfirmed({ active }) ? undefined : (fundingCoins?.rival?.height ?? coinsGoneSince)

/**
 * Whether the funding was in a block that has been undone, or can be in none as things are: until it is in a block, nothing new is risked
 * in the channel, and nothing in it counts as ours.
 */
export const isFundingUndone = (durable: Pick<FundedCommon, 'active' | 'fundingCoins' | 'coinsGoneSince'>): boolean =>
  latest(durable).fundingStatus.type === 'reorganised' || fundingDeadSince(durable) !== undefined

/** The fee rate of the commitments, without changes that are under way. */
export const commitmentFeerate = (commitments: Pick<Commitments, 'active'>): FeeratePerKw =>
  latest(commitments).remote.spec.feeratePerKw

export interface Funding {
  readonly fundingIndex: number
  readonly outpoint: OutPoint
  readonly amount: Sat
  readonly status: FundingStatus
}

/** The fundings that the channel goes on with, the newest first. */
export const fundings = ({ active }: Pick<Commitments, 'active'>): readonly Funding[] =>
  active.map(({ fundingIndex, fundingStatus, localParams }) => ({
    fundingIndex,
    outpoint: localParams.fundingOutpoint,
    amount: localParams.fundingAmount,
    status: fundingStatus,
  }))

export const isSameOutPoint = (a: OutPoint, b: OutPoint): boolean => a.index === b.index && equalBytes(a.txid, b.txid)
