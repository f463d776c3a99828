import type { Failure } from '../../lib/errors.ts'
import type { ChannelId, HtlcId, ShortChannelId } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw, Msat, Sat } from '../../lib/units.ts'
import type { ClosingError } from '../commitment/closing-transaction.ts'
import type { CommitmentSignatureError } from '../commitment/verify-commitment.ts'
import type { Phase } from './channel-state.ts'

/** Why an opening is refused, by us or because of what the peer sent. */
export type OpenError =
  | (Failure<'unknown-chain'> & { readonly chainHash: Uint8Array })
  | Failure<'channel-type-missing'>
  | (Failure<'channel-type-not-supported'> & { readonly channelType: Uint8Array })
  | (Failure<'channel-type-mismatch'> & { readonly channelType: Uint8Array })
  | Failure<'anchors-not-supported-by-peer' | 'announcement-not-supported'>
  | Failure<'scid-alias-not-supported-by-peer' | 'zero-conf-not-supported-by-peer'>
  /** The peer wants to use the channel before its funding confirms, and nobody here trusts it to. */
  | Failure<'zero-conf-not-agreed'>
  | (Failure<'funding-too-small' | 'funding-too-large'> & { readonly funding: Sat; readonly bound: Sat })
  | (Failure<'push-exceeds-funding'> & { readonly pushMsat: Msat; readonly funding: Sat })
  | (Failure<'dust-limit-too-small' | 'dust-limit-too-large'> & { readonly dustLimit: Sat; readonly bound: Sat })
  | (Failure<'reserve-below-dust-limit'> & { readonly reserve: Sat; readonly dustLimit: Sat })
  | (Failure<'reserve-too-high'> & { readonly reserve: Sat; readonly bound: Sat })
  | (Failure<'too-many-accepted-htlcs' | 'too-few-accepted-htlcs'> & { readonly maxAcceptedHtlcs: number })
  | (Failure<'max-htlc-value-in-flight-too-low'> & { readonly maxHtlcValueInFlightMsat: Msat })
  | (Failure<'to-self-delay-too-long'> & { readonly toSelfDelay: number; readonly bound: number })
  | (Failure<'htlc-minimum-too-high'> & { readonly htlcMinimumMsat: Msat; readonly bound: Msat })
  | (Failure<'minimum-depth-too-high'> & { readonly minimumDepth: number; readonly bound: number })
  | (Failure<'feerate-too-low' | 'feerate-too-high'> & {
      readonly feeratePerKw: FeeratePerKw
      readonly bound: FeeratePerKw
    })
  | (Failure<'funder-cannot-pay-fee'> & { readonly missing: Sat })
  | Failure<'both-sides-below-reserve'>
  | (Failure<'invalid-public-key'> & { readonly field: string })
  | Failure<'invalid-upfront-shutdown-script'>
  /** Records of even types that we do not know: we cannot do what they ask for. */
  | (Failure<'unknown-records'> & { readonly types: readonly bigint[] })

/** Why our own HTLC or fee rate is not offered: the first reason that applies, in the order of BOLT 2. */
export type AddHtlcError =
  | (Failure<'channel-not-usable'> & { readonly phase: Phase })
  | Failure<'channel-offline' | 'channel-closing'>
  | (Failure<'amount-below-minimum'> & { readonly amountMsat: Msat; readonly minimumMsat: Msat })
  | (Failure<'expiry-too-soon' | 'expiry-too-far'> & { readonly cltvExpiry: BlockHeight; readonly bound: BlockHeight })
  | (Failure<'too-many-htlcs'> & { readonly maximum: number })
  | (Failure<'htlc-value-in-flight-too-high'> & { readonly maximumMsat: Msat })
  | (Failure<'insufficient-balance' | 'opener-cannot-pay-fee'> & { readonly missingMsat: Msat })
  | (Failure<'dust-exposure-too-high'> & { readonly exposureMsat: Msat; readonly maximumMsat: Msat })

type WrongPhase = Failure<'wrong-phase'> & { readonly phase: Phase }

