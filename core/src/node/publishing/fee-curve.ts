import { FEERATE_FLOOR } from '../../bitcoin/fees.ts'
import type { BlockDelta, BlockHeight, FeeratePerKw } from '../../lib/units.ts'

/** What a fee rate is chosen by. */
export interface Urgency {
  /** Of the tip. */
  readonly height: BlockHeight
  /** The last height at which the transaction is in time; absent if it is always in time. */
  readonly deadline?: BlockHeight
  /** What is good enough as long as no deadline is near. */
  readonly patience: BlockDelta
  /** The rate at which all that may be paid is paid. */
  readonly ceiling: FeeratePerKw
  /** What should bring a transaction into a block within so many. */
  readonly estimate: (targetBlocks: number) => FeeratePerKw
}

export interface Bid {
  readonly feeratePerKw: FeeratePerKw
  /** What set it: the estimate, a deadline that is near, or all that may be paid. */
  readonly why: 'estimate' | 'deadline' | 'budget'
}

const TARGETS: readonly BlockDelta[] = [2, 6, 12, 36, 144]

/**
 * In the last blocks before a deadline the estimate is trusted less and less, whatever it says. As many blocks as an HTLC leaves us that we
 * have fulfilled (BOLT 2, cltv_expiry_delta selection: 2R+G+S).
 */
const RAMP: BlockDelta = 18

/**
 * The rate to pay now: the estimate for the time that is left, and in the last blocks ever more, up to the ceiling in the last block that is
 * in time. It goes up slowly at first and steeply at the end (the logarithm grows with the square of the time that is gone): most often a
 * little more than the estimate is enough, and what is paid too much is paid for good. It never falls as time goes by.
 * `undefined` if the ceiling is below what relays: it is not worth it.
 */
export const bid = (urgency: Urgency): Bid | undefined => {
  const { height, deadline, patience, ceiling, estimate } = urgency
  if (ceiling < FEERATE_FLOOR) return undefined
  const left = deadline === undefined ? patience : Math.min(patience, deadline - height)
  const usual = Math.max(FEERATE_FLOOR, Math.ceil(estimateWithin(left, estimate)))
  if (usual >= ceiling) return { feeratePerKw: ceiling, why: 'budget' }
  const gone = deadline === undefined ? 0 : rampPosition(deadline - height)
  if (gone === 0) return { feeratePerKw: usual, why: 'estimate' }
  const feeratePerKw = Math.min(ceiling, Math.ceil(usual * (ceiling / usual) ** (gone * gone)))
  return { feeratePerKw, why: feeratePerKw >= ceiling ? 'budget' : 'deadline' }
}

/**
 * The next height at which another rate is right, if the estimates stay as they are, and that rate; `undefined` if none comes before the
 * deadline. `isWorth` says whether a rate is worth a replacement.
 */
export const nextBid = (
  urgency: Urgency,
  isWorth: (bid: Bid) => boolean,
): (Bid & { readonly height: BlockHeight }) | undefined => {
  const { height: now, deadline } = urgency
  if (deadline === undefined) return undefined
  // Between these heights nothing changes.
  const steps = [...TARGETS.map((target) => deadline - target + 1), ...ascending(deadline - RAMP, deadline)]
  for (const height of steps.filter((step) => step > now).sort((a, b) => a - b)) {
    const next = bid({ ...urgency, height })
    if (next !== undefined && isWorth(next)) return { ...next, height }
  }
  return undefined
}

const ascending = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at)

/** Estimates may be out of order. Less time never means a lower rate. */
const estimateWithin = (blocks: number, estimate: Urgency['estimate']): FeeratePerKw => {
  const fit = TARGETS.filter((target) => target <= blocks).at(-1) ?? (TARGETS[0] as number)
  return Math.max(...TARGETS.filter((target) => target >= fit).map(estimate))
}

/** From 0, when the ramp begins, to 1 in the last block that is in time. */
const rampPosition = (left: number): number => {
  if (left >= RAMP) return 0
  return left <= 1 ? 1 : (RAMP - left) / (RAMP - 1)
}
