import { FEERATE_FLOOR, feeForWeight, feerateOf } from '../../bitcoin/fees.ts'
import { atFeerate, type Claim, ceilingOf } from '../../channel/index.ts'
import type { BlockDelta, BlockHeight, FeeratePerKw, Sat } from '../../lib/units.ts'
import type { Wallet } from '../../wallet/wallet.ts'
import type { ChannelSigner } from '../keys/signer.ts'
import { type CompletedClaim, completeClaim, giveBack } from './complete-claim.ts'
import { type Bid, bid, nextBid, type Urgency } from './fee-curve.ts'
import type { FeeReason } from './publication-row.ts'
import { isWorthReplacing, mayReplace, type Paid } from './replacement.ts'

/** What the wallet lacks for a claim at the rate that it should pay. */
export interface Shortage {
  readonly needed: Sat
  readonly available: Sat
}

export interface Raised {
  /** There if a transaction is to be published, in the place of the last one. */
  readonly made?: CompletedClaim & { readonly feeratePerKw: FeeratePerKw; readonly why: FeeReason }
  /** There as long as the wallet cannot pay what the claim is worth now, even if it can pay something. */
  readonly shortage?: Shortage
}

export interface RaiseOptions {
  readonly claim: Claim
  /** The last transaction that was published for it. */
  readonly last: (Paid & { readonly feeratePerKw: FeeratePerKw }) | undefined
  readonly height: BlockHeight
  readonly estimate: (targetBlocks: number) => FeeratePerKw
  /** What the operator wants it to pay at least: never more than the claim's budget. */
  readonly least?: FeeratePerKw | undefined
  readonly signer: ChannelSigner
  readonly wallet: Pick<Wallet, 'bump' | 'sign' | 'release'>
}

/**
 * What nobody else can take waits for a cheap day. A commitment without HTLCs keeps a balance locked, and a cheater is not given time: what
 * a penalty costs is nothing beside what it brings.
 */
const patienceOf = ({ kind, parent }: Claim): BlockDelta =>
  parent !== undefined || kind.type === 'penalty' || kind.type === 'htlc-penalty' ? 12 : 144

const NOTHING: Raised = {}

/**
 * The transaction that should take an output now, if it is another than the last one. Where the wallet cannot pay the rate that is right,
 * it pays as much of it as it can. What is signed never pays more than the claim's budget, whatever coins the wallet chose.
 */
export const raiseClaim = ({ claim, last, height, estimate, least, signer, wallet }: RaiseOptions): Raised => {
  const usual = bid(urgencyOf(claim, height, estimate))
  if (usual === undefined) return NOTHING
  const wanted = atLeast(usual, least, ceilingOf(claim))
  const { feeratePerKw, why } = wanted
  if (paysAlone(claim, feeratePerKw)) return NOTHING
  if (
    last !== undefined &&
    !isWorthReplacing(last.feeratePerKw, feeratePerKw, why !== 'estimate' && why !== 'deadline')
  ) {
    return NOTHING
  }
  const attempt = attemptAt(inVbytes(wanted.feeratePerKw, claim))
  const first = attempt({ claim, signer, wallet })
  if (first.type === 'short') {
    const { shortage } = first
    const less = withLess(claim, signer, wallet, wanted.feeratePerKw)
    if (less === undefined || isRefused(claim, less, last, wallet)) return { shortage }
    return { shortage, made: { ...less, feeratePerKw: rateOf(claim, less), why: 'wallet' } }
  }
  const { made } = first
  if (made === undefined || isRefused(claim, made, last, wallet)) return NOTHING
  return { made: { ...made, feeratePerKw: rateOf(claim, made), why: wanted.why } }
}

const atLeast = (usual: Bid, least: FeeratePerKw | undefined, ceiling: FeeratePerKw) => {
  if (least === undefined || least <= usual.feeratePerKw) return usual
  return least < ceiling
    ? ({ feeratePerKw: least, why: 'operator' } as const)
    : ({ feeratePerKw: ceiling, why: 'budget' } as const)
}

