import { join } from 'node:path'
import { toHex } from '../../core/src/lib/bytes.ts'
import { systemClock } from '../../core/src/lib/clock.ts'
import { EventLog } from '../../core/src/node/events/event-log.ts'
import { invoiceIndexWrites } from '../../core/src/node/payment/invoice-index.ts'
import { paymentIndexWrites } from '../../core/src/node/payment/payment-index.ts'
import { EVENTS_KEPT } from '../../core/src/node/settings.ts'
import { MIGRATIONS, TABLE } from '../../core/src/node/storage/tables.ts'
import { encodeInvoiceRecord } from '../../core/src/payment/receive/invoice-codec.ts'
import type { InvoiceRecord } from '../../core/src/payment/receive/invoice-record.ts'
import type { SentPayment } from '../../core/src/payment/send/payment.ts'
import { encodeSentPayment } from '../../core/src/payment/send/payment-codec.ts'
import { openSqliteStore } from '../../core/src/store/sqlite-store.ts'
import type { Store } from '../../core/src/store/store.ts'
import type { Benchmark } from './benchmark.ts'
import { BenchWorld } from './support/bench-world.ts'
import type { NodeProcess } from './support/node-process.ts'

const ROWS = 300_000
const AT_ONCE = 2_000
/** Of every status but the commonest: the oldest, so that whoever looks for them has all others before them. */
const RARE = 300
const PAGES = 5
const ROUNDS = 20

/** How long a page of any list with any filter takes at most, of 99 in 100, over a history of 300,000 rows of each kind. */
export const listsBenchmark: Benchmark = {
  figures: ['lists.filtered'],
  run: async () => {
    const world = new BenchWorld()
    try {
      const fresh = await world.node('historian')
      const path = join(fresh.data, 'node.sqlite')
      await world.stop(fresh)
      await fill(path)
      const node = await world.node('historian')
      const all: number[] = []
      const slowest: { name: string; value: number }[] = []
      for (const [name, path, request] of LISTS) {
        const latencies = await pages(node, path, request)
        all.push(...latencies)
        slowest.push({ name: `lists.filtered.p99.${name}`, value: percentile(latencies) })
      }
      return [
        { name: 'lists.filtered.p99', value: percentile(all), unit: 'ms' },
        ...slowest.map((figure) => ({ ...figure, unit: 'ms' })),
      ]
    } finally {
      await world.close()
    }
  },
}

const LISTS: readonly (readonly [name: string, path: string, request: object])[] = [
  ['payments', 'payments/list', {}],
  ['payments.settled', 'payments/list', { status: 'settled' }],
  ['payments.failed', 'payments/list', { status: 'failed' }],
  ['payments.in-flight', 'payments/list', { status: 'in-flight' }],
  ['invoices', 'invoices/list', {}],
  ['invoices.open', 'invoices/list', { status: 'open' }],
  ['invoices.paid', 'invoices/list', { status: 'paid' }],
  ['invoices.expired', 'invoices/list', { status: 'expired' }],
  ['relays', 'payments/relays', {}],
  ['channels.closed', 'channels/closed', {}],
]

const percentile = (latencies: readonly number[]): number =>
  latencies.toSorted((a, b) => a - b)[Math.ceil(latencies.length * 0.99) - 1] ?? 0

/** How long each of the first pages took, again and again. */
const pages = async (node: NodeProcess, path: string, request: object): Promise<readonly number[]> => {
  const latencies: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    let after: unknown
    for (let page = 0; page < PAGES; page++) {
      const startedAt = performance.now()
      const reply = await node.ask(path, { ...request, page: { limit: 20, ...(after === undefined ? {} : { after }) } })
      latencies.push(performance.now() - startedAt)
      after = reply.next
      if (after === undefined) break
    }
  }
  return latencies
}

const fill = async (path: string): Promise<void> => {
  const store = await openSqliteStore({
    path,
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  const events = await EventLog.open({ store, clock: systemClock, keep: EVENTS_KEPT })
  for (let done = 0; done < ROWS; done += AT_ONCE) {
    for (let i = done; i < done + AT_ONCE; i++) put(store, events, i)
    await store.flush()
  }
  await store.close()
}

const put = (store: Store, events: EventLog, i: number): void => {
  const paymentHash = bytes(i)
  const isRare = i < RARE
  const payment: SentPayment = {
    target: {
      destination: NODE,
      paymentHash,
      amountMsat: 5_000_000n,
      paymentSecret: new Uint8Array(0),
      minFinalCltvExpiryDelta: 18,
      routeHints: [],
      multiPart: true,
      invoice: INVOICE,
    },
    maxFeeMsat: 5_000n,
    key: `key ${i}`,
    startedAt: START + i,
    status: isRare ? 'failed' : 'settled',
    attempts: [],
    nextAttemptId: 1,
    ...(isRare ? { failure: { code: 'no-route' } } : { preimage: paymentHash }),
    endedAt: START + i + 1,
  }
  const invoice: InvoiceRecord = {
    paymentHash,
    preimage: paymentHash,
    paymentSecret: paymentHash,
    amountMsat: 5_000_000n,
    description: 'bench',
    invoice: INVOICE,
    minFinalCltvExpiryDelta: 18,
    createdAt: START + i,
    expiresAt: i % 2 === 0 ? START + i + 1 : Date.now() * 2,
    state: isRare ? { type: 'open' } : { type: 'settled', at: START + i, htlcs: [] },
  }
  store.submit([
    { table: TABLE.payment, key: paymentHash, value: encodeSentPayment(payment) },
    ...paymentIndexWrites(undefined, payment),
    { table: TABLE.invoice, key: paymentHash, value: encodeInvoiceRecord(invoice) },
    ...invoiceIndexWrites(undefined, invoice),
  ])
  const hash = toHex(paymentHash)
  if (isRare) {
    events.append('payment.relayed', {
      paymentHash: hash,
      feeMsat: 1n,
      incoming: [],
      outgoing: [],
      startedAt: START,
      settledAt: START,
    })
  } else {
    events.append('payment.received', { paymentHash: hash, amountMsat: 5_000_000n, parts: [], receivedAt: START })
  }
}

const START = 1_700_000_000_000
const NODE = Uint8Array.of(2, ...new Uint8Array(32).fill(7))
const INVOICE = `lnbcrt50u1${'p4swunx'.repeat(50)}`

/** Spread over all hashes. */
const bytes = (i: number): Uint8Array => {
  const hash = Buffer.alloc(32)
  hash.writeUInt32BE(Math.imul(i, 2_654_435_761) >>> 0)
  hash.writeUInt32BE(i, 4)
  return hash
}
