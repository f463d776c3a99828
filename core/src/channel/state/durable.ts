import type { Tx } from '../../bitcoin/transaction.ts'
import type { ShachainStore } from '../../crypto/shachain.ts'
import type { ChannelId, NodeId, ShortChannelId, TxId } from '../../lib/ids.ts'
import type { FeeratePerKw, Msat, Sat } from '../../lib/units.ts'
import type { AcceptChannel, OpenChannel } from '../../wire/messages/channel-open.ts'
import type { Changes } from './changes.ts'
import type { ClosedSummary, ClosingProgress } from './closing.ts'
import type { Commitment, RemoteNextPoint } from './commitment.ts'
import type { Htlcs } from './htlc.ts'
import type { ChannelKeys, ChannelParams, RelayPolicies, RemoteRelayPolicy, ShortIds } from './params.ts'

/**
 * The state that must survive the process. Phases before the first commitment is signed are never written (`isStored`): BOLT 2 has both
 * sides forget a channel whose opening was interrupted.
 */
export type Durable = Opening | Funded | Closed

/** Only the two nodes and the keys exist yet. */
export interface OpeningKeys {
  readonly localNodeId: NodeId
  readonly remoteNodeId: NodeId
  readonly keyIndex: number
  readonly localKeys: ChannelKeys
  /** The short id that we gave the channel; the register makes it so that no two channels share one. */
  readonly alias: ShortChannelId
  readonly localShutdownScript: Uint8Array
}

/** Before the first message. */
export interface Idle {
  readonly phase: 'idle'
  /** The temporary one. */
  readonly channelId: ChannelId
  readonly localNodeId: NodeId
  readonly remoteNodeId: NodeId
}

/** The opening has failed: the channel is to be dropped. Final. */
interface Aborted {
  readonly phase: 'aborted'
  readonly channelId: ChannelId
  readonly localNodeId: NodeId
  readonly remoteNodeId: NodeId
}

/** Funder: `open_channel` is sent. */
export interface WaitForOpenAnswer {
  readonly phase: 'wait-for-open-answer'
  readonly keys: OpeningKeys
  readonly open: OpenChannel
  readonly requestId: string
  readonly fundingFeeratePerKw: FeeratePerKw
  readonly maxFundingFee?: Sat
}

/** Funder: the wallet is making the funding transaction. */
export interface WaitForFunding {
  readonly phase: 'wait-for-funding'
  readonly keys: OpeningKeys
  readonly open: OpenChannel
  readonly accept: AcceptChannel
  readonly requestId: string
  readonly fundingFeeratePerKw: FeeratePerKw
  readonly maxFundingFee?: Sat
}

/** Funder: `funding_created` is sent. */
export interface WaitForFundingSigned extends FundedCommon {
  readonly phase: 'wait-for-funding-signed'
  readonly requestId: string
  readonly fundingTx: Tx
}

/** Fundee: a valid `open_channel` was received; the node decides whether it wants the channel. */
export interface WaitForDecision {
  readonly phase: 'wait-for-decision'
  readonly localNodeId: NodeId
  readonly remoteNodeId: NodeId
  readonly open: OpenChannel
}

/** Fundee: `accept_channel` is sent. */
export interface WaitForFundingCreated {
  readonly phase: 'wait-for-funding-created'
  readonly keys: OpeningKeys
  readonly open: OpenChannel
  readonly accept: AcceptChannel
}

/** In `wait-for-funding-signed` our own commitment is not signed yet, so its signature is empty. */
export type Opening =
  | Aborted
  | Idle
  | WaitForOpenAnswer
  | WaitForFunding
  | WaitForFundingSigned
  | WaitForDecision
  | WaitForFundingCreated

/** What every channel has from its first commitments on. */
export interface FundedCommon {
  readonly params: ChannelParams
  readonly shortIds: ShortIds
  readonly relay: RelayPolicies
  readonly remoteRelay?: RemoteRelayPolicy
  readonly changes: Changes
  readonly htlcs: Htlcs
  /** The newest first; never empty. */
  readonly active: readonly Commitment[]
  readonly inactive: readonly Commitment[]
  readonly remoteNextPoint: RemoteNextPoint
  /** The peer's revealed per-commitment secrets. */
  readonly remoteSecrets: ShachainStore
  /** Until it is deep enough: it is published again at every start. Only the funder has it. */
  readonly fundingTx?: Tx
  /** Whether the peer has sent `channel_ready`, which may come before the funding is deep enough for us. */
  readonly remoteReady: boolean
  /** Scripts of the `shutdown` messages sent and received, in any phase after the funding. */
  readonly localShutdown?: Uint8Array
  readonly remoteShutdown?: Uint8Array
  /** The fee rate that the operator asked for in a cooperative close. */
  readonly closingFeeratePerKw?: FeeratePerKw
}

export interface WaitForFundingConfirmed extends FundedCommon {
  readonly phase: 'wait-for-funding-confirmed'
}

/** We have sent `channel_ready`. */
export interface WaitForChannelReady extends FundedCommon {
  readonly phase: 'wait-for-channel-ready'
}

interface Normal extends FundedCommon {
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
export interface Closed {
  readonly phase: 'closed'
  readonly channelId: ChannelId
  readonly localNodeId: NodeId
  readonly remoteNodeId: NodeId
  readonly keyIndex?: number
  readonly fundingTxid?: TxId
  readonly capacity?: Sat
  readonly shortIds?: ShortIds
  /** Our balance in the last commitment. */
  readonly finalBalanceMsat?: Msat
  readonly summary: ClosedSummary
}

export type Phase = Durable['phase']
