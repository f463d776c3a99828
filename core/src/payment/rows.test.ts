import test from 'ava'
import { fromHex, toHex } from '../lib/bytes.ts'
import { invoiceRecord, relayRecord, sentPayment } from './fixtures/rows-v1.ts'
import { decodeInvoiceRecord, encodeInvoiceRecord } from './receive/invoice-codec.ts'
import { decodeRelayRecord, encodeRelayRecord } from './relay/relay-codec.ts'
import { decodeSentPayment, encodeSentPayment } from './send/payment-codec.ts'

test('payment rows of version 1 are read, and written to the byte', (t) => {
  t.deepEqual(decodeSentPayment(fromHex(sentPayment.row)), { ok: true, value: sentPayment.value })
  t.is(toHex(encodeSentPayment(sentPayment.value)), sentPayment.row)
})

test('invoice rows of version 1 are read, and written to the byte', (t) => {
  t.deepEqual(decodeInvoiceRecord(fromHex(invoiceRecord.row)), { ok: true, value: invoiceRecord.value })
  t.is(toHex(encodeInvoiceRecord(invoiceRecord.value)), invoiceRecord.row)
})

test('relay rows of version 1 are read, and written to the byte', (t) => {
  t.deepEqual(decodeRelayRecord(fromHex(relayRecord.row)), { ok: true, value: relayRecord.value })
  t.is(toHex(encodeRelayRecord(relayRecord.value)), relayRecord.row)
})