/** Why an HTLC of the peer is not settled in this way. */
export type SettleHtlcError = Failure<'unknown-htlc' | 'htlc-already-settled' | 'preimage-does-not-match'> & {
  readonly htlcId: HtlcId
}

/** Why each command changes nothing. */
export interface CommandErrors {
  readonly open: WrongPhase | OpenError | AbortReason
  readonly 'add-htlc': AddHtlcError
  readonly 'fulfil-htlc': SettleHtlcError
  readonly 'fail-htlc': SettleHtlcError
  readonly 'fail-malformed-htlc': SettleHtlcError
  readonly 'update-fee':
    | WrongPhase
    | (Failure<'channel-not-usable'> & { readonly phase: Phase })
    | Failure<'not-the-opener' | 'channel-offline' | 'channel-closing'>
    | (Failure<'insufficient-balance'> & { readonly missingMsat: Msat })
  readonly 'set-relay-fees': WrongPhase
  readonly 'set-htlc-maximum': WrongPhase
  readonly 'set-inbound-discount': WrongPhase
  readonly close:
    | WrongPhase
    | Failure<'closing-in-progress' | 'invalid-shutdown-script' | 'shutdown-script-is-fixed'>
    /** The peer does not sign another closing transaction (`option_simple_close`). */
    | Failure<'close-not-replaceable'>
    /** A replacement must pay more than what it replaces (BIP 125), and that is more than was allowed. */
    | (Failure<'replacement-too-cheap'> & { readonly neededFeeratePerKw: FeeratePerKw })
  readonly 'force-close': WrongPhase | Failure<'publication-forbidden' | 'state-in-doubt'>
}

export type CommandError<Name extends keyof CommandErrors = keyof CommandErrors> = CommandErrors[Name]

/** Why an opening came to nothing. */
export type AbortReason =
  | ProtocolError
  | (Failure<'funding-failed' | 'rejected'> & { readonly reason: string })
  | (Failure<'peer-error'> & { readonly text: string })
  | Failure<'disconnected' | 'operator-force-close'>

/** A signature that does not fit. */
interface InvalidSignature<Code extends string> extends Failure<Code> {
  /** The transaction that it does not sign, without witness: BOLT 1 says to tell it to the peer. */
  readonly transaction: Uint8Array
}

/** What is wrong with a close by `option_simple_close`. */
type SimpleCloseError =
  | Failure<'close-of-other-negotiation' | 'closing-complete-before-shutdown' | 'shutdown-sent-twice'>
  | (Failure<'closer-fee-above-balance'> & { readonly fee: Sat; readonly available: Sat })
  | Failure<'closer-script-invalid' | 'closee-script-not-ours' | 'close-variant-missing' | 'too-many-closes'>
  | InvalidSignature<'invalid-close-signature'>
  | (Failure<'announcement-of-other-funding'> & { readonly shortChannelId: ShortChannelId })
  | (Failure<'invalid-announcement-signature'> & { readonly of: 'node' | 'funding' })
  | Failure<'closing-sig-mismatch' | 'closing-sig-not-single' | 'closing-sig-not-received' | 'close-not-offered'>

