import { txidOf } from '../../bitcoin/transaction.ts'
import type { Unwatch } from '../../chain/watch.ts'
import type { Claim, SpecHtlc } from '../../channel/index.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { TxId } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw } from '../../lib/units.ts'
import type { ClaimOrder, Owner } from './orders.ts'
import type { PublishedTx } from './publication-row.ts'
import type { Shortage } from './raise-claim.ts'

/** What is published for one output, or as agreed, and what has become of it. */
export interface Item extends Owner {
  readonly name: string
  order: ClaimOrder | undefined
  /** When the channel asked for it last. */
  askedAt: BlockHeight
  last: PublishedTx | undefined
  shortage: Shortage | undefined
  /** What the operator wants it to pay at least, in this life of the node. */
  least: FeeratePerKw | undefined
  /** By output: the transaction in a block that spends it. While there is one, nothing is published. */
  readonly spends: Map<string, { readonly txid: TxId }>
  /** Those before the last, in this life of the node: a miner may have taken one of them all the same. */
  readonly earlier: PublishedTx[]
  /** What spends it in the mempool, and is not the last transaction. */
  rival: TxId | undefined
  /** That is the peer's, and takes an HTLC of ours with its preimage. */
  isSettledByPeer: boolean
  readonly unwatch: Unwatch[]
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
  order: undefined,
  askedAt,
  last,
  shortage: undefined,
  least: undefined,
  spends: new Map(),
  earlier: [],
  rival: undefined,
  isSettledByPeer: false,
  unwatch: [],
})

export const describeClaim = ({ kind, stakes: { deadline } }: Claim) => ({
  purpose: kind.type,
  ...(deadline !== undefined && { deadline }),
})

export const isLast = ({ last }: Item, txid: TxId): boolean => last !== undefined && equalBytes(txidOf(last.tx), txid)

/**
 * The HTLC that the claim takes back. The only other spend of its output is the peer's, which shows the preimage (BOLT 5, local offers):
 * upstream pays us, and there is nothing to compete for.
 */
export const takenBack = ({ order }: Item): SpecHtlc | undefined => {
  const kind = order?.claim.kind
  return kind?.type === 'htlc-timeout' || kind?.type === 'offered-htlc' ? kind.htlc : undefined
}
