import type { NodeId, ShortChannelId } from '../../lib/ids.ts'
import type { Result } from '../../lib/result.ts'
import type { BlockDelta, Msat, Ppm, TimestampMs } from '../../lib/units.ts'
import type { EdgeWeight } from './weights.ts'

/** BOLT 4, `max_htlc_cltv`: relays refuse what expires later than this. */
export const MAX_CLTV_EXPIRY_DELTA = 2016
/** What an onion has room for. */
export const MAX_HOPS = 20
export const MAX_PARTS = 64

/** A channel that the graph may not know: from `nodeId` on to the next hop of its hint, or to the destination. */
export interface HintedHop {
  readonly nodeId: NodeId
  readonly shortChannelId: ShortChannelId
  readonly feeBaseMsat: number
  readonly feeProportionalMillionths: Ppm
  readonly cltvExpiryDelta: BlockDelta
}

/** A way to the destination that only its first node can be seen of; what it asks for is for all of it together. */
export interface BlindedWay {
  readonly introductionNodeId: NodeId
  readonly feeBaseMsat: number
  readonly feeProportionalMillionths: Ppm
  readonly cltvExpiryDelta: BlockDelta
  readonly htlcMinimumMsat: Msat
  readonly htlcMaximumMsat: Msat
}

type PathTarget =
  | { readonly type: 'node'; readonly nodeId: NodeId; readonly hints: readonly (readonly HintedHop[])[] }
  | { readonly type: 'blinded'; readonly ways: readonly BlindedWay[] }

/** A channel of the source, whose balance is known. */
export interface OwnChannelEnd {
  readonly remoteNodeId: NodeId
  /** The channel by the id that the graph, or a hint, has it by. */
  readonly shortChannelId?: ShortChannelId
  /** The most that one more HTLC may carry. */
  readonly spendableMsat: Msat
  readonly htlcMinimumMsat: Msat
  /** What each HTLC takes from what the next one may carry, its amount aside. */
  readonly htlcCostMsat?: Msat
  /** How many more HTLCs it takes. */
  readonly htlcSlots?: number
}

/** One direction of a channel, or both. */
interface ChannelDirection {
  readonly shortChannelId: ShortChannelId
  /** The node that sends over it. */
  readonly from?: NodeId
}

export interface PathQuestion {
  /** Where the paths begin. The destination may be the same node: then they go in a circle. */
  readonly source: NodeId
  /** The only channels that a path may begin with; without them the source is any node of the graph. */
  readonly ownChannels?: readonly OwnChannelEnd[]
  readonly target: PathTarget
  /** What is to arrive, all parts together. */
  readonly amountMsat: Msat
  readonly maxFeeMsat: Msat
  /** Channels in a path, blinded ones aside: at most 20. */
  readonly maxHops: number
  /** Blocks from now until the first HTLC expires: at most 2016. */
  readonly maxCltvExpiryDelta: BlockDelta
  /** Blocks from now until the last HTLC expires. */
  readonly finalCltvExpiryDelta: BlockDelta
  /** At most 64; 1 if the destination takes no parts. */
  readonly maxParts: number
  readonly excludedNodes: readonly NodeId[]
  readonly excludedChannels: readonly ChannelDirection[]
  /** The channels that the last hop may go over, if not all: for a circle that is to fill one of them. */
  readonly lastChannels?: readonly ShortChannelId[]
  /** What to prefer and to avoid for this question, besides what is wanted of all. */
  readonly weights?: readonly EdgeWeight[]
  /** Whether to tell how much of the graph was left out, and why. */
  readonly explained?: true
  /** What a node said that it really asks for. */
  readonly corrections: readonly HintedHop[]
  /** What is under way already, and takes room in channels of others. */
  readonly inFlight: readonly (Required<ChannelDirection> & { readonly amountMsat: Msat })[]
  readonly now: TimestampMs
  /** What was learnt of channels before this is not taken into account. */
  readonly learntSince?: TimestampMs
}

/** The HTLC that reaches a node. */
export interface PathHop {
  readonly nodeId: NodeId
  /** Absent for an own channel without one. */
  readonly shortChannelId?: ShortChannelId
  readonly amountMsat: Msat
  /** Blocks from now until it expires. */
  readonly cltvExpiryDelta: BlockDelta
  /** That the channel carries it: from 0 to 1. */
  readonly probability: number
}

/** A way for one part. */
export interface FoundPath {
  /** The place of the first channel among the own ones, if those were given. */
  readonly ownChannel?: number
  /** The last is the destination, or the introduction node of the blinded way; never empty. */
  readonly hops: readonly PathHop[]
  /** The place of the blinded way that follows. */
  readonly blindedWay?: number
  /** What arrives. */
  readonly amountMsat: Msat
  readonly feesMsat: Msat
  /** Of the first HTLC. */
  readonly cltvExpiryDelta: BlockDelta
  readonly probability: number
}

/** How much of the graph a search left out. A direction of a channel counts once, for the first reason that applies. */
export interface Excluded {
  /** Nodes that no path was to go through. */
  readonly nodes: number
  /** Directions that were closed for this question. */
  readonly directions: number
  /** Others into nodes that were, or out of them. */
  readonly beside: number
  /** Its node has switched it off, or says nothing of it. */
  readonly closed: number
  /** It takes no HTLC as small, or as large, as a part may be. */
  readonly amount: number
  /** Payments have shown that it carries less now. */
  readonly probability: number
  /** It charges more than all fees may be. */
  readonly fee: number
  /** It asks for more blocks than there are. */
  readonly delay: number
}

export interface FoundPaths {
  readonly paths: readonly FoundPath[]
  readonly feesMsat: Msat
  /** That all parts arrive. */
  readonly probability: number
  /** Of a question that wants it explained. */
  readonly excluded?: Excluded
}

/** The fields whose values can be absurd. */
export type LimitField =
  | 'amountMsat'
  | 'maxFeeMsat'
  | 'maxHops'
  | 'maxCltvExpiryDelta'
  | 'finalCltvExpiryDelta'
  | 'maxParts'

export type PathFailure =
  | { readonly code: 'invalid-limit'; readonly field: LimitField }
  /** The own channels together cannot send it. */
  | { readonly code: 'insufficient-balance' }
  /** There is a path, and this is what relays would charge. */
  | { readonly code: 'fee-limit-exceeded'; readonly feesMsat: Msat }
  /** There is a path, and this is how long it could take. */
  | { readonly code: 'expiry-too-far'; readonly cltvExpiryDelta: BlockDelta }
  | { readonly code: 'no-route' }

export type PathAnswer = Result<FoundPaths, PathFailure>
