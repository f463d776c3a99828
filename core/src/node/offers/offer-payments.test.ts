import test from 'ava'
import { equalBytes } from '../../lib/bytes.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import { MIGRATIONS } from '../storage/tables.ts'
import { OfferPayments } from './offer-payments.ts'

test('a payment hash is for one invoice: no issuer takes the place of what shows that another was paid', async (t) => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => t.fail(`${error}`),
  })
  t.teardown(() => store.close())
  const payments = new OfferPayments(store)
  const paymentHash = new Uint8Array(32).fill(7)
  const tea = { offer: 'lno1tea', invoice: Uint8Array.of(1) }
  const other = { offer: 'lno1other', invoice: Uint8Array.of(2) }
  // Both at once: the second finds the first before that is on the disk.
  t.deepEqual(
    await Promise.all([payments.add('first', paymentHash, tea), payments.add('second', paymentHash, other)]),
    [true, false],
  )
  t.false(await payments.add('third', paymentHash, other))
  await store.flush()
  t.deepEqual(await payments.get(paymentHash), tea)
  t.true(equalBytes((await payments.hashOf('first')) ?? tea.invoice, paymentHash))
  t.is(await payments.hashOf('second'), undefined)
})
