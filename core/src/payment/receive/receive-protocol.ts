import type { HtlcRef } from '../../channel/index.ts'
import type { Preimage } from '../../lib/ids.ts'
import type { BlockHeight, Msat, TimestampMs } from '../../lib/units.ts'
import type { BlindedFinalPayload } from '../../onion/blinded-payload.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import type { FinalPayload } from '../../onion/hop-payload.ts'
import type { FailEffect } from '../upstream-failure.ts'
import type { HoldRecord, InvoiceRecord } from './invoice-record.ts'

/** A received HTLC of which we are the last node. */
export interface FinalHtlc extends HtlcRef {
  readonly amountMsat: Msat
  readonly cltvExpiry: BlockHeight
  readonly payload: FinalPayload | BlindedFinalPayload
  /** Why it is not to be taken, unless it is already. */
  readonly refusal?: FailureMessage
}

/** A received HTLC that this version would not take, whoever is the last node: it may have been decided on before. */
export interface RefusedHtlc extends HtlcRef {
  readonly answer:
    | { readonly type: 'own'; readonly failure: FailureMessage }
    /** BOLT 2, update_fail_malformed_htlc. */
    | { readonly type: 'malformed'; readonly sha256OfOnion: Uint8Array; readonly failureCode: number }
}

/**
 * An invoice and the parts of its payment that are held. `invoice` is its row, to be written whenever it is another object
 * than before. The parts are not stored: after a restart their channels hand them on again.
 */
export interface ReceiveState {
  readonly invoice: InvoiceRecord
  readonly parts: readonly FinalHtlc[]
}

export interface ReceiveEnv {
  readonly now: TimestampMs
  readonly height: BlockHeight
  /** Whether revealing the preimage now makes the HTLC ours, as far as anything is known of its channel. */
  readonly canClaim: (htlc: HtlcRef) => boolean
  /** Whether one more payment, of so many HTLCs, may be held for the invoice's owner. */
  readonly mayHold: (invoice: HoldRecord, htlcs: number) => boolean
}

export type ReceiveInput =
  | { readonly type: 'htlc'; readonly htlc: FinalHtlc }
  | { readonly type: 'refused'; readonly htlc: RefusedHtlc }
  /** The timer of `schedule`. */
  | { readonly type: 'mpp-timeout' }
  | { readonly type: 'cancel' }
  /** The preimage of a payment that is held; only where `settleProblem` finds nothing. */
  | { readonly type: 'settle'; readonly preimage: Preimage }
  | { readonly type: 'block' }

export type ReceiveEffect =
  | FulfilEffect
  | FailEffect
  | { readonly type: 'refuse'; readonly htlc: RefusedHtlc }
  /** Answered by `mpp-timeout`; replaces an earlier one of the same invoice. */
  | { readonly type: 'schedule'; readonly delayMs: number }
  | { readonly type: 'unschedule' }
  /** For the event `payment.received`. */
  | { readonly type: 'received'; readonly invoice: InvoiceRecord }
  /** For the event `invoice.held`. */
  | { readonly type: 'held'; readonly invoice: InvoiceRecord }
  /** For the event `invoice.cancelled`: it is not paid any more, and what was held for it is given back. */
  | { readonly type: 'cancelled'; readonly reason: 'asked' | 'deadline' }

/** Claims a received HTLC: only after the invoice's row is submitted to the store. */
export interface FulfilEffect {
  readonly type: 'fulfil'
  readonly htlc: HtlcRef
  readonly preimage: Preimage
}
