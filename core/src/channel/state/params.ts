import type { ChannelId, PublicKey, ShortChannelId } from '../../lib/ids.ts'
import type { BlockDelta, BlockHeight, Msat, Ppm, Sat, TimestampMs } from '../../lib/units.ts'
import type { ChannelType } from '../../wire/channel-type.ts'
import type { Basepoints } from '../commitment/commitment-terms.ts'
import type { Ids } from './ids.ts'

/** One side's public keys of a channel. */
export interface ChannelKeys {
  readonly fundingKey: PublicKey
  readonly basepoints: Basepoints
}

/** What one side demands of the other (`open_channel`, `accept_channel`). */
export interface Limits {
  /** The side that demands has no outputs below this amount in its own commitment. */
  readonly dustLimit: Sat
  /** What the other side must keep. */
  readonly channelReserve: Sat
  /** The smallest HTLC that the side accepts. */
  readonly htlcMinimumMsat: Msat
  /** The most in flight of what the other side offers. */
  readonly maxHtlcValueInFlightMsat: Msat
  readonly maxAcceptedHtlcs: number
  /** How long the other side's own outputs are delayed. */
  readonly toSelfDelay: BlockDelta
}

/** The values that an opening fixes for good. */
export interface ChannelParams extends Ids {
  readonly temporaryChannelId: ChannelId
  readonly keyIndex: number
  readonly localIsOpener: boolean
  readonly channelType: ChannelType
  readonly announce: boolean
  /** Also in each active commitment: later fundings bring their own. */
  readonly localKeys: ChannelKeys
  readonly remoteKeys: ChannelKeys
  /** Where a cooperative close pays us unless the operator says otherwise. */
  readonly localShutdownScript: Uint8Array
  /** Whether we promised the peer to be paid to that script only (`upfront_shutdown_script`). */
  readonly localShutdownIsUpfront: boolean
  readonly remoteUpfrontShutdown?: Uint8Array
  /** How deep the funding transaction must be before we call the channel ready; 0: it is ready as soon as both have signed (zero-conf). */
  readonly minimumDepth: BlockDelta
  readonly openedAt: BlockHeight
}

/** What we ask for relaying out of a channel. */
export interface RelayPolicy {
  readonly feeBaseMsat: Msat
  readonly feeProportionalMillionths: Ppm
  readonly cltvExpiryDelta: BlockDelta
  readonly htlcMinimumMsat: Msat
  readonly htlcMaximumMsat: Msat
}

/** bLIP 18: what is taken off our fee for what comes in over a channel, never below nothing. */
export interface InboundDiscount {
  readonly feeBaseMsat: Msat
  readonly feeProportionalMillionths: Ppm
}

/** The one in force, and the one before, which senders may still use. */
export interface InboundDiscounts {
  readonly current: InboundDiscount
  /** When `current` came into force. */
  readonly since: TimestampMs
  readonly previous: InboundDiscount
}

/** The policy in force, and the one before, which senders may still use. */
export interface RelayPolicies {
  readonly current: RelayPolicy
  /** When `current` came into force. */
  readonly since: TimestampMs
  readonly previous?: RelayPolicy
  /** Timestamp of the last `channel_update` that describes `current`, in seconds. */
  readonly updateTimestamp: number
}

/** What the peer asks for relaying out of its end (its last `channel_update`), for hints in invoices. */
export interface RemoteRelayPolicy extends RelayPolicy {
  readonly shortChannelId: ShortChannelId
  readonly timestamp: number
  readonly disabled: boolean
}

export interface ShortIds {
  readonly real?: ShortChannelId
  /** Every alias that we have sent: each is good for HTLCs to this channel for ever. */
  readonly localAliases: readonly ShortChannelId[]
  /** The peer's name for the channel: for hints in our invoices. */
  readonly remoteAlias?: ShortChannelId
}
