import type { HtlcRef } from '../../channel/index.ts'
import type { PaymentHash, Preimage } from '../../lib/ids.ts'
import type { BlockDelta, Msat, TimestampMs } from '../../lib/units.ts'
import type { TlvRecord } from '../../wire/tlv-record.ts'

/** An HTLC that paid an invoice. */
export interface ReceivedHtlc extends HtlcRef {
  readonly amountMsat: Msat
}

/** What somebody has paid, or may pay: its row. */
export type InvoiceRecord = WrittenInvoice | KeysendRecord

/** An invoice that we made, which others may have read. */
export type WrittenInvoice = Bolt11Record | Bolt12Record

interface RecordOfAnyForm {
  readonly paymentHash: PaymentHash
  /** Secret until the payment has come. */
  readonly preimage: Preimage
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
  /** Its text. */
  readonly invoice: string
}

export interface Bolt11Record extends InvoiceOfAnyForm {
  readonly type: 'bolt11'
  readonly paymentSecret: Uint8Array
  readonly paymentMetadata?: Uint8Array
}

/** Paid over blinded paths alone. */
export interface Bolt12Record extends InvoiceOfAnyForm {
  readonly type: 'bolt12'
  /** In each of its paths, for us alone to read, and in no other invoice: 32 bytes. Secret. */
  readonly pathId: Uint8Array
}

/** A payment that nobody was asked for (bLIP 3). It has a row once all of it is here. */
export interface KeysendRecord extends RecordOfAnyForm {
  readonly type: 'keysend'
  /** By which its parts know each other; absent where it came in one, without a secret. */
  readonly paymentSecret?: Uint8Array
}

export type InvoiceState =
  | { readonly type: 'open' }
  | { readonly type: 'cancelled' }
  /** Decided: exactly these HTLCs are fulfilled, whenever they are met, and no other ever is. */
  | {
      readonly type: 'settled'
      readonly at: TimestampMs
      readonly htlcs: readonly ReceivedHtlc[]
      /** What the payer said besides, the same in every part; absent where it said nothing. */
      readonly customRecords?: readonly TlvRecord[]
    }

export type InvoiceStatus = 'open' | 'settled' | 'expired' | 'cancelled'

/** The state as it looks at a time: an open invoice may have expired. */
export const invoiceStatus = ({ state, expiresAt }: InvoiceRecord, now: TimestampMs): InvoiceStatus =>
  state.type === 'open' && now >= expiresAt ? 'expired' : state.type

/** What an invoice brought in, once it is settled. */
export const receivedMsat = ({ state }: InvoiceRecord): Msat =>
  state.type === 'settled' ? state.htlcs.reduce((sum, { amountMsat }) => sum + amountMsat, 0n) : 0n
