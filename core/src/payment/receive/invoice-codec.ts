import type { Result } from '../../lib/result.ts'
import { type Codec, decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import {
  type FieldCodecs,
  optional,
  readOnly,
  struct,
  u16List,
  union,
  versioned,
} from '../../wire/codec/combinators.ts'
import { bytes32, u16Bytes, u16Text, u32, u64 } from '../../wire/codec/primitives.ts'
import type { WireError } from '../../wire/wire-error.ts'
import { invoiceText, timestamp } from '../row-codecs.ts'
import type { Bolt11Record, Bolt12Record, InvoiceRecord, InvoiceState, ReceivedHtlc } from './invoice-record.ts'

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

type Bolt11Fields = Omit<Bolt11Record, 'type'>
type Bolt12Fields = Omit<Bolt12Record, 'type'>

const common: FieldCodecs<Omit<Bolt12Fields, 'pathId'>> = {
  paymentHash: bytes32,
  preimage: bytes32,
  amountMsat: optional(u64),
  description: u16Text,
  invoice: invoiceText,
  minFinalCltvExpiryDelta: u32,
  createdAt: timestamp,
  expiresAt: timestamp,
  state: invoiceState,
}
const bolt12: FieldCodecs<Bolt12Fields> = { pathId: bytes32, ...common }

const { paymentHash, preimage, ...others } = common
const bolt11: FieldCodecs<Bolt11Fields> = {
  paymentHash,
  preimage,
  paymentSecret: bytes32,
  paymentMetadata: optional(u16Bytes),
  ...others,
}

/** Until version 3 each was of BOLT 11. */
const earlier = (fields: FieldCodecs<Bolt11Fields>): Codec<InvoiceRecord> =>
  readOnly(struct<Bolt11Fields>(fields), (record) => ({ type: 'bolt11', ...record }))

/** Version 2: the text takes the bits that it has. Version 3: what shows that a payer has the invoice is one of a union. */
const invoiceRecord = versioned(
  earlier({ ...bolt11, invoice: u16Text }),
  earlier(bolt11),
  union<InvoiceRecord, 'type'>('type', {
    bolt11: { number: 0, fields: bolt11 },
    bolt12: { number: 1, fields: bolt12 },
  }),
)

export const encodeInvoiceRecord = (record: InvoiceRecord): Uint8Array => encodeWith(invoiceRecord, record)

export const decodeInvoiceRecord = (bytes: Uint8Array): Result<InvoiceRecord, WireError> =>
  decodeWith(invoiceRecord, bytes)
