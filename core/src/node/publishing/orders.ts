import type { Tx } from '../../bitcoin/transaction.ts'
import type { Claim } from '../../channel/index.ts'
import type { ChannelId, NodeId } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw, Sat } from '../../lib/units.ts'
import type { ChannelSigner } from '../keys/signer.ts'
import type { PublicationPurpose, PublishedTx } from './publication-row.ts'
import type { Shortage } from './raise-claim.ts'

/** Whose channel it is. */
export interface Owner {
  readonly channelId: ChannelId
  readonly peer: NodeId
}

/** A transaction whose fee is fixed: both sides have signed it. */
export interface AgreedTx extends Owner {
  readonly purpose: 'mutual-close' | 'local-commitment'
  readonly tx: Tx
  readonly fee: Sat
}

/** An output to take, by a transaction whose fee follows its stakes, alone or with others. */
export interface ClaimOrder extends Owner {
  readonly claim: Claim
  readonly signer: ChannelSigner
  /** Of an anchor: the commitment that it brings into a block. */
  readonly parents?: readonly Tx[]
}

/** What the wallet lacks, for which claim. */
export interface ClaimShortage extends Owner, Shortage {
  readonly purpose: PublicationPurpose
  readonly deadline?: BlockHeight
}

/** An output that is still to be taken, and how far that is. */
export interface ClaimProgress {
  readonly claim: Claim
  /** The last transaction that was published for it. */
  readonly published?: PublishedTx
  /** How many outputs are taken together, if not this one alone. */
  readonly outputs?: number
  /** When it pays another rate next, if estimates stay as they are. */
  readonly next?: { readonly height: BlockHeight; readonly feeratePerKw: FeeratePerKw }
  readonly shortage?: Shortage
}

/** What was published at the operator's rate, and what the wallet lacks for more. */
export interface RaisedFees {
  readonly raised: readonly PublishedTx[]
  readonly shortage?: Shortage
}
