import type { Tx } from '../../bitcoin/transaction.ts'
import type { ChannelId, HtlcId, OutPoint, Preimage, PublicKey, Signature, TxId } from '../../lib/ids.ts'
import type { Result } from '../../lib/result.ts'
import type { BlockDelta, BlockHeight, FeeratePerKw, Sat } from '../../lib/units.ts'
import type { FundingSignature } from '../../wire/funding-signature.ts'
import type { UpdateAddHtlc } from '../../wire/messages/channel-operation.ts'
import type { ChannelAnnouncement } from '../../wire/messages/gossip.ts'
import type { Message } from '../../wire/messages/message.ts'
import type { Claim } from '../claims/claim.ts'
import type { CommitmentFormatName } from '../commitment/commitment-format.ts'
import type { FundingTerms } from '../commitment/commitment-terms.ts'
import type { SigningTask } from '../commitment/signing-task.ts'
import type { CloseVariant } from '../commitment/simple-close-transaction.ts'
import type { CommandError, CommandErrors, HtlcFault } from './errors.ts'
import type { ChannelEvent } from './events.ts'
import type { HtlcFailure, HtlcOrigin } from './htlc.ts'
import type { AcceptQuestion, TimerName } from './inputs.ts'
import type { Epoch } from './session.ts'

/** What a step asks of its driver, in order. */
export type Effect =
  | SendEffect
  | PublishEffect
  | WatchConfirmedEffect
  | WatchSpentEffect
  | SearchFundingEffect
  | EmitEffect
  | ReplyEffect
  | ForwardEffect
  | SettleEffect
  | ScheduleEffect
  | DisconnectEffect
  | FundEffect
  | AbandonFundingEffect
  | WithdrawCommitmentEffect
  | AskAcceptEffect
  | RecallHtlcsEffect
  | IgnoredEffect
  | AnnounceEffect

/** What the signer fills in before a message leaves (`fillIn`). */
export type SigningRequest =
  /** One signature by the funding key: `funding_created`, `funding_signed`, `closing_signed`. */
  | { readonly type: 'funding-signature'; readonly task: SigningTask }
  /** The same for variants of one transaction: `closing_complete`, `closing_sig`. */
  | { readonly type: 'closing-signatures'; readonly tasks: readonly (readonly [CloseVariant, SigningTask])[] }
  /** `commitment_signed`. HTLC signatures are by our HTLC key at the peer's per-commitment point. */
  | {
      readonly type: 'commitment-signatures'
      readonly fundingTask: SigningTask
      readonly htlcTasks: readonly SigningTask[]
      readonly perCommitmentPoint: PublicKey
    }
  /** Our secret of a revoked commitment: `revoke_and_ack`. Revealed only after the step is durable. */
  | { readonly type: 'per-commitment-secret'; readonly index: number }
  /** A `channel_update`, by the node's key. */
  | { readonly type: 'node-signature'; readonly digest: Uint8Array }
  /** `announcement_signatures`, `channel_announcement`: by the node's key, and by the funding key. */
  | AnnouncementRequest

export interface AnnouncementRequest {
  readonly type: 'announcement-signatures'
  readonly digest: Uint8Array
}

export type SigningAnswer =
  | { readonly type: 'funding-signature'; readonly signature: FundingSignature }
  | { readonly type: 'closing-signatures'; readonly signatures: readonly (readonly [CloseVariant, FundingSignature])[] }
  | {
      readonly type: 'commitment-signatures'
      readonly signature: FundingSignature
      readonly htlcSignatures: readonly Signature[]
    }
  | { readonly type: 'per-commitment-secret'; readonly secret: Uint8Array }
  | { readonly type: 'node-signature'; readonly signature: Signature }
  | {
      readonly type: 'announcement-signatures'
      readonly nodeSignature: Signature
      readonly bitcoinSignature: Signature
    }

/** Dropped when the connection of `epoch` is gone. */
export interface SendEffect {
  readonly type: 'send'
  readonly message: Message
  readonly epoch: Epoch
  readonly needs?: SigningRequest
}

/**
 * A transaction for the network. It is harmless to publish one again. It is complete, or lacks only our funding key's signature
 * (`completeSpend`).
 */
export type Publication =
  | { readonly type: 'signed'; readonly tx: Tx }
  | {
      readonly type: 'funding-spend'
      readonly tx: Tx
      /** Of the funding output. */
      readonly amount: Sat
      readonly format: CommitmentFormatName
      readonly funding: Pick<FundingTerms, 'localFundingKey' | 'remoteFundingKey'>
      readonly task: SigningTask
      readonly remoteSignature: FundingSignature
    }
  /** Signed by the key that the claim names (`claimTask`, `claimWitness`), with inputs of the wallet if the claim asks for them. */
  | { readonly type: 'claim'; readonly claim: Claim }

export interface PublishEffect {
  readonly type: 'publish'
  readonly purpose: 'funding' | 'mutual-close' | 'local-commitment' | 'remote-commitment' | 'anchor' | 'claim'
  readonly publication: Publication
}

/** Answered by `confirmed` once the transaction has `depth` confirmations (also if it already has them), and by `unconfirmed` if that is undone. May repeat. */
export interface WatchConfirmedEffect {
  readonly type: 'watch-confirmed'
  readonly txid: TxId
  readonly depth: BlockDelta
  /** A script that the transaction pays to or spends, for backends that search by it. */
  readonly script: Uint8Array
  /** The block in which the state has it already: only `unconfirmed` is told of that one. */
  readonly known?: BlockHeight
  /** Of that one the transaction is told all the same: a version that handled it has not kept what matters of it. */
  readonly tellAgain?: true
}

