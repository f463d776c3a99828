import { outputWeight, TX_OVERHEAD_WEIGHT } from '../../bitcoin/fees.ts'
import { toHex } from '../../lib/bytes.ts'
import type { BlockDelta, BlockHeight, Sat } from '../../lib/units.ts'
import { atFeerate, type Claim } from './claim.ts'

/**
 * Claims of one close that one transaction makes (ADR 40). Amount, weight, fee and stakes are those of all; whatever else a claim has is
 * that of the first. The inputs are in the order of `members`, and there is one output.
 */
interface JointClaim extends Claim {
  readonly members: readonly Claim[]
}

/** At least one. */
export type ClaimGroup = readonly [Claim, ...Claim[]]

/**
 * What joins others must be out of everybody else's reach for so many blocks: by then the transaction is in one by the estimates alone,
 * before the last blocks, in which a deadline sets the fee.
 */
const SOLE_FOR: BlockDelta = 36

/**
 * What all may pay is one sum, so that a transaction with claims of little worth reaches a lower rate than the best of them would alone. It
 * reaches a quarter of that at least: who may pay less than that is taken apart.
 */
const LEAST_SHARE = 4n

/** Far below what nodes relay (400,000 weight units). */
const MOST_MEMBERS = 100

export const membersOf = (claim: Claim | JointClaim): readonly Claim[] => ('members' in claim ? claim.members : [claim])

/** One transaction for all claims of a group. */
export const joinClaims = (members: ClaimGroup): Claim | JointClaim => {
  const [first, ...others] = members
  if (others.length === 0) return first
  const sum = (of: (claim: Claim) => Sat): Sat => members.reduce((all, claim) => all + of(claim), 0n)
  const earliest = (of: (claim: Claim) => BlockHeight | undefined) => {
    const heights = members.flatMap((claim) => of(claim) ?? [])
    return heights.length === 0 ? undefined : Math.min(...heights)
  }
  const deadline = earliest(({ stakes }) => stakes.deadline)
  const contestedFrom = earliest(({ stakes }) => stakes.contestedFrom)
  const joint: JointClaim = {
    ...first,
    members,
    amount: sum(({ amount }) => amount),
    tx: {
      ...first.tx,
      inputs: members.flatMap(({ tx }) => tx.inputs),
      // BIP 65: a later height satisfies an earlier one, and all of them have come.
      lockTime: Math.max(...members.map(({ tx }) => tx.lockTime)),
    },
    weight: others.reduce((all, claim) => all + inputWeight(claim), first.weight),
    stakes: {
      ...(deadline !== undefined && { deadline }),
      ...(contestedFrom !== undefined && { contestedFrom }),
      budget: sum(({ stakes }) => stakes.budget),
    },
    publishableFrom: Math.max(...members.map(({ publishableFrom }) => publishableFrom)),
  }
  return atFeerate(joint, 0)
}

/**
 * The claims of one close in groups, of each of which one transaction may be made: of the same deadline, of like worth, and ours alone for
 * long enough. What the peer may take before the deadline of a penalty is apart from what it cannot take (BOLT 5, revoked transaction
 * close: an HTLC transaction of the peer's must not hold up the penalty of its main output). All others are alone.
 */
export const groupClaims = (claims: readonly Claim[], height: BlockHeight): readonly ClaimGroup[] => {
  const groups: [Claim, ...Claim[]][] = []
  const newest = new Map<string, [Claim, ...Claim[]]>()
  for (const claim of claims.toSorted((a, b) => Number(mostPerWeight(b, a) - mostPerWeight(a, b)))) {
    const name = isSole(claim, height) ? groupOf(claim) : undefined
    const group = name === undefined ? undefined : newest.get(name)
    if (group !== undefined && group.length < MOST_MEMBERS && isOfLikeWorth(claim, group[0])) {
      group.push(claim)
      continue
    }
    const made: [Claim, ...Claim[]] = [claim]
    groups.push(made)
    if (name !== undefined) newest.set(name, made)
  }
  return groups
}

const isSole = ({ fee, stakes: { contestedFrom } }: Claim, height: BlockHeight): boolean =>
  fee.type === 'included' && (contestedFrom === undefined || contestedFrom - height >= SOLE_FOR)

const groupOf = ({ tx, stakes: { deadline, contestedFrom } }: Claim): string =>
  `${deadline} ${contestedFrom === deadline} ${tx.outputs.map(({ script }) => toHex(script))}`

/** The most that one may pay for each unit of weight, as a share of a common denominator with another. */
const mostPerWeight = ({ stakes }: Claim, { weight }: Claim): Sat => stakes.budget * BigInt(weight)

const isOfLikeWorth = (claim: Claim, best: Claim): boolean =>
  LEAST_SHARE * mostPerWeight(claim, best) >= mostPerWeight(best, claim)

/** What one claim more adds to a transaction that has its output already. */
const inputWeight = ({ weight, tx }: Claim): number =>
  tx.outputs.reduce((left, { script }) => left - outputWeight(script), weight - TX_OVERHEAD_WEIGHT)
