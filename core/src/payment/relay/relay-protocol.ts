import type { HtlcOutcome, HtlcRef, InboundDiscounts, RelayPolicies, ShortIds } from '../../channel/index.ts'
import type { ChannelId, HtlcId, NodeId, PaymentHash, PublicKey, ShortChannelId } from '../../lib/ids.ts'
import type { Result } from '../../lib/result.ts'
import type { BlockDelta, BlockHeight, Msat, TimestampMs } from '../../lib/units.ts'
import type { BlindedRelayPayload } from '../../onion/blinded-payload.ts'
import type { NextNode } from '../../onion/encrypted-data.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import type { RelayPayload } from '../../onion/hop-payload.ts'
import type { ChannelUpdate } from '../../wire/messages/gossip.ts'
import type { FailEffect } from '../upstream-failure.ts'
import type { FulfilEffect } from '../upstream-fulfilment.ts'

/** A received HTLC that its sender wants relayed. */
export interface RelayRequest {
  readonly incoming: HtlcRef
  readonly amountMsat: Msat
  readonly cltvExpiry: BlockHeight
  readonly paymentHash: PaymentHash
  readonly payload: RelayPayload | BlindedRelayPayload
  /** For the next node: 1366 bytes. */
  readonly nextOnion: Uint8Array
  /** Why it is not to be relayed, unless it is already. */
  readonly refusal?: FailureMessage
}

/** A channel that a payment may be relayed out of. */
export interface RelayChannel {
  readonly channelId: ChannelId
  readonly remoteNodeId: NodeId
  readonly shortIds: ShortIds
  /** A channel whose type is `option_scid_alias` is not known by its real id. */
  readonly aliasOnly: boolean
  readonly policies: RelayPolicies
  readonly status: 'usable' | 'offline' | 'closing'
  /** The most that one more HTLC may carry now, and what the operator lets it carry. */
  readonly spendableMsat: Msat
}

export interface RelayEnv {
  readonly now: TimestampMs
  readonly height: BlockHeight
  /** The node has just started, and connects to its peers. */
  readonly isStarting: boolean
  /** Whether the operator lets so much more of the peer of this HTLC's channel be under way. */
  readonly hasPeerRoom: (htlc: RelayedHtlc) => boolean
  /** Whether somebody is to be asked before this goes out. */
  readonly isAsked: (question: RelayQuestion) => boolean
  /** The channel that may go by this id. */
  readonly named: (shortChannelId: ShortChannelId) => RelayChannel | undefined
  /** The usable channels with a peer, those that can carry the most first. */
  readonly byRoom: (peer: NodeId) => Iterable<RelayChannel>
  /** A channel with a peer that can be used again once the peer is back. */
  readonly offlineWith: (peer: NodeId) => RelayChannel | undefined
  /** What is taken off for what comes in over a channel. */
  readonly inboundDiscounts: (channelId: ChannelId) => InboundDiscounts | undefined
  /** Our signed update of a channel, calling it by the id that the sender used; `undefined` if there is none at hand. */
  readonly channelUpdate: (channelId: ChannelId, shortChannelId: ShortChannelId) => ChannelUpdate | undefined
  /** Whether revealing its preimage now would make the received HTLC ours, as far as anything is known of its channel. */
  readonly canClaim: (htlc: HtlcRef) => boolean
  /** Whether the outcome of the outgoing HTLC comes from the chain, or not at all. Never once the preimage is known. */
  readonly isLeftToChain: (relay: RelayRecord) => boolean
  /** Whether the peer would take back now what it has offered. */
  readonly takesBack: (htlc: HtlcRef) => boolean
  /** The id that the channel's next signed HTLC of ours will have, or one before it. */
  readonly nextHtlcId: (channelId: ChannelId) => HtlcId
  /** An outgoing HTLC must expire this many blocks from now at least, and at most (BOLT 4: 2016). */
  readonly minCltvExpiryDelta: BlockDelta
  readonly maxCltvExpiryDelta: BlockDelta
}

/** One side of a relay. */
export interface RelayedHtlc {
  readonly channelId: ChannelId
  readonly htlcId: HtlcId
  readonly amountMsat: Msat
  readonly cltvExpiry: BlockHeight
}

