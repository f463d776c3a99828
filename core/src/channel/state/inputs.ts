import type { Tx } from '../../bitcoin/transaction.ts'
import type { HtlcId, NodeId, OutPoint, PaymentHash, Preimage, PublicKey, TxId } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw, Msat, Sat } from '../../lib/units.ts'
import type { ChannelType } from '../../wire/channel-type.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import type { ChannelAnnouncement } from '../../wire/messages/gossip.ts'
import type { Message } from '../../wire/messages/message.ts'
import type { HtlcOrigin } from './htlc.ts'
import type { OpeningKeys } from './opening.ts'
import type { InboundDiscount, RelayPolicy } from './params.ts'
import type { Rest } from './rest.ts'
import type { Epoch } from './session.ts'

/** Everything that can happen to a channel. */
export type ChannelInput =
  | PeerMessage
  | ChannelCommand
  | ChainInput
  | TimerFired
  | Connected
  | Disconnected
  | HtlcsRecalled
  | AnnouncementFound

/** The messages that concern one channel. */
export type ChannelMessage = Extract<
  Message,
  {
    readonly type:
      | 'open_channel'
      | 'accept_channel'
      | 'funding_created'
      | 'funding_signed'
      | 'channel_ready'
      | 'shutdown'
      | 'closing_signed'
      | 'closing_complete'
      | 'closing_sig'
      | 'update_add_htlc'
      | 'update_fulfill_htlc'
      | 'update_fail_htlc'
      | 'update_fail_malformed_htlc'
      | 'commitment_signed'
      | 'revoke_and_ack'
      | 'update_fee'
      | 'channel_reestablish'
      | 'channel_update'
      | 'announcement_signatures'
      | 'error'
      | 'warning'
  }
>

export interface PeerMessage {
  readonly type: 'peer-message'
  readonly epoch: Epoch
  readonly message: ChannelMessage
  /** With `update_add_htlc`, if the driver has peeled the onion already: kept in the HTLC's row. */
  readonly sharedSecret?: Uint8Array
}

export interface Connected {
  readonly type: 'connected'
  readonly epoch: Epoch
  /** Of the peer's `init`. */
  readonly remoteFeatures: FeatureVector
  /** Until the timer `rest`. */
  readonly rest?: Rest
}

export interface Disconnected {
  readonly type: 'disconnected'
  readonly epoch: Epoch
}

/** Named so that a second timer replaces the first. */
export type TimerName = 'closing-answer' | 'reestablishment' | 'rest'

export interface TimerFired {
  readonly type: 'timer'
  readonly timer: TimerName
}

/** `ChannelEnv.recalled` holds what `recall-htlcs` asked for. */
interface HtlcsRecalled {
  readonly type: 'htlcs-recalled'
}

/** The network has this announcement of the channel. May repeat. */
export interface AnnouncementFound {
  readonly type: 'announcement-found'
  readonly announcement: ChannelAnnouncement
}

export type ChannelCommand =
  | OpenCommand
  | FundingCreatedByWallet
  | FundingFailed
  | AcceptCommand
  | RejectCommand
  | AddHtlcCommand
  | FulfilHtlcCommand
  | FailHtlcCommand
  | FailMalformedHtlcCommand
  | UpdateFeeCommand
  | SignCommand
  | SetRelayFeesCommand
  | SetHtlcMaximumCommand
  | SetInboundDiscountCommand
  | CloseCommand
  | ForceCloseCommand
  | ForgetUnsignedCommand

/** Becomes the funder of a channel. */
export interface OpenCommand {
  readonly type: 'open'
  readonly requestId: string
  readonly keys: OpeningKeys
  readonly funding: Sat
  readonly pushMsat: Msat
  readonly announce: boolean
  /** With anchors alone if absent. */
  readonly channelType?: ChannelType
  /** The fee rate of the funding transaction, and the most that it may pay. */
  readonly fundingFeeratePerKw: FeeratePerKw
  readonly maxFundingFee?: Sat
  /** It spends exactly these; the wallet chooses if absent. */
  readonly coins?: readonly OutPoint[]
  /** Promises the peer to be paid to `keys.localShutdownScript` only. */
  readonly upfrontShutdown: boolean
}

/** The wallet's answer to the effect `fund`: signed, reserved, not published. */
export interface FundingCreatedByWallet {
  readonly type: 'funding-created'
  readonly tx: Tx
  readonly outputIndex: number
}

export interface FundingFailed {
  readonly type: 'funding-failed'
  readonly reason: string
}

/** The node wants the channel that `ask-accept` described. */
export interface AcceptCommand {
  readonly type: 'accept'
  readonly keys: OpeningKeys
  readonly upfrontShutdown: boolean
  /** How deep the funding must be; the node's setting if absent. 0 is the consent to use the channel before that (zero-conf). */
  readonly minimumDepth?: number
  /** The least that the peer must keep, if that is more than the node's setting. */
  readonly leastReserve?: Sat
}

/** The node does not want it; the reason goes to the peer. */
export interface RejectCommand {
  readonly type: 'reject'
  readonly reason: string
}

