import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { isFunded } from '../../channel/state/channel-state.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { moveHtlcRows, readChannels } from '../channel/channel-rows.ts'
import { EventLog } from '../events/event-log.ts'
import { INVOICE_STATUS, moveInvoiceIndex } from '../payment/invoice-index.ts'
import { hashOfPaymentKey, movePaymentIndex, PAYMENT_STATUS } from '../payment/payment-index.ts'
import { readPayment } from '../payment/payments-actor.ts'
import { readInvoice } from '../payment/receiver-actor.ts'
import { EVENTS_KEPT } from '../settings.ts'
import { MIGRATIONS, TABLE } from './tables.ts'

// Databases of two nodes, one of which has paid the other 13 times over one channel, as a node of schema 3 left them.

const PAYMENTS = 13

const open = async (t: ExecutionContext, name: string): Promise<Store> => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-old-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'node.sqlite')
  writeFileSync(path, gunzipSync(readFileSync(new URL(`fixtures/schema-3-${name}.sqlite.gz`, import.meta.url))))
  const store = await openSqliteStore({
    path,
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  t.teardown(() => store.close())
  return store
}

for (const name of ['payer', 'payee']) {
  test(`a database of schema 3 — its channel lives on, and of its HTLCs is kept what a penalty needs: ${name}`, async (t) => {
    const store = await open(t, name)
    t.is((await store.scan(TABLE.channelHtlc)).length, PAYMENTS)
    let moved = 0
    await moveHtlcRows(store, (rows) => {
      moved += rows
    })
    t.is(moved, PAYMENTS)
    const [channel, ...others] = await readChannels(store, virtualClock())
    t.deepEqual(others, [])
    if (channel === undefined || !isFunded(channel.durable)) return t.fail()
    t.is(channel.durable.phase, 'normal')
    // The payer's was taken while the last payments waited for their removal.
    const { offered, received } = channel.durable.htlcs
    t.is((await store.scan(TABLE.htlc)).length, offered.length + received.length)
    t.is((await store.scan(TABLE.channelHtlc)).length, 0)
    const past = await store.scan(TABLE.pastHtlc)
    t.is(past.length + offered.length + received.length, PAYMENTS)
    t.is(offered.length > 0, name === 'payer')
    t.true(past.every(({ value }) => value.length <= 52))
  })

  test(`a database of schema 3 — its events are read: ${name}`, async (t) => {
    const store = await open(t, name)
    const events = await EventLog.open({ store, clock: virtualClock(), keep: EVENTS_KEPT })
    const names = [name === 'payer' ? 'payment.sent' : 'payment.received'] as const
    const replayed = await events.replay(undefined, { names }, 100)
    t.is(replayed.ok && replayed.value.events.length, PAYMENTS)
  })
}

test('a database of schema 3 — its payments and invoices are read', async (t) => {
  const [payer, payee] = [await open(t, 'payer'), await open(t, 'payee')]
  const moved: number[] = []
  await movePaymentIndex(payer, (rows) => void moved.push(rows))
  await moveInvoiceIndex(payee, (rows) => void moved.push(rows))
  t.deepEqual(moved, [PAYMENTS, PAYMENTS])
  const statuses = async (store: Store, table: string): Promise<readonly number[]> =>
    (await store.scan(table)).map(({ key }) => key[0] ?? -1)
  t.deepEqual(await payer.scan(TABLE.paymentIndex), [])
  t.deepEqual(await payee.scan(TABLE.invoiceIndex), [])
  const payments = await payer.scan(TABLE.paymentByStatus)
  t.is(payments.length, PAYMENTS)
  for (const { key } of payments) {
    const payment = await readPayment(payer, hashOfPaymentKey(key))
    t.true(payment !== undefined && PAYMENT_STATUS[payment.status] === key[0])
    t.is((await readInvoice(payee, hashOfPaymentKey(key)))?.state.type, 'settled')
  }
  const paid = Array.from({ length: PAYMENTS }, () => INVOICE_STATUS.paid)
  t.deepEqual(await statuses(payee, TABLE.invoiceByStatus), paid)
})
