import type { PublicKey } from '../../lib/ids.ts'
import type { BlockDelta, BlockHeight, FeeratePerKw, Msat, Ppm, Sat, TimestampMs } from '../../lib/units.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import type { RelayPolicy } from './params.ts'

/** What a step may know about the world. The driver makes it for one channel. */
export interface ChannelEnv {
  readonly now: TimestampMs
  readonly height: BlockHeight
  readonly feerates: Feerates
  readonly settings: ChannelSettings
  /** Our per-commitment point of a number. Pure: the same number always has the same point. */
  readonly commitmentPoint: (index: number) => PublicKey
  /** Of a funding of ours: something that it spends is no coin of the wallet's any more, because what made it has been double-spent. */
  readonly areCoinsGone?: boolean
  /** The HTLCs that have ended, from our view, of those of the peer's commitments for which `recall-htlcs` has asked. */
  readonly recalled?: ReadonlyMap<number, readonly SpecHtlc[]>
}

export interface Feerates {
  /** The backend's estimates; absent if it has none, and then nobody's fee rate can be judged. */
  readonly estimate?: FeeratePerKw
  /** The rate that our commitments should have. */
  readonly commitment: FeeratePerKw
  /** The rate that a cooperative close should pay, and the least that the network accepts. */
  readonly closing: FeeratePerKw
  /** The most that we pay if the peer sends no range and the operator has not set a rate. */
  readonly closingMaximum: FeeratePerKw
  readonly minimum: FeeratePerKw
}

/** This node's choices. */
export interface ChannelSettings {
  /** Hash of the chain's genesis block, internal byte order. */
  readonly chainHash: Uint8Array
  readonly features: FeatureVector
  readonly dustLimit: Sat
  /** The largest dust limit that we let a peer have. */
  readonly maxRemoteDustLimit: Sat
  /** The reserve that we ask the peer to keep, in parts per million of the capacity, and the largest that we agree to keep. */
  readonly reserve: Ppm
  readonly maxReserve: Ppm
  /** The least reserve that we ask of the peer: at least the dust limits that peers have (BOLT 2, channel_reserve_satoshis). */
  readonly minReserve: Sat
  readonly htlcMinimumMsat: Msat
  /** The most that the peer may have in flight towards us; `undefined`: the whole capacity. */
  readonly maxHtlcValueInFlightMsat: Msat | undefined
  readonly maxAcceptedHtlcs: number
  /** The delay that we ask the peer to bear, and the longest that we agree to bear. */
  readonly toSelfDelay: BlockDelta
  readonly maxToSelfDelay: BlockDelta
  /** The smallest and largest channel that we open or accept. */
  readonly minFunding: Sat
  readonly maxFunding: Sat
  /** What to do with a peer's wish to have the channel announced. */
  readonly announcedOpenings: 'announce' | 'refuse' | 'unannounced'
  /** How deep the funding of a peer's channel must be, and the deepest that we agree to wait for. */
  readonly minimumDepth: BlockDelta
  readonly maxMinimumDepth: BlockDelta
  /** The largest `htlc_minimum_msat` that we let a peer set. */
  readonly maxHtlcMinimumMsat: Msat
  /** A peer's fee rate may be this many times our own estimate, and up to `always` whatever we estimate. */
  readonly feerateTolerance: { readonly timesEstimate: number; readonly always: FeeratePerKw }
  /** The most that we risk in HTLCs without an output. */
  readonly maxDustHtlcExposureMsat: Msat
  /** An offered HTLC must expire this many blocks from now at least, and at most. */
  readonly minCltvExpiryDelta: BlockDelta
  readonly maxCltvExpiryDelta: BlockDelta
  /** How long after the expiry of an HTLC that we offered we go to the chain (BOLT 2: G). */
  readonly timeoutGrace: BlockDelta
  /** How long before the expiry of an HTLC that we fulfilled we go to the chain (BOLT 2: 2R+G+S). */
  readonly fulfilmentMargin: BlockDelta
  /** After how many confirmations a spend counts as final. */
  readonly claimDepth: BlockDelta
  /** How long a fundee waits for the funding transaction (BOLT 2: 2016). */
  readonly fundingTimeout: BlockDelta
  /** How long we wait for an answer in closing, in milliseconds. */
  readonly closingTimeoutMs: number
  /** How long a connected peer may be silent about a channel before the operator is told, in milliseconds. */
  readonly reestablishTimeoutMs: number
  /** What a new channel charges. `htlcMaximumMsat` is further limited by the capacity and the peer's limits. */
  readonly relay: RelayPolicy
}
