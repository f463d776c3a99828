/**
 * What a route costs us, in msat: its fees, and what else we would rather pay than bear. The search minimises the sum.
 *
 * - Time: what we send may be locked up until it expires.
 * - Hops: each may be slow, or keep what it has until it expires.
 * - Failure: an attempt that fails costs time. An edge that carries the amount with probability P costs −ln P times this, so that
 *   the sum over the edges of a route is −ln of the route's probability.
 */
export interface CostModel {
  /** Of the amount, for each block. */
  readonly lockedBillionthsPerBlock: number
  readonly hopBaseMsat: number
  readonly hopMillionths: number
  readonly failureBaseMsat: number
  readonly failureMillionths: number
}

/** About what others weigh with: 15 billionths a block are 0.08 % a year. */
export const DEFAULT_COSTS: CostModel = {
  lockedBillionthsPerBlock: 15,
  hopBaseMsat: 500,
  hopMillionths: 100,
  failureBaseMsat: 2_000,
  failureMillionths: 500,
}

/** A cost model with an amount put in: nothing but factors is left. */
export interface Prices {
  readonly perMsatAndBlock: number
  readonly perHop: number
  /** For −ln P = 1. */
  readonly perNat: number
}

export const pricesFor = (model: CostModel, amountMsat: number): Prices => ({
  perMsatAndBlock: model.lockedBillionthsPerBlock / 1e9,
  perHop: model.hopBaseMsat + (model.hopMillionths * amountMsat) / 1e6,
  perNat: model.failureBaseMsat + (model.failureMillionths * amountMsat) / 1e6,
})

/**
 * −ln of the probability that what an edge can carry, which is somewhere between the bounds, is at least the amount. Each value is
 * taken to be as likely as another. Channels that drain to one side would be described better by a distribution with two humps, but
 * then the cost of sending more falls in places, and the cheapest flow could no longer be found step by step.
 */
const surprise = (amount: number, lower: number, upper: number): number => {
  if (amount <= lower) return 0
  if (amount > upper) return Number.POSITIVE_INFINITY
  return -Math.log((upper + 1 - amount) / (upper + 1 - lower))
}

/** The same for an amount that is sent besides another, which is there for sure. */
export const surpriseBeside = (before: number, amount: number, lower: number, upper: number): number =>
  before === 0
    ? surprise(amount, lower, upper)
    : surprise(before + amount, lower, upper) - surprise(before, lower, upper)

/** A fee's proportional part, rounded down. Exact as long as the result is less than 2^53: no product on the way is larger than that. */
export const proportionalFee = (amount: number, millionths: number): number => {
  const millions = Math.floor(amount / 1e6)
  return millions * millionths + Math.floor(((amount - millions * 1e6) * millionths) / 1e6)
}

/** bLIP 18: rounded towards zero, so that nobody who rounds a discount up or down is paid too little. */
export const inboundFee = (baseMsat: number, millionths: number, amount: number): number =>
  millionths < 0 ? baseMsat - proportionalFee(amount, -millionths) : baseMsat + proportionalFee(amount, millionths)
