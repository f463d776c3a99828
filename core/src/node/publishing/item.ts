import { txidOf } from '../../bitcoin/transaction.ts'
import { outpointKey } from '../../chain/outpoint-key.ts'
import type { Unwatch } from '../../chain/watch.ts'
import { type Claim, joinClaims, membersOf, type SpecHtlc } from '../../channel/index.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { OutPoint, TxId } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw } from '../../lib/units.ts'
import type { ClaimOrder, Owner } from './orders.ts'
import type { PublicationPurpose, PublishedTx } from './publication-row.ts'
import type { Shortage } from './raise-claim.ts'

/** An output that a channel wants taken. */
interface WantedOutput {
  readonly claim: Claim
  /** When the channel asked for it last. */
  readonly askedAt: BlockHeight
}

/** An output whose spends are followed. */
export interface FollowedOutput {
  /** It may come to another. */
  item: Item
  readonly unwatch: Unwatch
}

/** What one transaction is published for: outputs that are taken, or what both sides have agreed on. And what has become of it. */
export interface Item extends Owner {
  readonly name: string
  /** By output. None of what is agreed, nor of what the channel wants no more. */
  readonly wanted: Map<string, WantedOutput>
  /** What all of them are taken with. */
  terms: Pick<ClaimOrder, 'signer' | 'parents'> | undefined
  /** When the channel asked for any of it last. */
  askedAt: BlockHeight
  last: PublishedTx | undefined
  shortage: Shortage | undefined
  /** What the operator wants it to pay at least, in this life of the node. */
  least: FeeratePerKw | undefined
  /** By output: the transaction in a block that spends it. While there is one, nothing is published. */
  readonly spends: Map<string, { readonly txid: TxId }>
  /** Those before the last, in this life of the node: a miner may have taken one of them all the same. */
  readonly earlier: PublishedTx[]
  /** By output: what spends it in the mempool, and is none of these transactions. */
  readonly rivals: Map<string, TxId>
  /** One is the peer's, and takes an HTLC of ours with its preimage. */
  isSettledByPeer: boolean
  /** By output. */
  readonly followed: Map<string, FollowedOutput>
}

export const newItem = (
  { channelId, peer }: Owner,
  name: string,
  askedAt: BlockHeight,
  last: PublishedTx | undefined,
): Item => ({
  channelId,
  peer,
  name,
  wanted: new Map(),
  terms: undefined,
  askedAt,
  last,
  shortage: undefined,
  least: undefined,
  spends: new Map(),
  earlier: [],
  rivals: new Map(),
  isSettledByPeer: false,
  followed: new Map(),
})

export const nameOfClaim = (outpoint: OutPoint): string => `claim ${outpointKey(outpoint)}`

const JOINT = 'claims '

/** By the first of the outputs that it was made for. */
export const nameOfJoint = (outpoint: OutPoint): string => `${JOINT}${outpointKey(outpoint)}`

/** Whether what was published by this name takes the output, jointly with others. */
export const takesJointly = (name: string, last: PublishedTx | undefined, key: string): boolean =>
  name.startsWith(JOINT) && (last?.tx.inputs ?? []).some(({ outpoint }) => outpointKey(outpoint) === key)

/** Whether outputs that its last transaction takes are not wanted: not yet, in this life of the node, or no more. */
export const lacksOutputs = ({ name, last, wanted }: Item): boolean =>
  name.startsWith(JOINT) && (last?.tx.inputs ?? []).some(({ outpoint }) => !wanted.has(outpointKey(outpoint)))

/** The claim of all that is wanted. */
export const claimOf = ({ wanted }: Item): Claim | undefined => {
  const [first, ...others] = [...wanted.values()].map(({ claim }) => claim)
  return first && joinClaims([first, ...others])
}

export const describeClaim = (claim: Claim) => {
  const { deadline } = claim.stakes
  return { purpose: purposeOf(claim), ...(deadline !== undefined && { deadline }) }
}

const purposeOf = (claim: Claim): PublicationPurpose => {
  const { type } = claim.kind
  return membersOf(claim).every(({ kind }) => kind.type === type) ? type : 'joint-claim'
}

/** Whether it is a transaction of the item, as far as this life of the node knows. */
export const isOwn = ({ last, earlier }: Item, txid: TxId): boolean =>
  [last, ...earlier].some((each) => each !== undefined && equalBytes(txidOf(each.tx), txid))

/**
 * The HTLC that the claim takes back. The only other spend of its output is the peer's, which shows the preimage (BOLT 5, local offers):
 * upstream pays us, and there is nothing to compete for.
 */
export const takenBack = ({ wanted }: Item, key: string): SpecHtlc | undefined => {
  const kind = wanted.get(key)?.claim.kind
  return kind?.type === 'htlc-timeout' || kind?.type === 'offered-htlc' ? kind.htlc : undefined
}
