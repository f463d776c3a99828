import type { HtlcRef } from '../../channel/index.ts'
import type { PaymentHash, Preimage } from '../../lib/ids.ts'
import type { BlockDelta, BlockHeight, Msat, TimestampMs } from '../../lib/units.ts'
import type { TlvRecord } from '../../wire/tlv-record.ts'

/** An HTLC that paid an invoice. */
export interface ReceivedHtlc extends HtlcRef {
  readonly amountMsat: Msat
}

/** What somebody has paid, or may pay: its row. */
export type InvoiceRecord = WrittenInvoice | KeysendRecord

/** An invoice that we made, which others may have read. */
export type WrittenInvoice = Bolt11Record | Bolt12Record | HoldRecord

interface RecordOfAnyForm {
  readonly paymentHash: PaymentHash
  /** Secret until the payment has come. Absent of a payment that is held, until it is told. */
  readonly preimage?: Preimage
  /** At least 18. */
  readonly minFinalCltvExpiryDelta: BlockDelta
  readonly createdAt: TimestampMs
  readonly expiresAt: TimestampMs
  readonly state: InvoiceState
}

interface InvoiceOfAnyForm extends RecordOfAnyForm {
  /** Absent: any amount. */
  readonly amountMsat?: Msat
  readonly description: string
  /** Its text, or what is shown in its place. */
  readonly invoice: string
}

export interface Bolt11Record extends InvoiceOfAnyForm {
  readonly type: 'bolt11'
  readonly preimage: Preimage
  readonly paymentSecret: Uint8Array
  readonly paymentMetadata?: Uint8Array
}

/** Paid over blinded paths alone. */
export interface Bolt12Record extends InvoiceOfAnyForm {
  readonly type: 'bolt12'
  readonly preimage: Preimage
  /** In each of its paths, for us alone to read, and in no other invoice. Secret. */
  readonly pathId: Uint8Array
  readonly offer?: OfferPaid
}

/** The offer that an invoice is for, and what the payer has said. */
export interface OfferPaid {
  readonly offerId: Uint8Array
  readonly quantity?: bigint
  /** From a stranger, and perhaps only its beginning. */
  readonly payerNote?: string
}

/** An invoice of BOLT 11 whose payment is held until somebody tells its preimage, or gives it up. */
export interface HoldRecord extends InvoiceOfAnyForm {
  readonly type: 'hold'
  readonly paymentSecret: Uint8Array
  /** The plugin that decides about it, by its name; the operator alone does if absent. */
  readonly owner?: string
}

/** A payment that nobody was asked for (bLIP 3). It has a row once all of it is here. */
export interface KeysendRecord extends RecordOfAnyForm {
  readonly type: 'keysend'
  readonly preimage: Preimage
  /** By which its parts know each other; absent where it came in one, without a secret. */
  readonly paymentSecret?: Uint8Array
}

export type InvoiceState =
  | { readonly type: 'open' }
  | { readonly type: 'cancelled' }
  /** All of it is here, in exactly these HTLCs, and waits for its preimage; it is given back at the deadline. */
  | ({ readonly type: 'held'; readonly deadline: BlockHeight } & Came)
  /** Decided: exactly these HTLCs are fulfilled, whenever they are met, and no other ever is. */
  | ({ readonly type: 'settled' } & Came)

/** A payment that has come whole. */
export interface Came {
  readonly at: TimestampMs
  readonly htlcs: readonly ReceivedHtlc[]
  /** What the payer said besides, the same in every part; absent where it said nothing. */
  readonly customRecords?: readonly TlvRecord[]
}

export type InvoiceStatus = 'open' | 'held' | 'settled' | 'expired' | 'cancelled'

/** The state as it looks at a time: an open invoice may have expired. */
export const invoiceStatus = ({ state, expiresAt }: InvoiceRecord, now: TimestampMs): InvoiceStatus =>
  state.type === 'open' && now >= expiresAt ? 'expired' : state.type

/** What an invoice brought in, once it is settled. */
export const receivedMsat = ({ state }: InvoiceRecord): Msat => (state.type === 'settled' ? amountOf(state) : 0n)

export const amountOf = ({ htlcs }: Came): Msat => htlcs.reduce((sum, { amountMsat }) => sum + amountMsat, 0n)