/** When the transaction that takes an output pays another rate next, as far as can be told, and which. */
export const nextStep = ({
  claim,
  last,
  height,
  estimate,
}: Pick<RaiseOptions, 'claim' | 'last' | 'height' | 'estimate'>) =>
  nextBid(
    urgencyOf(claim, height, estimate),
    ({ feeratePerKw, why }) =>
      !paysAlone(claim, feeratePerKw) &&
      (last === undefined || isWorthReplacing(last.feeratePerKw, feeratePerKw, why === 'budget')),
  )

const urgencyOf = (claim: Claim, height: BlockHeight, estimate: RaiseOptions['estimate']): Urgency => ({
  height,
  ...(claim.stakes.deadline !== undefined && { deadline: claim.stakes.deadline }),
  patience: patienceOf(claim),
  ceiling: ceilingOf(claim),
  estimate,
})

type Attempt =
  | { readonly type: 'made'; readonly made?: CompletedClaim }
  | { readonly type: 'short'; readonly shortage: Shortage }

/** At this rate; less if the coins make the transaction heavier than was reckoned, and so dearer than what it is worth. */
const attemptAt =
  (feeratePerKw: FeeratePerKw) =>
  ({ claim, signer, wallet }: Pick<RaiseOptions, 'claim' | 'signer' | 'wallet'>): Attempt => {
    let rate = feeratePerKw
    while (rate >= FEERATE_FLOOR) {
      const completed = completeClaim(atFeerate(claim, rate), signer, wallet)
      if (!completed.ok) {
        const { error } = completed
        if (error.code !== 'insufficient-funds') return { type: 'made' }
        return { type: 'short', shortage: { needed: error.needed, available: error.available } }
      }
      const made = completed.value
      if (made.fee <= claim.stakes.budget) return { type: 'made', made }
      giveBack(claim, made, wallet)
      rate = Math.min(rate - 1, Number((BigInt(rate) * claim.stakes.budget) / made.fee))
    }
    return { type: 'made' }
  }

/** Nodes and miners count whole vbytes (BIP 141): a rate by weight alone may fall short of what they ask for by three units and a satoshi. */
const inVbytes = (feeratePerKw: FeeratePerKw, { weight, parent }: Claim): FeeratePerKw => {
  const whole = weight + (parent?.weight ?? 0)
  return Math.ceil((feeratePerKw * (whole + 4)) / whole)
}

/** What the wallet can pay of a rate: halved until it can. */
const withLess = (
  claim: Claim,
  signer: ChannelSigner,
  wallet: RaiseOptions['wallet'],
  feeratePerKw: FeeratePerKw,
): CompletedClaim | undefined => {
  for (let rate = Math.floor(feeratePerKw / 2); rate >= FEERATE_FLOOR; rate = Math.floor(rate / 2)) {
    if (paysAlone(claim, rate)) return undefined
    const tried = attemptAt(rate)({ claim, signer, wallet })
    if (tried.type === 'made') return tried.made
  }
  return undefined
}

/** Whether nodes would refuse it in the place of the last one: then nothing of it is kept. */
const isRefused = (
  claim: Claim,
  made: CompletedClaim,
  last: Paid | undefined,
  wallet: RaiseOptions['wallet'],
): boolean => {
  if (last === undefined || mayReplace(last, made)) return false
  giveBack(claim, made, wallet)
  return true
}

/** A parent that pays the rate by itself needs no help. */
const paysAlone = ({ parent }: Claim, feeratePerKw: FeeratePerKw): boolean =>
  parent !== undefined && parent.fee >= feeForWeight(feeratePerKw, parent.weight)

/** What the transaction pays, together with its parent if it has one. */
const rateOf = ({ parent }: Claim, { fee, weight }: Paid): FeeratePerKw =>
  feerateOf(fee + (parent?.fee ?? 0n), weight + (parent?.weight ?? 0))