/** A fault of the peer in a channel or its opening. `REACTIONS` says how far the answer goes. */
export type ProtocolError =
  | (Failure<'unexpected-message'> & { readonly message: string; readonly phase: Phase })
  | (Failure<'message-before-reestablish'> & { readonly message: string })
  | Failure<'reestablished-twice'>
  /** The peer has lost states of the channel: it must not publish, and is expected to ask us to. */
  | Failure<'peer-is-behind'>
  /** The peer is connected, and silent about a channel that it should know. */
  | Failure<'abandoned-by-peer'>
  | (Failure<'peer-error-forborne'> & { readonly text: string })
  | (InvalidSignature<'invalid-signature'> & { readonly message: string })
  | CommitmentSignatureError
  | ClosingError
  | Failure<'funding-output-mismatch'>
  | (Failure<'htlc-id-out-of-order'> & { readonly expected: HtlcId; readonly received: HtlcId })
  | (Failure<'htlc-amount-too-small'> & { readonly amountMsat: Msat; readonly minimumMsat: Msat })
  | (Failure<'htlc-expiry-not-a-height'> & { readonly cltvExpiry: BlockHeight })
  | (Failure<'too-many-htlcs'> & { readonly maximum: number })
  | (Failure<'htlc-value-in-flight-too-high'> & { readonly maximumMsat: Msat })
  | (Failure<'insufficient-balance'> & { readonly missingMsat: Msat })
  | (Failure<'htlc-after-shutdown'> & { readonly htlcId: HtlcId })
  | (Failure<'unknown-htlc' | 'htlc-already-removed' | 'preimage-does-not-match' | 'badonion-bit-missing'> & {
      readonly htlcId: HtlcId
    })
  | Failure<'fee-update-by-fundee'>
  | (Failure<'fee-update-too-low' | 'fee-update-too-high'> & {
      readonly feeratePerKw: FeeratePerKw
      readonly bound: FeeratePerKw
    })
  | Failure<'commitment-signature-missing'>
  | InvalidSignature<'invalid-closing-signature'>
  | Failure<'revocation-not-expected' | 'invalid-revocation-secret'>
  | (Failure<'invalid-public-key'> & { readonly field: string })
  | (Failure<'commitment-number-mismatch'> & { readonly expected: number; readonly received: bigint })
  | Failure<'invalid-last-secret'>
  | Failure<'invalid-shutdown-script' | 'shutdown-script-not-as-promised' | 'shutdown-script-changed'>
  | SimpleCloseError
  | Failure<'shutdown-with-pending-updates'>
  | (Failure<'closing-fee-out-of-range' | 'closing-fee-not-between'> & { readonly fee: Sat })
  | Failure<'closing-fee-ranges-do-not-overlap'>
  | Failure<'closing-signed-before-shutdown'>
  | (Failure<'closing-fee-too-high'> & { readonly fee: Sat; readonly maximum: Sat })
  | Failure<'closing-output-below-dust'>
  | OpenError

/** What the operator is told about a channel. Texts from the peer are printable ASCII. */
export type ChannelError =
  | ProtocolError
  | AbortReason
  | (Failure<'peer-error' | 'peer-warning'> & { readonly text: string })
  | (Failure<'htlc-deadline-passed'> & { readonly htlcId: HtlcId; readonly direction: 'offered' | 'received' })
  | Failure<'peer-is-ahead'>
  /** The state was put back, and may not be the latest. */
  | Failure<'state-in-doubt'>
  /** A spend of the funding that the channel did not expect. */
  | (Failure<'revoked-commitment-published' | 'own-revoked-commitment-published' | 'unknown-funding-spend'> & {
      readonly txid: Uint8Array
    })
  | (Failure<'funding-not-seen'> & { readonly blocks: number })
  /** A coin of the funding is spent by another transaction: the channel can never come to be. */
  | (Failure<'funding-double-spent'> & { readonly txid: Uint8Array })
  /** The same of a transaction that the funding spends from. */
  | Failure<'funding-coin-gone'>
  /** A reorganisation has undone the funding, or a close that was told as done. */
  | Failure<'funding-undone' | 'close-undone'>
  | Failure<'closing-not-answered' | 'shutdown-script-unknown-to-peer'>
  | Failure<'operator-force-close'>
  /** The connection ends each time we say this, so we say it seldom. */
  | Failure<'closing-fee-refused-by-peer' | 'peer-hangs-up-about-channel'>
  | (Failure<'quarantined'> & { readonly channelId: ChannelId })

/** Why an HTLC is given back whatever its onion says. */
export type HtlcFault = Failure<
  'exceeds-dust-exposure' | 'unknown-records-in-htlc' | 'funding-undone' | 'added-after-shutdown'
>

/** Faults that are answered without a channel, or for one that has failed. */
export type PeerFault = Failure<
  'temporary-channel-id-in-use' | 'too-many-openings' | 'unknown-channel' | 'channel-failed'
>
