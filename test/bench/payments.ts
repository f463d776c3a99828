import type { Benchmark, Figure } from './benchmark.ts'
import type { BenchNode } from './support/bench-node.ts'
import { BenchWorld } from './support/bench-world.ts'
import type { WorkCounts } from './support/work-counters.ts'

const CHANNEL_SAT = 100_000_000
const AMOUNT_MSAT = 5_000_000
const WARM_UP = 400

/**
 * Settled payments a second between two nodes, each a process, over one channel, on sqlite on disk. This process asks for
 * `concurrent` of them at a time over the payer's API. Beside the rate: what one payment costs both nodes together.
 */
const directPayments = (concurrent: number, count: number): Benchmark => {
  const name = `payments.direct.c${concurrent}`
  return {
    figures: [name],
    run: async () => {
      const world = new BenchWorld()
      try {
        const nodes = [
          await world.node('payer', { counted: true }),
          await world.node('payee', { counted: true }),
        ] as const
        const [payer, payee] = nodes
        await world.faucet(payer, BigInt(CHANNEL_SAT) + 1_000_000n)
        await world.open(payer, payee, CHANNEL_SAT)
        return await measurePayments(name, nodes, concurrent, count)
      } finally {
        await world.close()
      }
    },
  }
}

/** The rate at which one of two counted nodes pays the other, after a warm-up, and what a payment costs them. */
export const measurePayments = async (
  name: string,
  nodes: readonly [BenchNode, BenchNode],
  concurrent: number,
  count: number,
): Promise<readonly Figure[]> => {
  const [payer, payee] = nodes
  const invoices = await makeInvoices(payee, WARM_UP + count)
  await payAll(payer, invoices.slice(0, WARM_UP), concurrent)
  const before = await Promise.all(nodes.map((node) => node.counts()))
  const startedAt = performance.now()
  const latencies = await payAll(payer, invoices.slice(WARM_UP), concurrent)
  const seconds = (performance.now() - startedAt) / 1_000
  const after = await Promise.all(nodes.map((node) => node.counts()))
  const each = (what: keyof WorkCounts, node: 0 | 1): number =>
    ((after[node]?.[what] ?? 0) - (before[node]?.[what] ?? 0)) / count
  const both = (what: keyof WorkCounts): number => each(what, 0) + each(what, 1)
  return [
    { name, value: count / seconds, unit: '/s' },
    { name: `${name}.latency`, value: latencies[count >> 1] ?? 0, unit: 'ms' },
    { name: `${name}.cpu.payer`, value: each('cpu', 0) / 1_000, unit: 'ms/payment' },
    { name: `${name}.cpu.payee`, value: each('cpu', 1) / 1_000, unit: 'ms/payment' },
    { name: `${name}.signatures`, value: both('signatures'), unit: '/payment' },
    { name: `${name}.verifications`, value: both('verifications'), unit: '/payment' },
    { name: `${name}.statements`, value: both('statements'), unit: '/payment' },
    { name: `${name}.rows`, value: both('literals') / 2, unit: '/payment' },
    { name: `${name}.commits`, value: both('commits'), unit: '/payment' },
  ]
}

/** Keys of invoices are never the same twice, however many are made of one payee. */
let invoicesMade = 0

/** Invoices of 5,000 sat each. */
export const makeInvoices = async (payee: BenchNode, count: number): Promise<readonly string[]> => {
  const invoices: string[] = []
  const connections = await Promise.all(Array.from({ length: 20 }, () => payee.connection()))
  await Promise.all(
    connections.map(async (connection, at) => {
      for (let i = at; i < count; i += connections.length) {
        const reply = await connection.ask(
          'invoices/create',
          { amountMsat: AMOUNT_MSAT, description: 'bench' },
          `i${invoicesMade++}`,
        )
        invoices.push((reply.invoice as { invoice: string }).invoice)
      }
      connection.close()
    }),
  )
  return invoices
}

/** Pays them all, so many at a time. Returns how long each took in milliseconds, in order of length. */
export const payAll = async (
  payer: BenchNode,
  invoices: readonly string[],
  concurrent: number,
): Promise<readonly number[]> => {
  const connections = await Promise.all(Array.from({ length: concurrent }, () => payer.connection()))
  const latencies: number[] = []
  let next = 0
  await Promise.all(
    connections.map(async (connection) => {
      for (let invoice = invoices[next++]; invoice !== undefined; invoice = invoices[next++]) {
        const startedAt = performance.now()
        await connection.ask('payments/payInvoice', { invoice }, invoice.slice(-100))
        latencies.push(performance.now() - startedAt)
      }
      connection.close()
    }),
  )
  return latencies.sort((a, b) => a - b)
}

export const paymentBenchmarks: readonly Benchmark[] = [
  directPayments(1, 600),
  directPayments(20, 3_000),
  directPayments(100, 4_000),
]
