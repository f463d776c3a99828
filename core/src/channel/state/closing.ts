import type { Tx } from '../../bitcoin/transaction.ts'
import type { HtlcId, ShortChannelId, TxId } from '../../lib/ids.ts'
import type { BlockHeight, Msat, Sat } from '../../lib/units.ts'
import type { FundingSignature } from '../../wire/funding-signature.ts'
import type { CloseKind } from '../claims/classify-spend.ts'
import type { ConfirmedSpend } from '../claims/on-chain-outcome.ts'
import type { CloseVariant } from '../commitment/simple-close-transaction.ts'

/** Why a channel is being closed. */
export type CloseCause =
  | 'cooperative'
  | 'operator'
  | 'protocol-error'
  | 'remote-error'
  | 'htlc-deadline'
  | 'closing-timeout'
  /** The peer proved that it knows a later state than ours: we must not publish our commitment, and ask the peer to publish its own. */
  | 'data-loss'
  | 'remote-commitment'
  | 'revoked-commitment'
  | 'unknown-spend'
  | 'revoked-local-commitment'

/** A transaction that spends the funding output and is, or was, in a block. */
export interface FundingSpend {
  readonly kind: CloseKind
  readonly tx: Tx
  readonly txid: TxId
  readonly confirmedAt?: BlockHeight
}

/** A cooperative close that both have signed, complete except for our signature: the latest, where there are several. */
export interface MutualClose {
  /** Without witness. */
  readonly tx: Tx
  readonly txid: TxId
  readonly fee: Sat
  readonly remoteSignature: FundingSignature
}

/**
 * A closing transaction of `option_simple_close` that we have signed: it may confirm, whatever is signed after it. Balances do not change
 * any more, so that the transaction follows from its terms.
 */
export interface SignedClose {
  /** Who pays. */
  readonly closer: 'local' | 'remote'
  readonly localScript: Uint8Array
  readonly remoteScript: Uint8Array
  readonly fee: Sat
  readonly locktime: number
  /** The peer's signature, and of which variant; absent as long as the peer has not answered our `closing_complete`. */
  readonly answer?: { readonly variant: CloseVariant; readonly remoteSignature: FundingSignature }
}

/** Of a channel from a static backup, which may have been made before the funding was in a block. */
export interface FundingSearch {
  /** Every block since the channel was opened has been looked through up to this one, for the funding and for what spends it. */
  readonly lookedTo: BlockHeight
  /** The block that holds the funding, if one does. */
  readonly fundedAt?: BlockHeight
}

/** What is known of a closing in the `closing` phase. */
export interface ClosingProgress {
  readonly cause: CloseCause
  readonly startedAt: BlockHeight
  readonly mutual?: MutualClose
  /** Whether we publish our latest commitment. Never after data loss. */
  readonly publishLocal: boolean
  /** Seen in a block, which may be undone since. At most one of them is confirmed. */
  readonly spends: readonly FundingSpend[]
  /** Confirmed spends of the commitment's outputs, and of the outputs of HTLC transactions. */
  readonly claims: readonly ConfirmedSpend[]
  /** The HTLCs we offered whose outcome on the chain has been passed to their origin. */
  readonly settled: readonly HtlcId[]
  /** Whether spends of the outputs of the confirmed spend have been looked for in every block since its own. */
  readonly followed?: true
  /** The same of outputs that nobody here can tell, in a commitment that we do not know. */
  readonly followedUntold?: true
  readonly search?: FundingSearch
  /**
   * What the operator was told once all was deep enough for practical purposes. The channel is kept, and its outputs are watched, until no
   * reorganisation can undo any of it.
   */
  readonly done?: ClosedSummary
}

/** The result of a closed channel. */
export interface ClosedSummary {
  readonly kind: FundingSpend['kind'] | 'never-funded'
  readonly txid?: TxId
  readonly closedAt: BlockHeight
  /** What came to the wallet: by the close itself, and by what was claimed from it. */
  readonly paidToUs: Sat
}

/** What is known of a channel when it is told as closed, beside its end. */
export interface ClosedAccount {
  readonly fundingTxid: TxId
  readonly capacity: Sat
  readonly shortId?: ShortChannelId
  readonly openedAt: BlockHeight
  readonly localIsOpener: boolean
  readonly cause: CloseCause
  /** Whether the operator has asked for a cooperative close. */
  readonly wasAsked: boolean
  /** Ours in the last commitment, HTLCs apart. */
  readonly finalBalanceMsat: Msat
  /** Of what the transaction that closed it paid, our share. */
  readonly closingFee: Sat
}
