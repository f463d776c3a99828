import type { HtlcId } from '../../lib/ids.ts'
import type { Sat } from '../../lib/units.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import type { ClosingComplete, ClosingSigned, FeeRange } from '../../wire/messages/channel-close.ts'
import type { AnnouncementSignatures } from '../../wire/messages/gossip.ts'
import type { Proposal } from './changes.ts'
import type { SignedClose } from './closing.ts'
import type { Rest } from './rest.ts'

/** Counts the connections with a peer. Anything with another epoch belongs to a connection that is gone. */
export type Epoch = number

/** State that lives as long as one connection. */
export interface Session {
  readonly epoch: Epoch
  readonly remoteFeatures: FeatureVector
  /** Whether `channel_reestablish` went both ways (true from the start on the connection that opens the channel). */
  readonly reestablished: boolean
  /** The peer's `channel_reestablish` shows that it has lost states of the channel. */
  readonly peerIsBehind?: boolean
  /** Our `channel_reestablish` has gone out on this connection. */
  readonly saidNumbers?: true
  /** Our request to close a channel whose data is lost was repeated, after the peer had refused our numbers. */
  readonly askedTwice?: true
  readonly proposed: Proposals
  /** Closing negotiation: restarts on every connection (BOLT 2). */
  readonly closing?: ClosingNegotiation
  /** A `closing_signed` that came before we were ready for it. */
  readonly earlyOffer?: ClosingSigned
  /** The same with `option_simple_close`. */
  readonly simpleClose?: SimpleNegotiation
  readonly earlyComplete?: ClosingComplete
  readonly rest?: Rest
  /** The peer has had its time to bring the last updates into both commitments. */
  readonly isOverdue?: boolean
  /** Whether this connection has carried our `shutdown`, and the peer's. */
  readonly shutdownSent: boolean
  readonly shutdownReceived: boolean
  /** Ours names a script that the peer does not know how to pay to. */
  readonly isShutdownHeld?: boolean
  readonly announcement?: AnnouncementProgress
  /** An `announcement_signatures` that came before the channel had its own id, or while it rested. */
  readonly earlyAnnouncement?: AnnouncementSignatures
  /** Once our `shutdown` is sent: the id of the first HTLC of the peer's that comes after it. */
  readonly shutdownBefore?: HtlcId
}

/** What each side has proposed and not signed yet, and the ids that additions would take next. */
export interface Proposals {
  readonly local: readonly Proposal[]
  readonly remote: readonly Proposal[]
  readonly nextLocalHtlcId: HtlcId
  readonly nextRemoteHtlcId: HtlcId
}

interface ClosingNegotiation {
  /** What we proposed last, with the range that we will agree to. */
  readonly lastSentFee?: Sat
  readonly sentRange?: FeeRange
  readonly lastReceivedFee?: Sat
  /** The peer's last offer, whether or not we accepted it. */
  readonly lastOffer?: ClosingSigned
  /** An offer of the peer that is higher than we pay. */
  readonly refused?: ClosingSigned
}

/** Whether this connection has carried the peer's `announcement_signatures`, and ours; and whether the network was told of the channel. */
interface AnnouncementProgress {
  readonly heard?: boolean
  readonly sent?: boolean
  readonly told?: boolean
}

/** BOLT 2, closing_complete: each side proposes what it pays itself, one at a time. */
interface SimpleNegotiation {
  /** Ours that the peer has not answered. */
  readonly offered?: SignedClose
  /** How many of the peer's came on this connection. */
  readonly taken: number
}

export const noProposals = (nextLocalHtlcId: HtlcId, nextRemoteHtlcId: HtlcId): Proposals => ({
  local: [],
  remote: [],
  nextLocalHtlcId,
  nextRemoteHtlcId,
})

/** A session at the start of a connection; `reestablished` only for a channel that is opened on it. */
export const newSession = (
  epoch: Epoch,
  remoteFeatures: FeatureVector,
  reestablished: boolean,
  proposed: Proposals = noProposals(0n, 0n),
): Session => ({ epoch, remoteFeatures, reestablished, proposed, shutdownSent: false, shutdownReceived: false })
