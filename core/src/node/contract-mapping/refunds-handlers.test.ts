import test from 'ava'
import { toHex } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { encodeInvoiceRecord } from '../../payment/receive/invoice-codec.ts'
import type { Bolt12Record } from '../../payment/receive/invoice-record.ts'
import { openSqliteStore } from '../../store/sqlite-store.ts'
import type { ClaimRefused } from '../offers/refund-claimer.ts'
import { MIGRATIONS, TABLE } from '../storage/tables.ts'
import type { MappingContext } from './context.ts'
import { refundsHandlers } from './refunds-handlers.ts'

const paymentHash = new Uint8Array(32).fill(7)
const record: Bolt12Record = {
  type: 'bolt12',
  amountMsat: 5_000n,
  minFinalCltvExpiryDelta: 18,
  paymentHash,
  preimage: new Uint8Array(32),
  pathId: new Uint8Array(32),
  description: 'tea',
  invoice: '0a'.repeat(32),
  createdAt: 1,
  expiresAt: 100,
  state: { type: 'open' },
}
const refused = (copies: number): Result<void, ClaimRefused> =>
  err({ code: 'request-refused', text: 'the refund is being paid', copies })

/** Claims a refund whose payer answers so, and what the receiver was asked; `isPaid`: it has been paid by then; `isFull`: it takes no more. */
const claim = async (sent: Result<void, ClaimRefused>, { isPaid = false, isFull = false } = {}) => {
  const store = await openSqliteStore({
    path: ':memory:',
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  const asked: string[] = []
  const context = {
    options: { clock: { now: () => 5 }, store },
    offers: { refunds: { claimer: { make: () => ok({ record }), send: async () => sent } } },
    events: { subscribe: () => () => {} },
    flow: {
      receiver: {
        async ask(name: string) {
          asked.push(name)
          if (name === 'cancel' && isFull) return err({ code: 'mailbox-full' })
          const state = isPaid ? { type: 'settled' as const, at: 9, htlcs: [] } : record.state
          store.submit([{ table: TABLE.invoice, key: paymentHash, value: encodeInvoiceRecord({ ...record, state }) }])
          await store.flush()
          return ok(name === 'cancel' && isPaid ? err({ code: 'paid' }) : ok(record))
        },
      },
    },
  } as unknown as MappingContext
  const { claim } = refundsHandlers(context)
  const handlerContext = { caller: { kind: 'operator' }, worstCase: {} } as unknown as Parameters<typeof claim>[1]
  const answer = await claim({ refund: 'lnr1' }, handlerContext)
  return { answer, asked }
}

test('a claim that the payer refuses is over: its invoice is cancelled', async (t) => {
  const { answer, asked } = await claim(refused(1))
  t.like(answer, { error: { code: 'invoice-refused', details: { text: 'the refund is being paid' } } })
  t.false(JSON.stringify(answer).includes(toHex(paymentHash)))
  t.deepEqual(asked, ['add', 'cancel'])
})

test('a claim whose second copy is refused may be paid by its first: its invoice stays, and is named', async (t) => {
  const { answer, asked } = await claim(refused(2))
  t.like(answer, { error: { code: 'invoice-refused', details: { paymentHash: toHex(paymentHash) } } })
  t.deepEqual(asked, ['add'])
})

test('a claim that has been paid is paid, whatever else the payer says', async (t) => {
  const { answer, asked } = await claim(refused(1), { isPaid: true })
  t.like(answer, { ok: true, value: { invoice: { status: 'paid', paymentHash: toHex(paymentHash) } } })
  t.deepEqual(asked, ['add', 'cancel'])
})

test('a claim that is refused and cannot be cancelled may still be paid: its invoice is named', async (t) => {
  const { answer, asked } = await claim(refused(1), { isFull: true })
  t.like(answer, {
    error: {
      code: 'invoice-refused',
      details: { text: 'the refund is being paid', paymentHash: toHex(paymentHash) },
    },
  })
  t.deepEqual(asked, ['add', 'cancel'])
})
