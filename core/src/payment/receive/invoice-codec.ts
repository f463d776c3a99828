import type { Result } from '../../lib/result.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { type FieldCodecs, optional, struct, u16List, union, versioned } from '../../wire/codec/combinators.ts'
import { bytes32, u16Bytes, u16Text, u32, u64 } from '../../wire/codec/primitives.ts'
import type { WireError } from '../../wire/wire-error.ts'
import { invoiceText, timestamp } from '../row-codecs.ts'
import type { InvoiceRecord, InvoiceState, ReceivedHtlc } from './invoice-record.ts'

const invoiceState = union<InvoiceState, 'type'>('type', {
  open: { number: 0, fields: {} },
  cancelled: { number: 1, fields: {} },
  settled: {
    number: 2,
    fields: {
      at: timestamp,
      htlcs: u16List(struct<ReceivedHtlc>({ channelId: bytes32, htlcId: u64, amountMsat: u64 })),
    },
  },
})

const fields: FieldCodecs<InvoiceRecord> = {
  paymentHash: bytes32,
  preimage: bytes32,
  paymentSecret: bytes32,
  paymentMetadata: optional(u16Bytes),
  amountMsat: optional(u64),
  description: u16Text,
  invoice: u16Text,
  minFinalCltvExpiryDelta: u32,
  createdAt: timestamp,
  expiresAt: timestamp,
  state: invoiceState,
}

const invoiceRecord = versioned(
  struct<InvoiceRecord>(fields),
  struct<InvoiceRecord>({ ...fields, invoice: invoiceText }),
)

export const encodeInvoiceRecord = (record: InvoiceRecord): Uint8Array => encodeWith(invoiceRecord, record)

export const decodeInvoiceRecord = (bytes: Uint8Array): Result<InvoiceRecord, WireError> =>
  decodeWith(invoiceRecord, bytes)
