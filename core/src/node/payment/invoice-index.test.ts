import test from 'ava'
import type { InvoiceRecord } from '../../payment/receive/invoice-record.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import type { Store } from '../../store/store.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import { expiryWrites, hashOfInvoiceKey, INVOICE_STATUS, invoiceIndexWrites, overdue } from './invoice-index.ts'

const open = (): Promise<Store> =>
  openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })

const invoice = (number: number, expiresAt: number): InvoiceRecord => ({
  type: 'bolt11',
  paymentHash: new Uint8Array(32).fill(number),
  preimage: new Uint8Array(32),
  paymentSecret: new Uint8Array(32),
  description: '',
  invoice: '',
  minFinalCltvExpiryDelta: 18,
  createdAt: 1_000 + number,
  expiresAt,
  state: { type: 'open' },
})

/** The invoices that each status lists, by the first byte of their hash. */
const listed = async (store: Store): Promise<Record<string, readonly number[]>> => {
  const rows = await store.scan(TABLE.invoiceByStatus)
  return Object.fromEntries(
    Object.entries(INVOICE_STATUS).map(([status, first]) => [
      status,
      rows.filter(({ key }) => key[0] === first).map(({ key }) => hashOfInvoiceKey(key)[0] ?? 0),
    ]),
  )
}

test('an open invoice is listed as expired once its time is over, and those with time left stay', async (t) => {
  const store = await open()
  for (const [number, expiresAt] of [
    [1, 5_000],
    [2, 3_000],
    [3, 4_000],
  ] as const)
    store.submit(invoiceIndexWrites(undefined, invoice(number, expiresAt)))
  await store.flush()
  t.deepEqual(await listed(store), { open: [1, 2, 3], paid: [], expired: [], held: [] })
  const due = await overdue(store, 4_000)
  t.deepEqual(
    due.map(({ key }) => hashOfInvoiceKey(key)[0]),
    [2, 3],
  )
  store.submit(due.flatMap((row) => expiryWrites(row, false)))
  await store.flush()
  t.deepEqual(await listed(store), { open: [1], paid: [], expired: [2, 3], held: [] })
  t.deepEqual(await overdue(store, 4_000), [])
  await store.close()
})

test('an invoice that is paid is listed once, also where it had been listed as expired', async (t) => {
  const store = await open()
  const paid = (record: InvoiceRecord): InvoiceRecord => ({ ...record, state: { type: 'settled', at: 1, htlcs: [] } })
  const [inTime, late, cancelled] = [invoice(1, 5_000), invoice(2, 3_000), invoice(3, 9_000)]
  for (const record of [inTime, late, cancelled]) store.submit(invoiceIndexWrites(undefined, record))
  await store.flush()
  store.submit((await overdue(store, 3_000)).flatMap((row) => expiryWrites(row, false)))
  for (const record of [inTime, late]) store.submit(invoiceIndexWrites(record, paid(record)))
  store.submit(invoiceIndexWrites(cancelled, { ...cancelled, state: { type: 'cancelled' } }))
  await store.flush()
  t.deepEqual(await listed(store), { open: [], paid: [1, 2], expired: [3], held: [] })
  t.deepEqual(await overdue(store, 10_000), [])
  t.is((await store.scan(TABLE.invoiceByStatus)).length, 3)
  await store.close()
})
