import type { HtlcRef } from '../../channel/index.ts'
import type { PaymentHash, Preimage } from '../../lib/ids.ts'
import type { BlockDelta, Msat, TimestampMs } from '../../lib/units.ts'

/** An HTLC that paid an invoice. */
export interface ReceivedHtlc extends HtlcRef {
  readonly amountMsat: Msat
}

/** An invoice that we made: its row. */
export type InvoiceRecord = Bolt11Record | Bolt12Record

interface RecordOfAnyForm {
  readonly paymentHash: PaymentHash
  /** Secret until the invoice is settled. */
  readonly preimage: Preimage
  /** Absent: any amount. */
  readonly amountMsat?: Msat
  readonly description: string
  /** Its text. */
  readonly invoice: string
  /** At least 18. */
  readonly minFinalCltvExpiryDelta: BlockDelta
  readonly createdAt: TimestampMs
  readonly expiresAt: TimestampMs
  readonly state: InvoiceState
}

export interface Bolt11Record extends RecordOfAnyForm {
  readonly type: 'bolt11'
  readonly paymentSecret: Uint8Array
  readonly paymentMetadata?: Uint8Array
}

/** Paid over blinded paths alone. */
export interface Bolt12Record extends RecordOfAnyForm {
  readonly type: 'bolt12'
  /** In each of its paths, for us alone to read, and in no other invoice: 32 bytes. Secret. */
  readonly pathId: Uint8Array
}

export type InvoiceState =
  | { readonly type: 'open' }
  | { readonly type: 'cancelled' }
  /** Decided: exactly these HTLCs are fulfilled, whenever they are met, and no other ever is. */
  | { readonly type: 'settled'; readonly at: TimestampMs; readonly htlcs: readonly ReceivedHtlc[] }

export type InvoiceStatus = 'open' | 'settled' | 'expired' | 'cancelled'

/** The state as it looks at a time: an open invoice may have expired. */
export const invoiceStatus = ({ state, expiresAt }: InvoiceRecord, now: TimestampMs): InvoiceStatus =>
  state.type === 'open' && now >= expiresAt ? 'expired' : state.type

/** What an invoice brought in, once it is settled. */
export const receivedMsat = ({ state }: InvoiceRecord): Msat =>
  state.type === 'settled' ? state.htlcs.reduce((sum, { amountMsat }) => sum + amountMsat, 0n) : 0n
