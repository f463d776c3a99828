import test from 'ava'
import { fromHex, toHex } from '../lib/bytes.ts'
import { decodeWith, encodeWith } from '../wire/codec/codec.ts'
import { invoiceRecord, relayRecord, sentPayment } from './fixtures/rows-v1.ts'
import { invoice, payments } from './fixtures/rows-v2.ts'
import { payments as paymentsOfVersion3 } from './fixtures/rows-v3.ts'
import { decodeInvoiceRecord, encodeInvoiceRecord } from './receive/invoice-codec.ts'
import { decodeRelayRecord, encodeRelayRecord } from './relay/relay-codec.ts'
import { invoiceText } from './row-codecs.ts'
import { decodeSentPayment, encodeSentPayment } from './send/payment-codec.ts'

test('payment rows of version 1 are read', (t) => {
  t.deepEqual(decodeSentPayment(fromHex(sentPayment.row)), { ok: true, value: sentPayment.value })
})

test('invoice rows of version 1 are read', (t) => {
  t.deepEqual(decodeInvoiceRecord(fromHex(invoiceRecord.row)), { ok: true, value: invoiceRecord.value })
})

for (const { row, value } of payments) {
  test(`payment rows of version 2 are read, and written anew in fewer bytes: ${value.status}`, (t) => {
    t.deepEqual(decodeSentPayment(fromHex(row)), { ok: true, value })
    const written = encodeSentPayment(value)
    t.deepEqual(decodeSentPayment(written), { ok: true, value })
    t.true(written.length < row.length / 2)
  })
}

for (const { row, value } of paymentsOfVersion3) {
  test(`payment rows of version 3 are read, and written anew with the first id that each attempt’s HTLC can have: ${value.status}`, (t) => {
    t.deepEqual(decodeSentPayment(fromHex(row)), { ok: true, value })
    const attempts = value.attempts.map((attempt, at) => ({ ...attempt, firstHtlcId: BigInt(200 + at) }))
    const written = encodeSentPayment({ ...value, attempts })
    t.deepEqual(decodeSentPayment(written), { ok: true, value: { ...value, attempts } })
    // The row takes up as much room as it had when it was longest: a payment of one part has 4 bytes more at most.
    t.true(written.length - row.length / 2 <= 4 * attempts.length)
  })
}

test('invoice rows of version 2 are read, and written to the byte', (t) => {
  t.deepEqual(decodeInvoiceRecord(fromHex(invoice.row)), { ok: true, value: invoice.value })
  t.is(toHex(encodeInvoiceRecord(invoice.value)), invoice.row)
})

test('the text of an invoice is read back to the letter, and a letter of bech32 takes 5 bits', (t) => {
  const { invoice: text } = invoice.value
  const texts = [
    text,
    text.slice(0, -1),
    text.slice(0, -2),
    text.toUpperCase(),
    `${text} `,
    'lnbcrt1',
    'no invoice',
    '',
  ]
  for (const each of texts)
    t.deepEqual(decodeWith(invoiceText, encodeWith(invoiceText, each)), { ok: true, value: each })
  t.true(encodeWith(invoiceText, text).length <= Math.ceil((text.length * 5) / 8) + 12)
})

test('relay rows of version 1 are read, and say nothing of the first id that their HTLC can have', (t) => {
  t.deepEqual(decodeRelayRecord(fromHex(relayRecord.row)), { ok: true, value: relayRecord.value })
  t.is(relayRecord.value.outgoing.firstHtlcId, undefined)
  const value = { ...relayRecord.value, outgoing: { ...relayRecord.value.outgoing, firstHtlcId: 300n } }
  for (const each of [relayRecord.value, value]) {
    t.deepEqual(decodeRelayRecord(encodeRelayRecord(each)), { ok: true, value: each })
  }
})
