import type { Result } from '../../lib/result.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { type FieldCodecs, optional, struct, u16List, union, versioned } from '../../wire/codec/combinators.ts'
import { bytes32, u16Bytes, u16Text, u32, u64 } from '../../wire/codec/primitives.ts'
import type { WireError } from '../../wire/wire-error.ts'
import { customRecord, invoiceText, timestamp } from '../row-codecs.ts'
import { EARLIER_INVOICE_ROWS } from './earlier-invoice-rows.ts'
import { bolt11Fields, bolt12Fields, receivedHtlc } from './invoice-fields.ts'
import type { Came, InvoiceRecord, InvoiceState } from './invoice-record.ts'
import { offerPaidFields } from './offered-invoice.ts'

const came: FieldCodecs<Came> = {
  at: timestamp,
  htlcs: u16List(receivedHtlc),
  customRecords: optional(u16List(customRecord)),
}

const invoiceState = union<InvoiceState, 'type'>('type', {
  open: { number: 0, fields: {} },
  cancelled: { number: 1, fields: {} },
  settled: { number: 2, fields: came },
  held: { number: 3, fields: { ...came, deadline: u32 } },
})

/** Version 4: what a payer said besides is kept, and not all that is paid has an invoice. */
const invoiceRecord = versioned(
  ...EARLIER_INVOICE_ROWS,
  union<InvoiceRecord, 'type'>('type', {
    bolt11: { number: 0, fields: bolt11Fields(invoiceState) },
    // One for an offer has in its paths what its row would hold.
    bolt12: {
      number: 1,
      fields: { ...bolt12Fields(invoiceState), pathId: u16Bytes, offer: optional(struct(offerPaidFields)) },
    },
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
    hold: {
      number: 3,
      fields: {
        paymentHash: bytes32,
        preimage: optional(bytes32),
        paymentSecret: bytes32,
        amountMsat: optional(u64),
        description: u16Text,
        invoice: invoiceText,
        minFinalCltvExpiryDelta: u32,
        createdAt: timestamp,
        expiresAt: timestamp,
        state: invoiceState,
        owner: optional(u16Text),
      },
    },
  }),
)

export const encodeInvoiceRecord = (record: InvoiceRecord): Uint8Array => encodeWith(invoiceRecord, record)

export const decodeInvoiceRecord = (bytes: Uint8Array): Result<InvoiceRecord, WireError> =>
  decodeWith(invoiceRecord, bytes)
