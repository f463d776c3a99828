import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { feeForWeight } from '../../bitcoin/fees.ts'
import { displayTxid, txidOf } from '../../bitcoin/transaction.ts'
import type { BlockHeight, FeeratePerKw } from '../../lib/units.ts'
import type { ClaimProgress } from '../publishing/orders.ts'
import type { PublishedTx } from '../publishing/publication-row.ts'

type UnraisedFee = ReplyOf<'channels', 'raiseFees'>['unchanged'][number]

interface Asked {
  readonly feerate: FeeratePerKw
  readonly height: BlockHeight
  /** What was published for it. */
  readonly raised: readonly PublishedTx[]
}

/** What of a closing channel pays what it paid before the operator asked for more, and why. */
export const unraisedFees = (
  claims: readonly ClaimProgress[],
  published: readonly PublishedTx[],
  asked: Asked,
): readonly UnraisedFee[] => [
  ...published.filter(({ purpose, status }) => purpose === 'mutual-close' && status === 'waiting').map(agreed),
  ...claims.flatMap(({ claim, published: last }): UnraisedFee | [] => {
    const purpose = claim.kind.type
    if (last === undefined) return { purpose, reason: whyNotMade(claim, asked) }
    return asked.raised.includes(last) ? [] : { ...paidBy(last), purpose, reason: whyNotRaised(claim, last, asked) }
  }),
]

const paidBy = ({ tx, feeratePerKw }: PublishedTx) => ({ txid: displayTxid(txidOf(tx)), feerate: feeratePerKw })

const agreed = (close: PublishedTx): UnraisedFee => ({ ...paidBy(close), purpose: close.purpose, reason: 'agreed' })

const whyNotRaised = ({ stakes }: ClaimProgress['claim'], last: PublishedTx, { feerate }: Asked) => {
  if (last.feeratePerKw >= feerate) return 'pays-that-much'
  return last.why === 'budget' || last.fee >= stakes.budget ? 'budget' : 'too-near'
}

const whyNotMade = ({ publishableFrom, parent }: ClaimProgress['claim'], { feerate, height }: Asked) => {
  if (publishableFrom > height) return 'not-yet'
  return parent !== undefined && parent.fee >= feeForWeight(feerate, parent.weight) ? 'commitment-pays' : 'not-worth-it'
}
