import test from 'ava'
import { fromHex, toHex } from '../lib/bytes.ts'
import { decodeWith, encodeWith } from '../wire/codec/codec.ts'
import { count } from '../wire/codec/combinators.ts'
import { invoicesOfVersion4, keysendSent } from './fixtures/keysend-rows.ts'
import { blindedPayment } from './fixtures/rows-blinded.ts'
import { invoiceRecord, relayRecord, sentPayment } from './fixtures/rows-v1.ts'
import { invoice, payments, relay as relayOfVersion2 } from './fixtures/rows-v2.ts'
import {
  invoices as invoicesOfVersion3,
  payments as paymentsOfVersion3,
  relay as relayOfVersion3,
} from './fixtures/rows-v3.ts'
import { payments as paymentsOfVersion4 } from './fixtures/rows-v4.ts'
import { payments as paymentsOfVersion5 } from './fixtures/rows-v5.ts'
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
  test(`payment rows of version 3 are read: ${value.status}`, (t) => {
    t.deepEqual(decodeSentPayment(fromHex(row)), { ok: true, value })
  })
}

for (const { row, value } of paymentsOfVersion4) {
  test(`payment rows of version 4 are read, with the first id that each attempt’s HTLC can have, and written anew in no more bytes: ${value.status}`, (t) => {
    t.deepEqual(decodeSentPayment(fromHex(row)), { ok: true, value })
    // The row takes up as much room as it had when it was longest.
    t.true(encodeSentPayment(value).length <= row.length / 2)
  })
}

for (const { row, value } of paymentsOfVersion5) {
  test(`payment rows of version 5 are read, and written to the byte: ${value.status}`, (t) => {
    t.deepEqual(decodeSentPayment(fromHex(row)), { ok: true, value })
    t.is(toHex(encodeSentPayment(value)), row)
  })
}

test('a payment row of version 5 has behind it what came back with its attempts, where something did', (t) => {
  const [{ row, value } = { row: '', value: undefined }] = paymentsOfVersion5
  if (value === undefined) return t.fail()
  const attribution = { holdTimes: [0, 3, 0xffff_ffff], brokenAt: 3 }
  const attributed = {
    ...value,
    attempts: value.attempts.map((attempt, at) => (at === 1 ? { ...attempt, attribution } : attempt)),
  }
  // One attempt, by its id; three hold times; the hop where they end.
  const later = `0001${toHex(encodeWith(count, value.attempts[1]?.id ?? 0))}00030003feffffffff0103`
  const written = `${row}01${(later.length / 2).toString(16).padStart(2, '0')}${later}`
  t.is(toHex(encodeSentPayment(attributed)), written)
  t.deepEqual(decodeSentPayment(fromHex(written)), { ok: true, value: attributed })
})

test('a payment row of version 5 over blinded paths is read, and written to the byte', (t) => {
  t.deepEqual(decodeSentPayment(fromHex(blindedPayment.row)), { ok: true, value: blindedPayment.value })
  t.is(toHex(encodeSentPayment(blindedPayment.value)), blindedPayment.row)
})

test('a payment whose recipient is of a kind that this version does not know is not read', (t) => {
  const [{ row } = { row: '' }] = paymentsOfVersion5
  t.false(decodeSentPayment(fromHex(`05ff${row.slice(4)}`)).ok)
})

test('invoice rows of version 2 are read', (t) => {
  t.deepEqual(decodeInvoiceRecord(fromHex(invoice.row)), { ok: true, value: invoice.value })
})

for (const { row, value } of invoicesOfVersion3) {
  test(`invoice rows of version 3 are read: ${value.type}`, (t) => {
    t.deepEqual(decodeInvoiceRecord(fromHex(row)), { ok: true, value })
  })
}

for (const { row, value } of invoicesOfVersion4) {
  const title = value.type === 'bolt12' && value.offer !== undefined ? 'bolt12, for an offer' : value.type
  test(`invoice rows of version 4 are read, and written to the byte: ${title}, ${value.state.type}`, (t) => {
    t.deepEqual(decodeInvoiceRecord(fromHex(row)), { ok: true, value })
    t.is(toHex(encodeInvoiceRecord(value)), row)
  })
}

for (const { row, value } of keysendSent) {
  test(`rows of payments to nodes that have made no invoice are read, and written to the byte: ${value.status}`, (t) => {
    t.deepEqual(decodeSentPayment(fromHex(row)), { ok: true, value })
    t.is(toHex(encodeSentPayment(value)), row)
  })
}

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
  t.is(relayRecord.value.outgoing[0].firstHtlcId, undefined)
})

test('relay rows of version 2 are read', (t) => {
  t.deepEqual(decodeRelayRecord(fromHex(relayOfVersion2.row)), { ok: true, value: relayOfVersion2.value })
})

test('relay rows of version 3 are read, and written to the byte', (t) => {
  const { row, value } = relayOfVersion3
  t.deepEqual(decodeRelayRecord(fromHex(row)), { ok: true, value })
  t.is(toHex(encodeRelayRecord(value)), row)
})

test('a relay with several HTLCs on a side, or with none, is of a version that this one does not know', (t) => {
  const { row } = relayOfVersion3
  const list = row.indexOf('0001c1c1')
  t.true(list > 0)
  t.false(decodeRelayRecord(fromHex(`${row.slice(0, list)}0000${row.slice(list + 4)}`)).ok)
  const one = row.slice(list + 4, list + 4 + 2 * (32 + 8 + 8 + 4))
  t.false(decodeRelayRecord(fromHex(`${row.slice(0, list)}0002${one}${row.slice(list + 4)}`)).ok)
})