export interface AddHtlcCommand {
  readonly type: 'add-htlc'
  readonly requestId: string
  readonly amountMsat: Msat
  readonly paymentHash: PaymentHash
  readonly cltvExpiry: BlockHeight
  /** 1366 bytes. */
  readonly onion: Uint8Array
  readonly origin: HtlcOrigin
  readonly pathKey?: PublicKey
}

/** Settlements are durable with the step that takes them, connected or not; repeating one changes nothing. */
export interface FulfilHtlcCommand {
  readonly type: 'fulfil-htlc'
  readonly htlcId: HtlcId
  readonly preimage: Preimage
  /** BOLT 4's attribution data, 920 bytes: sent with the preimage. */
  readonly attribution?: Uint8Array
  readonly requestId?: string
}

interface FailHtlcCommand {
  readonly type: 'fail-htlc'
  readonly htlcId: HtlcId
  /** Encrypted for the origin. */
  readonly reason: Uint8Array
  /** BOLT 4's attribution data, 920 bytes: sent with the reason. */
  readonly attribution?: Uint8Array
  readonly requestId?: string
}

interface FailMalformedHtlcCommand {
  readonly type: 'fail-malformed-htlc'
  readonly htlcId: HtlcId
  readonly sha256OfOnion: Uint8Array
  readonly failureCode: number
  readonly requestId?: string
}

export type SettleHtlcCommand = FulfilHtlcCommand | FailHtlcCommand | FailMalformedHtlcCommand

export interface UpdateFeeCommand {
  readonly type: 'update-fee'
  readonly feeratePerKw: FeeratePerKw
  readonly requestId?: string
}

/** The mailbox is drained. Signs if there are changes and no revocation is awaited. */
interface SignCommand {
  readonly type: 'sign'
}

export interface SetRelayFeesCommand {
  readonly type: 'set-relay-fees'
  readonly requestId?: string
  readonly policy: Partial<RelayPolicy>
}

export interface SetInboundDiscountCommand {
  readonly type: 'set-inbound-discount'
  readonly requestId?: string
  readonly discount: InboundDiscount
}

/** The largest HTLC that may leave the channel, as announced from now on. Fees, and the policy before, stay as they are. */
export interface SetHtlcMaximumCommand {
  readonly type: 'set-htlc-maximum'
  readonly requestId?: string
  readonly htlcMaximumMsat: Msat
}

export interface CloseCommand {
  readonly type: 'close'
  readonly requestId?: string
  /** Defaults to the channel's own, and later to the one in force. */
  readonly scriptPubkey?: Uint8Array
  /** The most that the closing transaction may pay. */
  readonly feeratePerKw?: FeeratePerKw
  /** The least that it should pay; what relays if absent. Said again, it asks for a replacement, where the peer signs one. */
  readonly minFeeratePerKw?: FeeratePerKw
}

export interface ForceCloseCommand {
  readonly type: 'force-close'
  readonly requestId?: string
  /** Also if the state may be old: whoever publishes an old one loses all that is in the channel. */
  readonly evenIfOld?: boolean
}

/** Our signature of the peer's first commitment never left the node: the channel can never come into being. */
interface ForgetUnsignedCommand {
  readonly type: 'forget-unsigned'
}

export type ChainInput = BlockConnected | TxConfirmed | TxUnconfirmed | OutputSpent | OutputUnspent | FundingSearched

interface BlockConnected {
  readonly type: 'block'
  readonly height: BlockHeight
}

/** A transaction under `watch-confirmed` is as deep as was asked. */
export interface TxConfirmed {
  readonly type: 'confirmed'
  readonly txid: TxId
  readonly tx: Tx
  readonly blockHeight: BlockHeight
  readonly txIndex: number
}

/** The block that held a transaction under `watch-confirmed` is undone: it is as if it had never been confirmed. */
export interface TxUnconfirmed {
  readonly type: 'unconfirmed'
  readonly txid: TxId
}

/**
 * An output under `watch-spent` is spent by a transaction in a block. Those of a close are told of the mempool, too: of that nothing is kept but
 * the preimages that it shows, because it costs nothing to replace a transaction there again and again.
 */
export interface OutputSpent {
  readonly type: 'spent'
  readonly outpoint: OutPoint
  readonly tx: Tx
  readonly inMempool?: true
}

/** The block that held the spend of an output under `watch-spent` is undone. */
interface OutputUnspent {
  readonly type: 'unspent'
  readonly outpoint: OutPoint
}

/** The answer to `search-funding`, piece by piece. */
export interface FundingSearched {
  readonly type: 'funding-searched'
  /** All blocks up to this one have been looked through; absent if the backend has the output. */
  readonly lookedTo?: BlockHeight
  /** The block that holds the funding. */
  readonly fundedAt?: BlockHeight
  /** The backend had no such output when the search began, and every block is looked through. */
  readonly isMissing?: true
}

/** What the node is asked about a channel that a peer proposes. */
export interface AcceptQuestion {
  readonly remoteNodeId: NodeId
  readonly temporaryChannelId: Uint8Array
  readonly funding: Sat
  readonly pushMsat: Msat
  readonly announce: boolean
  readonly channelType: ChannelType
  readonly feeratePerKw: FeeratePerKw
}
