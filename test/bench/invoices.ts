import { join } from 'node:path'
import { invoiceIndexWrites } from '../../core/src/node/payment/invoice-index.ts'
import { MIGRATIONS, TABLE } from '../../core/src/node/storage/tables.ts'
import { encodeInvoiceRecord } from '../../core/src/payment/receive/invoice-codec.ts'
import type { InvoiceRecord } from '../../core/src/payment/receive/invoice-record.ts'
import { openSqliteStore } from '../../core/src/store/sqlite-store.ts'
import type { Benchmark } from './benchmark.ts'
import { BenchWorld } from './support/bench-world.ts'

const OPEN = 100_000
const AT_ONCE = 2_000
const CREATED = 2_000
const CALLERS = 20

/** With 100,000 open invoices: how long a start takes, and one more invoice, of many that are asked for at once. */
export const invoicesBenchmark: Benchmark = {
  figures: ['invoices.start', 'invoices.create'],
  times: 1,
  run: async () => {
    const world = new BenchWorld()
    try {
      const start = async () => {
        const startedAt = performance.now()
        const node = await world.node('merchant')
        return { node, ms: performance.now() - startedAt }
      }
      await world.stop((await start()).node)
      const before = await start()
      await world.stop(before.node)
      await fillOpen(join(before.node.data, 'node.sqlite'))
      const { node, ms: startMs } = await start()
      const connections = await Promise.all(Array.from({ length: CALLERS }, () => node.connection()))
      const askedAt = performance.now()
      await Promise.all(
        connections.map(async (connection) => {
          for (let i = 0; i < CREATED / CALLERS; i++)
            await connection.ask('invoices/create', { amountMsat: '1000000', description: 'bench' })
        }),
      )
      const createMs = (performance.now() - askedAt) / CREATED
      for (const connection of connections) connection.close()
      return [
        { name: 'invoices.start.none', value: before.ms, unit: 'ms' },
        { name: 'invoices.start.100k', value: startMs, unit: 'ms' },
        { name: 'invoices.create.100k', value: createMs, unit: 'ms' },
      ]
    } finally {
      await world.close()
    }
  },
}

const fillOpen = async (path: string): Promise<void> => {
  const store = await openSqliteStore({
    path,
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  for (let done = 0; done < OPEN; done += AT_ONCE) {
    for (let i = done; i < done + AT_ONCE; i++) {
      const invoice = openInvoice(i)
      store.submit([
        { table: TABLE.invoice, key: invoice.paymentHash, value: encodeInvoiceRecord(invoice) },
        ...invoiceIndexWrites(undefined, invoice),
      ])
    }
    await store.flush()
  }
  await store.close()
}

const openInvoice = (i: number): InvoiceRecord => {
  const paymentHash = Buffer.alloc(32)
  // Spread over all hashes.
  paymentHash.writeUInt32BE(Math.imul(i, 2_654_435_761) >>> 0)
  paymentHash.writeUInt32BE(i, 4)
  return {
    type: 'bolt11',
    paymentHash,
    preimage: paymentHash,
    paymentSecret: paymentHash,
    amountMsat: 5_000_000n,
    description: 'bench',
    invoice: `lnbcrt50u1${'p4swunx'.repeat(50)}`,
    minFinalCltvExpiryDelta: 30,
    createdAt: Date.now() - i,
    expiresAt: Date.now() + 30 * 86_400_000,
    state: { type: 'open' },
  }
}
