import type { ChannelId, HtlcId, NodeId, PaymentHash, Preimage, PrivateKey, ShortChannelId } from '../../lib/ids.ts'
import type { BlockDelta, BlockHeight, Msat, TimestampMs } from '../../lib/units.ts'
import type { Attribution } from '../../onion/attribution-data.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import type { Recipient } from './recipient.ts'
import type { Payee } from './trampoline-recipient.ts'
import type { RouteWishes } from './wishes.ts'

/** The HTLC that reaches one node of a route. */
export interface RouteHop {
  readonly nodeId: NodeId
  /** The channel into the node; of the first hop our own, which may have no id yet. Of a blinded recipient the path to it (`pathName`). */
  readonly shortChannelId?: ShortChannelId
  readonly amountMsat: Msat
  readonly cltvExpiry: BlockHeight
}

/** From our own channel to the recipient. */
export interface Route {
  readonly channelId: ChannelId
  /** The first is our peer, the last the recipient; never empty. */
  readonly hops: readonly RouteHop[]
}

/** What is paid, and to whom. */
export interface PaymentTarget {
  readonly recipient: Recipient
  readonly paymentHash: PaymentHash
  /** What the recipient is to get, all parts together. */
  readonly amountMsat: Msat
  /** Whether the recipient takes several parts. */
  readonly multiPart: boolean
  /** No further attempt is made from then on. */
  readonly expiresAt?: TimestampMs
  /** Go this way, once. */
  readonly route?: Route
  /** What the payer wants of the routes, if it wants something. */
  readonly wishes?: RouteWishes
  /** As it was given to us. */
  readonly invoice?: string
  readonly description?: string
}

export interface PaymentRequest {
  readonly target: PaymentTarget
  /** Further parts of a payment whose route is given, each over its own. */
  readonly moreRoutes?: readonly Route[]
  /** The most that relays may charge, all parts together. */
  readonly maxFeeMsat: Msat
  /** The caller's idempotency key, empty if it gave none. */
  readonly key: string
}

/** Why an attempt failed. */
export type AttemptFailure =
  /** Our own channel refused it, or dropped it before it was signed. */
  | { readonly type: 'local'; readonly error: string }
  /** The node at `hop` of the route (0 is our peer) gave it back. */
  | { readonly type: 'remote'; readonly hop: number; readonly message: FailureMessage }
  /** What the recipient, or a node after it, gave back is for whoever made the inner onion: what is left of it without our layers. */
  | { readonly type: 'beyond'; readonly reason: Uint8Array }
  /** What came back could not be read. */
  | { readonly type: 'unreadable' }
  /** It timed out on the chain. */
  | { readonly type: 'on-chain' }

/** One HTLC of a payment. */
export interface Attempt {
  readonly id: number
  readonly route: Route
  /**
   * The onion's; what it shares with the hops is computed from it again when a failure has to be read. Secret; empty once the
   * payment has ended.
   */
  readonly sessionKey: PrivateKey
  readonly startedAt: TimestampMs
  readonly status: 'pending' | 'settled' | 'failed'
  /** No id below it can be its HTLC's in the channel: see `Offer`. Absent in rows of an earlier version. */
  readonly firstHtlcId?: HtlcId
  /** If failed. */
  readonly failure?: AttemptFailure
  /** What came back with the outcome says who held it for how long, and who changed that. */
  readonly attribution?: Attribution
}

/** Why there is no route. */
export interface RouteFailure {
  readonly code:
    | 'insufficient-balance'
    /** We have enough, and the peers take no more in flight. */
    | 'peer-limit-reached'
    | 'no-route'
    | 'fee-limit-exceeded'
    | 'expiry-too-far'
    /** The search has failed, or has found nothing in time: there may be a way all the same. */
    | 'route-search-failed'
}

/** Why a payment failed for good. */
export interface PaymentFailure {
  readonly code: RouteFailure['code'] | 'payment-failed'
  /** The attempt whose failure decided it, if one did. */
  readonly attempt?: number
}

/** A payment that we send: its row. Ended once `endedAt` is there, and then final. */
export interface SentPayment {
  readonly target: PaymentTarget
  readonly maxFeeMsat: Msat
  readonly key: string
  readonly startedAt: TimestampMs
  readonly status: 'in-flight' | 'settled' | 'failed'
  /** In the order in which they were made. Ids go on from an earlier, failed payment of the same hash. */
  readonly attempts: readonly Attempt[]
  readonly nextAttemptId: number
  /** As soon as one part is settled. */
  readonly preimage?: Preimage
  /** As soon as no further attempt will be made; parts may still be under way. */
  readonly failure?: PaymentFailure
  readonly endedAt?: TimestampMs
}

/** An own channel as payments see it: connected, reestablished and open for HTLCs. */
export interface OwnChannel {
  readonly channelId: ChannelId
  readonly remoteNodeId: NodeId
  readonly shortChannelId?: ShortChannelId
  /** The most that one more HTLC may carry now: reserve and fees taken off, within what the peer takes in flight. */
  readonly spendableMsat: Msat
  /** The same by our balance alone. */
  readonly affordableMsat: Msat
  /** The least that the peer takes. */
  readonly htlcMinimumMsat: Msat
  /** What each HTLC takes from what the next one may carry, its amount aside. */
  readonly htlcCostMsat?: Msat
  /** How many more HTLCs it takes. */
  readonly htlcSlots?: number
}

/** By what a channel's room is told: by what it can carry now, or by our balance alone. */
export type Room = 'spendableMsat' | 'affordableMsat'

/** The own channels with any node, in order: whoever looks for one need not look at all. */
export interface OwnChannels {
  /** Those with the most room first. */
  byRoom(peer: NodeId, room: Room): Iterable<OwnChannel>
  /**
   * The same, but those of about the same room (to within a half) always in the same order: payments at the same time go
   * over the same channel then, and share its commitments and what signing, writing and sending them costs.
   */
  inTurn(peer: NodeId): Iterable<OwnChannel>
}

/** What a step may know of the world. */
export interface SendEnv {
  readonly now: TimestampMs
  readonly height: BlockHeight
  /** The node at the other end of a channel of ours; `undefined` if it is none of ours. */
  readonly peerOf: (channelId: ChannelId) => NodeId | undefined
  /** A number that no question before had in this life of the node. */
  readonly questionId: () => number
  /** A fresh random number of blocks that a payment adds to its final expiry: see `shadowDelta`. */
  readonly shadowDelta: () => BlockDelta
  /** The id that the channel's next signed HTLC of ours will have, or one before it. */
  readonly nextHtlcId: (channelId: ChannelId) => HtlcId
  /** A fresh key for an onion, 32 random bytes that are a valid scalar. */
  readonly sessionKey: () => PrivateKey
}

/** Who gets it in the end: by way of a trampoline node, somebody else than the one that we find a way to. */
export const payeeOf = ({ recipient, amountMsat }: PaymentTarget): Payee =>
  (recipient.type === 'trampoline' ? recipient.payee : undefined) ?? { nodeId: recipient.nodeId, amountMsat }

/** What reached the recipient, and what relays charged, of the parts in a state. */
export const partAmounts = (route: Route): { readonly amountMsat: Msat; readonly feesMsat: Msat } => {
  const sent = (route.hops[0] as RouteHop).amountMsat
  const delivered = (route.hops.at(-1) as RouteHop).amountMsat
  return { amountMsat: delivered, feesMsat: sent - delivered }
}
