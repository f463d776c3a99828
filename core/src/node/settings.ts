import type { Network } from '../bitcoin/network.ts'
import type { ChannelSettings } from '../channel/index.ts'
import type { BlockDelta, FeeratePerKw, Msat } from '../lib/units.ts'
import type { TrampolinePolicy } from '../payment/trampoline/trampoline-protocol.ts'
import { type FeatureSet, formatFeatures, OUR_FEATURES } from '../wire/features.ts'
import type { EventRoom } from './events/event-retention.ts'
import type { MessageRelaying } from './onion-messages/message-limits.ts'
import type { SocketAddress } from './peer/socket-address.ts'

// BOLT 3 and BOLT 5 leave these to each node; the defaults follow what the field's nodes use.

/** What the operator may choose when the node starts. */
export interface NodeChoices {
  /** Peers that want a channel announced. */
  readonly announcedOpenings: ChannelSettings['announcedOpenings']
  /**
   * The highest fee rate of our commitments: the anchor brings one into a block if necessary. Some peers refuse commitments far below their
   * own estimate.
   */
  readonly maxCommitmentFeerate: FeeratePerKw
  /** The most that is relayed in one HTLC. A channel announces what it can carry, up to this. */
  readonly htlcMaximumMsat: Msat
  /** The most that one peer may have under way of what we relay for it, in all its channels with us. */
  readonly mostOfPeer: { readonly htlcs: number; readonly amountMsat: Msat }
  /** What payments cost whose way on we find ourselves. Absent: the node is no trampoline node. */
  readonly trampoline?: TrampolinePolicy
  /** Node ids of peers whose channels are used before their funding confirms: they could take back what they pay until it does. */
  readonly zeroConfPeers: readonly string[]
  /** What the network is told of this node: at most 32 bytes of UTF-8, the beginning of its id if absent. */
  readonly alias?: string
  /** Red, green, blue: a byte each. */
  readonly rgbColor: Uint8Array
  /** Where others can reach it: none if it does not want to be called. */
  readonly announcedAddresses: readonly SocketAddress[]
  /** For whom onion messages are passed on. */
  readonly onionMessages: MessageRelaying
  /** Whether payments are taken that nobody was asked for (bLIP 3). */
  readonly acceptKeysend: boolean
  /** How long a peer's balance waits once the peer has closed alone. */
  readonly toSelfDelay: BlockDelta
}

export const DEFAULT_CHOICES: NodeChoices = {
  announcedOpenings: 'announce',
  rgbColor: Uint8Array.of(0x8a, 0x5c, 0xff),
  announcedAddresses: [],
  onionMessages: 'everybody',
  maxCommitmentFeerate: 2_500,
  htlcMaximumMsat: 50n * 100_000_000_000n,
  mostOfPeer: { htlcs: 300, amountMsat: 10n * 100_000_000_000n },
  zeroConfPeers: [],
  acceptKeysend: true,
  toSelfDelay: 720,
}

/** How this node treats its channels, unless the operator says otherwise. */
export const channelSettings = (
  network: Network,
  { announcedOpenings, htlcMaximumMsat, toSelfDelay }: NodeChoices,
  features: FeatureSet = OUR_FEATURES,
): ChannelSettings => ({
  chainHash: network.chainHash,
  features: formatFeatures(features, 'init'),
  // BOLT 3, dust limits: enough for every standard output type.
  dustLimit: 354n,
  maxRemoteDustLimit: 1_000n,
  reserve: 10_000,
  maxReserve: 50_000,
  // Deployed dust limits go up to 546, and we take up to `maxRemoteDustLimit`.
  minReserve: 1_000n,
  htlcMinimumMsat: 1n,
  maxHtlcValueInFlightMsat: undefined,
  // BOLT 2: 483 is the most that a penalty transaction can take in.
  maxAcceptedHtlcs: 483,
  toSelfDelay,
  maxToSelfDelay: 2016,
  minFunding: 20_000n,
  maxFunding: 50n * 100_000_000n,
  announcedOpenings,
  minimumDepth: network.name === 'regtest' ? 1 : 6,
  maxMinimumDepth: 144,
  maxHtlcMinimumMsat: 1_000_000n,
  // A rate above ours is the opener's money, and zero-fee HTLC transactions do not depend on it. Nobody has had to pay 1,000 sat/vB yet.
  feerateTolerance: { timesEstimate: 100, always: 250_000 },
  maxDustHtlcExposureMsat: 50_000_000n,
  minCltvExpiryDelta: 9,
  maxCltvExpiryDelta: 2016,
  timeoutGrace: 2,
  fulfilmentMargin: 18,
  claimDepth: 6,
  fundingTimeout: 2016,
  closingTimeoutMs: 60_000,
  reestablishTimeoutMs: 60_000,
  relay: {
    feeBaseMsat: 1_000n,
    feeProportionalMillionths: 100,
    cltvExpiryDelta: 80,
    htlcMinimumMsat: 1n,
    htlcMaximumMsat,
  },
})

/** What the operator may charge at most: beyond it, a mistake is more likely than a wish. */
export const MAX_FEE_BASE_MSAT = 1_000_000n
export const MAX_FEE_PROPORTIONAL_MILLIONTHS = 100_000

/** Openings by one peer that may be under way at once. */
export const MAX_PENDING_OPENINGS_PER_PEER = 8

/** Channels opened by one peer whose funding is not deep enough yet: each costs the peer nothing, and us a row and a watch. */
export const MAX_UNCONFIRMED_PER_PEER = 100

/** The same of all peers together: then only those get more with whom a channel has cost somebody money. */
export const MAX_UNCONFIRMED_IN_ALL = 1_000

const MIB = 1_024 * 1_024

/** Durable events kept of each class, before the oldest of that class are deleted. */
export const EVENTS_KEPT: EventRoom = {
  money: { rows: 1_000_000, bytes: 1_024 * MIB },
  channel: { rows: 300_000, bytes: 256 * MIB },
  network: { rows: 100_000, bytes: 64 * MIB },
  plugin: { rows: 100_000, bytes: 64 * MIB },
  node: { rows: 10_000, bytes: 16 * MIB },
}
