import type { Tx } from '../../bitcoin/transaction.ts'
import type { ShachainStore } from '../../crypto/shachain.ts'
import type { OutPoint, ShortChannelId, Signature, TxId } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw, Msat, Sat, TimestampMs } from '../../lib/units.ts'
import type { Changes } from './changes.ts'
import type { ClosedSummary, ClosingProgress, SignedClose } from './closing.ts'
import type { Commitment, RemoteNextPoint } from './commitment.ts'
import type { Htlcs } from './htlc.ts'
import type { Ids } from './ids.ts'
import type { ChannelParams, InboundDiscounts, RelayPolicies, RemoteRelayPolicy, ShortIds } from './params.ts'

/** The state of a channel that must survive the process: from its first signed commitments on. What goes before is an `Opening`. */
export type Durable = Funded | Closed

/** What every channel has from its first commitments on. */
export interface FundedCommon {
  readonly params: ChannelParams
  readonly shortIds: ShortIds
  readonly relay: RelayPolicies
  readonly remoteRelay?: RemoteRelayPolicy
  /** There once the operator has wanted one. */
  readonly inbound?: InboundDiscounts
  readonly changes: Changes
  readonly htlcs: Htlcs
  /** The newest first; never empty. */
  readonly active: readonly Commitment[]
  readonly inactive: readonly Commitment[]
  readonly remoteNextPoint: RemoteNextPoint
  /** The peer's revealed per-commitment secrets. */
  readonly remoteSecrets: ShachainStore
  /** Until no reorganisation can undo it: it is published again whenever it is in no block. Only the funder has it. */
  readonly fundingTx?: Tx
  /** Absent in a state of an earlier version, and once no reorganisation can undo the funding. The funder's are those of `fundingTx`. */
  readonly fundingCoins?: FundingCoins
  /**
   * A transaction that the funding spends from is in no block and will be in none, as the wallet knows from its blocks: there is no such coin.
   * As long as that is so, the funding can be in no block. Only the funder has it; counted from where the channel first heard of it.
   */
  readonly coinsGoneSince?: BlockHeight
  /** Whether the peer has sent `channel_ready`, which may come before the funding is deep enough for us. */
  readonly remoteReady: boolean
  /** Scripts of the `shutdown` messages sent and received, in any phase after the funding. */
  readonly localShutdown?: Uint8Array
  readonly remoteShutdown?: Uint8Array
  /** The highest fee rate that the operator allows in a cooperative close. */
  readonly closingFeeratePerKw?: FeeratePerKw
  /** The least rate that the operator wants to pay in it. There once the operator has asked for a close. */
  readonly closingMinFeeratePerKw?: FeeratePerKw
  /** Where the operator wants to be paid instead, and the peer has not been told so yet. */
  readonly closingScript?: Uint8Array
  /** By `option_simple_close`, the newest last, a few of each closer. */
  readonly closes?: readonly SignedClose[]
  /** How many of the peer's were signed since that height, on whatever connection. */
  readonly closesTaken?: { readonly since: BlockHeight; readonly count: number }
  /**
   * The state was put back, and may not be the latest: of our own accord we publish no commitment of ours, until the peer has shown by
   * `channel_reestablish` that it knows none later, or the operator has taken the risk.
   */
  readonly inDoubt?: true
  /** Known from a static backup alone: where the channel is, and not one of its commitments. It closes from the start, and never by us. */
  readonly recovered?: true
  /** The peer's part of the channel's announcement, for the block that the funding is in. */
  readonly announcement?: AnnouncementHalves
  /** The channel's actor threw: the channel takes no part in the protocol until the operator lets it, whatever is started anew. */
  readonly quarantine?: Quarantine
}

/** The coins that the funding transaction spends. */
export interface FundingCoins {
  readonly outpoints: readonly OutPoint[]
  /** Another transaction that spends one of them and is in a block: as long as it is, the funding can be in none. */
  readonly rival?: { readonly txid: TxId; readonly height: BlockHeight }
}

/** BOLT 7, announcement_signatures: by the peer's node key and its funding key. */
export interface AnnouncementHalves {
  readonly shortChannelId: ShortChannelId
  readonly nodeSignature: Signature
  readonly bitcoinSignature: Signature
}

export interface Quarantine {
  readonly since: TimestampMs
  /** How often it threw. Set by the driver. */
  readonly throws: number
}

export interface WaitForFundingConfirmed extends FundedCommon {
  readonly phase: 'wait-for-funding-confirmed'
}

/** We have sent `channel_ready`. */
export interface WaitForChannelReady extends FundedCommon {
  readonly phase: 'wait-for-channel-ready'
}

export interface Normal extends FundedCommon {
  readonly phase: 'normal'
}

/** Both have sent `shutdown`; HTLCs remain. */
interface ShuttingDown extends FundedCommon {
  readonly phase: 'shutdown'
  readonly localShutdown: Uint8Array
  readonly remoteShutdown: Uint8Array
}

/** No HTLC is left; the two sides negotiate the fee of the closing transaction (in the session). */
export interface Negotiating extends FundedCommon {
  readonly phase: 'negotiating'
  readonly localShutdown: Uint8Array
  readonly remoteShutdown: Uint8Array
}

/** The end is on the chain, or on its way there. */
export interface Closing extends FundedCommon {
  readonly phase: 'closing'
  readonly closing: ClosingProgress
}

export type Funded = WaitForFundingConfirmed | WaitForChannelReady | Normal | ShuttingDown | Negotiating | Closing

/** Nothing is owed to or by this channel any more. */
export interface Closed extends Ids {
  readonly phase: 'closed'
  readonly fundingTxid?: TxId
  readonly capacity?: Sat
  readonly shortIds?: ShortIds
  /** Our balance in the last commitment. */
  readonly finalBalanceMsat?: Msat
  readonly summary: ClosedSummary
}
