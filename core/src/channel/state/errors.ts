import type { Failure } from '../../lib/errors.ts'
import type { ChannelId, HtlcId } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw, Msat, Sat } from '../../lib/units.ts'
import type { ClosingError } from '../commitment/closing-transaction.ts'
import type { CommitmentSignatureError } from '../commitment/verify-commitment.ts'
import type { Phase } from './durable.ts'

/** Why an opening is refused, by us or because of what the peer sent. */
export type OpenError =
  | (Failure<'unknown-chain'> & { readonly chainHash: Uint8Array })
  | Failure<'channel-type-missing'>
  | (Failure<'channel-type-not-supported'> & { readonly channelType: Uint8Array })
  | (Failure<'channel-type-mismatch'> & { readonly channelType: Uint8Array })
  | Failure<'anchors-not-supported-by-peer' | 'announcement-not-supported'>
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
  | Failure<'invalid-shutdown-script'>

/** Why our own HTLC or fee rate is not offered. The first that applies, in the order of BOLT 2. */
export type AddHtlcError =
  | (Failure<'channel-not-usable'> & { readonly phase: Phase })
  | Failure<'channel-offline' | 'channel-closing'>
  | (Failure<'amount-below-minimum'> & { readonly amountMsat: Msat; readonly minimumMsat: Msat })
  | (Failure<'expiry-too-soon' | 'expiry-too-far'> & { readonly cltvExpiry: BlockHeight; readonly bound: BlockHeight })
  | (Failure<'too-many-htlcs'> & { readonly maximum: number })
  | (Failure<'htlc-value-in-flight-too-high'> & { readonly maximumMsat: Msat })
  | (Failure<'insufficient-balance' | 'opener-cannot-pay-fee'> & { readonly missingMsat: Msat })
  | (Failure<'dust-exposure-too-high'> & { readonly exposureMsat: Msat; readonly maximumMsat: Msat })

/** Why a command changed nothing. */
export type CommandError =
  | AddHtlcError
  | OpenError
  | (Failure<'wrong-phase'> & { readonly phase: Phase })
  | (Failure<'unknown-htlc' | 'htlc-already-settled' | 'preimage-does-not-match'> & { readonly htlcId: HtlcId })
  | Failure<'not-the-opener'>
  | Failure<'closing-in-progress' | 'invalid-shutdown-script' | 'shutdown-script-is-fixed'>
  | AbortReason
  | Failure<'publication-forbidden'>

/** Why an opening came to nothing. */
export type AbortReason =
  | OpenError
  | (Failure<'invalid-signature'> & { readonly message: string })
  | (Failure<'unexpected-message'> & { readonly message: string; readonly phase: Phase })
  | (Failure<'funding-failed' | 'rejected'> & { readonly reason: string })
  | (Failure<'peer-error'> & { readonly text: string })
  | Failure<'disconnected' | 'operator-force-close'>

/** What a peer did that BOLT 2 has us fail the channel for. */
export type ProtocolError =
  | (Failure<'unexpected-message'> & { readonly message: string; readonly phase: Phase })
  | (Failure<'invalid-signature'> & { readonly message: string })
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
  | (Failure<'feerate-too-low' | 'feerate-too-high'> & {
      readonly feeratePerKw: FeeratePerKw
      readonly bound: FeeratePerKw
    })
  | Failure<'nothing-to-commit'>
  | Failure<'commitment-signature-missing' | 'invalid-closing-signature'>
  | Failure<'revocation-not-expected' | 'invalid-revocation-secret'>
  | (Failure<'invalid-public-key'> & { readonly field: string })
  | (Failure<'commitment-number-mismatch' | 'revocation-number-mismatch'> & {
      readonly expected: number
      readonly received: bigint
    })
  | Failure<'invalid-last-secret'>
  | Failure<'invalid-shutdown-script' | 'shutdown-script-changed' | 'shutdown-with-pending-updates'>
  | (Failure<'closing-fee-out-of-range' | 'closing-fee-not-between'> & { readonly fee: Sat })
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
  /** Claims on the peer's commitments are not made by this version. */
  | (Failure<'remote-commitment-not-handled'> & { readonly txid: Uint8Array; readonly revoked: boolean })
  | (Failure<'unknown-funding-spend'> & { readonly txid: Uint8Array })
  | (Failure<'funding-not-seen'> & { readonly blocks: number })
  | Failure<'closing-not-answered'>
  | Failure<'operator-force-close'>
  | (Failure<'quarantined'> & { readonly channelId: ChannelId })