/** Answered by `spent` (also if it is spent already), and by `unspent` if that is undone. May repeat. */
export interface WatchSpentEffect {
  readonly type: 'watch-spent'
  readonly outpoint: OutPoint
  readonly script: Uint8Array
  /** The spend that the state has already: only `unspent` is told of that one. */
  readonly known?: { readonly txid: TxId; readonly height: BlockHeight }
  /** The lowest block that may hold a spend, if blocks that have passed must be looked through for it. */
  readonly since?: BlockHeight
}

/**
 * Answered by `funding-searched`, and by `spent`: whether the backend has the output, and if it does not, what is in the blocks from `since` on.
 * Asked again, it begins again.
 */
export interface SearchFundingEffect {
  readonly type: 'search-funding'
  readonly outpoint: OutPoint
  readonly script: Uint8Array
  readonly since: BlockHeight
}

interface EmitEffect {
  readonly type: 'emit'
  readonly event: ChannelEvent
}

export interface ReplyEffect {
  readonly type: 'reply'
  readonly requestId: string
  readonly result: CommandResult
}

/** Commands that somebody may wait for. */
export type AskedCommand = keyof CommandErrors

interface Opened {
  readonly type: 'opened'
  readonly channelId: ChannelId
  readonly fundingTxid: TxId
  readonly outputIndex: number
}

interface HtlcAdded {
  readonly type: 'htlc-added'
  readonly htlcId: HtlcId
}

interface Done {
  readonly type: 'done'
}

/** The answer to a command that was carried out. */
type CommandReply<Name extends AskedCommand> = Name extends 'open' ? Opened : Name extends 'add-htlc' ? HtlcAdded : Done

export type CommandResult<Name extends AskedCommand = AskedCommand> = Result<CommandReply<Name>, CommandError<Name>>

/** A received HTLC is irrevocably committed: it may be relayed or settled. May repeat after a restart. */
export interface ForwardEffect {
  readonly type: 'forward'
  readonly channelId: ChannelId
  readonly htlc: UpdateAddHtlc
  readonly sharedSecret?: Uint8Array
  /** Why it must be failed instead of relayed or fulfilled; absent if it need not. */
  readonly refusal?: HtlcFault['code']
  /** It has become so in this step. What is told again lacks it: since when it is held is not known then. */
  readonly justCommitted?: true
}

/** The outcome of an HTLC that we offered. May repeat after a restart, never with another outcome. */
export interface SettleEffect {
  readonly type: 'settle'
  readonly channelId: ChannelId
  readonly htlcId: HtlcId
  readonly origin: HtlcOrigin
  readonly outcome: HtlcOutcome
}

export type HtlcOutcome =
  /** As soon as the preimage is known. */
  | {
      readonly type: 'fulfilled'
      readonly preimage: Preimage
      readonly onChain: boolean
      /** BOLT 4's attribution data, if the peer sent any. Told again after a restart, the outcome may lack it. */
      readonly attribution?: Uint8Array
    }
  /** The peer's removal is irrevocably committed. */
  | { readonly type: 'failed'; readonly failure: HtlcFailure; readonly attribution?: Uint8Array }
  /** It never was in a signed commitment: it may be offered elsewhere. */
  | { readonly type: 'not-sent' }
  /** Returned by the chain. */
  | { readonly type: 'timed-out-on-chain' }

interface ScheduleEffect {
  readonly type: 'schedule'
  readonly timer: TimerName
  readonly delayMs: number
}

/** After what was sent before it. */
interface DisconnectEffect {
  readonly type: 'disconnect'
  readonly epoch: Epoch
}

/** Asks the wallet for a signed transaction with this output; answered by `funding-created` or `funding-failed`. */
export interface FundEffect {
  readonly type: 'fund'
  readonly script: Uint8Array
  readonly amount: Sat
  readonly feeratePerKw: FeeratePerKw
  readonly maxFee?: Sat
  readonly coins?: readonly OutPoint[]
}

/** The wallet may use the inputs again: the transaction is in no block and never will be. */
interface AbandonFundingEffect {
  readonly type: 'abandon-funding'
  readonly tx: Tx
}

/** Our commitment is handed in no more, nor what raises its fee. */
interface WithdrawCommitmentEffect {
  readonly type: 'withdraw-commitment'
}

/** Answered by the command `accept` or `reject`. */
export interface AskAcceptEffect {
  readonly type: 'ask-accept'
  readonly question: AcceptQuestion
}

/**
 * Asks for what is kept of the HTLCs that have ended and that the peer's commitment of this number held: from the next step on they are in
 * `ChannelEnv.recalled`. Answered by `htlcs-recalled`.
 */
export interface RecallHtlcsEffect {
  readonly type: 'recall-htlcs'
  readonly remoteIndex: number
}

/** A message of the peer that is neither acted on nor answered: for the log. */
export interface IgnoredEffect {
  readonly type: 'ignored'
  readonly message: string
  readonly why:
    | 'repeated'
    | 'not-newer'
    | 'other-channel'
    | 'bad-signature'
    | 'not-understood'
    | 'at-rest'
    | 'channel-is-over'
    | 'fee-is-agreed'
    | 'not-announced'
}

/** Both sides have signed that the network may know of the channel. Lacks our two signatures. May repeat. */
export interface AnnounceEffect {
  readonly type: 'announce'
  readonly announcement: ChannelAnnouncement
  /** Whether ours are the first of the pairs. */
  readonly localIsFirst: boolean
  readonly needs: AnnouncementRequest
}
