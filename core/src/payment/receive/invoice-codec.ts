import type { Result } from '../../lib/result.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { optional, u16List, union, versioned } from '../../wire/codec/combinators.ts'
import { bytes32, u32 } from '../../wire/codec/primitives.ts'
import type { WireError } from '../../wire/wire-error.ts'
import { customRecord, timestamp } from '../row-codecs.ts'
import { EARLIER_INVOICE_ROWS } from './earlier-invoice-rows.ts'
import { bolt11Fields, bolt12Fields, receivedHtlc } from './invoice-fields.ts'
import type { InvoiceRecord, InvoiceState } from './invoice-record.ts'

const invoiceState = union<InvoiceState, 'type'>('type', {
  open: { number: 0, fields: {} },
  cancelled: { number: 1, fields: {} },
  settled: {
    number: 2,
    fields: { at: timestamp, htlcs: u16List(receivedHtlc), customRecords: optional(u16List(customRecord)) },
  },
})

/** Version 4: what a payer said besides is kept, and not all that is paid has an invoice. */
const invoiceRecord = versioned(
  ...EARLIER_INVOICE_ROWS,
  union<InvoiceRecord, 'type'>('type', {
    bolt11: { number: 0, fields: bolt11Fields(invoiceState) },
    bolt12: { number: 1, fields: bolt12Fields(invoiceState) },
    keysend: {
      number: 2,
      fields: {
        paymentHash: bytes32,
        preimage: bytes32,
        paymentSecret: optional(bytes32),
        minFinalCltvExpiryDelta: u32,
        createdAt: timestamp,
        expiresAt: timestamp,
        state: invoiceState,
      },
    },
  }),
)

export const encodeInvoiceRecord = (record: InvoiceRecord): Uint8Array => encodeWith(invoiceRecord, record)

export const decodeInvoiceRecord = (bytes: Uint8Array): Result<InvoiceRecord, WireError> =>
  decodeWith(invoiceRecord, bytes)