/** One of those that go out. The id is known once the channel has answered. */
export interface OutgoingHtlc extends Omit<RelayedHtlc, 'htlcId'> {
  readonly htlcId?: HtlcId
  /** No HTLC of this relay has an id below it in the channel: see `Offer`. Absent in rows of an earlier version. */
  readonly firstHtlcId?: HtlcId
}

/** The HTLCs of one side of a relay: one, for now. Where a relay may have several, what counts on one does not compile any more. */
export type Parts<Htlc> = readonly [Htlc]

/** Which HTLCs go out for which that came in: the relay's row. */
export interface RelayRecord {
  readonly paymentHash: PaymentHash
  readonly incoming: Parts<RelayedHtlc>
  /** What the sender asked for, or the recipient of a blinded path. */
  readonly requested: NextNode
  readonly startedAt: TimestampMs
  readonly outgoing: Parts<OutgoingHtlc>
}

/** What would go out, and for what, if nobody objects. */
export interface RelayQuestion {
  readonly paymentHash: PaymentHash
  readonly incoming: RelayedHtlc
  readonly outgoing: Omit<RelayedHtlc, 'htlcId'>
  /** Of a trampoline relay, which may have other HTLCs as well: what is left for us of all that came in. */
  readonly trampolineFeeMsat?: Msat
  readonly height: BlockHeight
}

export type RelayVerdict =
  | { readonly type: 'continue' }
  /** `by`: the plugin that decided. */
  | { readonly type: 'fail'; readonly failure: FailureMessage; readonly by: string }

export type RelayState = WaitingRelay | OfferedRelay

/** Nothing has gone out yet, and nothing is stored: after a restart it is asked again. */
export interface WaitingRelay {
  readonly phase: 'waiting'
  /** `channel`: found at a start, when no peer is connected yet. */
  readonly for: 'verdict' | 'channel'
  readonly request: RelayRequest
  readonly startedAt: TimestampMs
}

/** A relay under way. Without `request` (after a restart) it cannot be tried over another channel. */
export interface OfferedRelay {
  readonly phase: 'offered'
  readonly record: RelayRecord
  readonly request?: RelayRequest
  /** Channels that have refused it. */
  readonly tried: readonly ChannelId[]
}

export type RelayInput =
  /** The answer to `ask`. */
  | { readonly type: 'decided'; readonly verdict: RelayVerdict }
  /** A channel has become usable, or the time for that is over. */
  | { readonly type: 'channels-changed' }
  /** The channel's answer to `add-htlc`. */
  | {
      readonly type: 'added'
      readonly result: Result<{ readonly htlcId: HtlcId }, { readonly code: string }>
    }
  /** Another block. */
  | { readonly type: 'block' }
  /** The outcome of the outgoing HTLC. May repeat. */
  | { readonly type: 'settled'; readonly outcome: HtlcOutcome }

/** A step without a state has ended the relay: its row is to be deleted with what the effects write. */
export type RelayEffect =
  | { readonly type: 'ask'; readonly question: RelayQuestion }
  | RelayAddHtlc
  | RelayEnding
  | RelayReport

/** What the incoming channel is told. */
export type RelayEnding = FulfilEffect | FailEffect

export type RelayReport =
  /** For the event `payment.relayed`. */
  | {
      readonly type: 'relayed'
      readonly record: RelayRecord
      readonly feeMsat: Msat
    }
  /** For the event `payment.relay-failed`; without a record we refused it before sending it on. */
  | {
      readonly type: 'relay-failed'
      readonly paymentHash: PaymentHash
      readonly incoming: Parts<RelayedHtlc>
      readonly record?: RelayRecord
      readonly requested: {
        readonly next: NextNode
        readonly amountMsat: Msat
        readonly cltvExpiry: BlockHeight
      }
      readonly source: 'us' | 'downstream'
      /** BOLT 4's name of the failure, `undefined` if it is not ours to read. */
      readonly code: string | undefined
      /** The plugin that refused it. */
      readonly by?: string
    }

/** Offers the HTLC in a channel, with the origin `relay` and the incoming HTLC as upstream; answered by `added`. */
interface RelayAddHtlc {
  readonly type: 'add-htlc'
  readonly channelId: ChannelId
  readonly amountMsat: Msat
  readonly cltvExpiry: BlockHeight
  readonly paymentHash: PaymentHash
  readonly onion: Uint8Array
  /** Within a blinded path. */
  readonly pathKey?: PublicKey
  readonly upstream: HtlcRef
}
