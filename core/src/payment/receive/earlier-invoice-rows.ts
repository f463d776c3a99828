import type { Codec } from '../../wire/codec/codec.ts'
import { type FieldCodecs, readOnly, struct, u16List, union } from '../../wire/codec/combinators.ts'
import { u16Text } from '../../wire/codec/primitives.ts'
import { timestamp } from '../row-codecs.ts'
import { bolt11Fields, bolt12Fields, type FieldsOf, receivedHtlc } from './invoice-fields.ts'
import type { Bolt11Record, Bolt12Record, InvoiceRecord, InvoiceState } from './invoice-record.ts'

/** Until version 4 nothing was kept of what a payer said besides. */
type EarlierState =
  | Extract<InvoiceState, { readonly type: 'open' | 'cancelled' }>
  | Omit<Extract<InvoiceState, { readonly type: 'settled' }>, 'customRecords'>

const earlierState = union<EarlierState, 'type'>('type', {
  open: { number: 0, fields: {} },
  cancelled: { number: 1, fields: {} },
  settled: { number: 2, fields: { at: timestamp, htlcs: u16List(receivedHtlc) } },
})

type EarlierBolt11 = FieldsOf<Bolt11Record, EarlierState>
type EarlierRecord =
  | ({ readonly type: 'bolt11' } & EarlierBolt11)
  | ({ readonly type: 'bolt12' } & FieldsOf<Omit<Bolt12Record, 'offer'>, EarlierState>)

/** Until version 3 each was of BOLT 11. */
const untyped = (fields: FieldCodecs<EarlierBolt11>): Codec<InvoiceRecord> =>
  readOnly(struct<EarlierBolt11>(fields), (record): InvoiceRecord => ({ type: 'bolt11', ...record }))

const bolt11 = bolt11Fields(earlierState)

/**
 * The rows of versions 1 to 3, which stay readable. Version 2: the text takes the bits that it has. Version 3: what shows that a payer has
 * the invoice is one of a union.
 */
export const EARLIER_INVOICE_ROWS = [
  untyped({ ...bolt11, invoice: u16Text }),
  untyped(bolt11),
  readOnly(
    union<EarlierRecord, 'type'>('type', {
      bolt11: { number: 0, fields: bolt11 },
      bolt12: { number: 1, fields: bolt12Fields(earlierState) },
    }),
    (record): InvoiceRecord => record,
  ),
] as const
