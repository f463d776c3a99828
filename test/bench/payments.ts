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
        const payer = await world.node('payer', { counted: true })
        const payee = await world.node('payee', { counted: true })
        await openFrom(world, payer, payee)
        return await measurePayments(name, { payer, payee }, concurrent, count)
      } finally {
        await world.close()
      }
    },
  }
}

/** As direct payments, over a node between the two. */
const relayedPayments = (concurrent: number, count: number): Benchmark => {
  const name = `payments.relay.c${concurrent}`
  return {
    figures: [name],
    run: async () => {
      const world = new BenchWorld()
      try {
        const payer = await world.node('payer', { counted: true })
        const relay = await world.node('relay', { counted: true })
        const payee = await world.node('payee', { counted: true })
        await openFrom(world, payer, relay)
        await openFrom(world, relay, payee)
        return await measurePayments(name, { payer, relay, payee }, concurrent, count)
      } finally {
        await world.close()
      }
    },
  }
}

const openFrom = async (world: BenchWorld, from: BenchNode, to: BenchNode): Promise<void> => {
  await world.faucet(from, BigInt(CHANNEL_SAT) + 1_000_000n)
  await world.open(from, to, CHANNEL_SAT)
}

/** Counted nodes, by what they do in a payment. */
export interface Parties {
  readonly payer: BenchNode
  readonly relay?: BenchNode
  readonly payee: BenchNode
}

/** The rate at which the payer pays the payee, after a warm-up, and what a payment costs each, and all together. */
export const measurePayments = async (
  name: string,
  parties: Parties,
  concurrent: number,
  count: number,
): Promise<readonly Figure[]> => {
  const { payer, payee } = parties
  const invoices = await makeInvoices(payee, WARM_UP + count)
  await payAll(payer, invoices.slice(0, WARM_UP), concurrent)
  const before = await countsOf(parties)
  const startedAt = performance.now()
  const latencies = await payAll(payer, invoices.slice(WARM_UP), concurrent)
  const seconds = (performance.now() - startedAt) / 1_000
  const after = await countsOf(parties)
  const work = after.map(({ party, counts }, at) => ({
    party,
    each: (what: keyof WorkCounts): number => (counts[what] - (before[at]?.counts[what] ?? 0)) / count,
  }))
  const all = (what: keyof WorkCounts): number => work.reduce((sum, { each }) => sum + each(what), 0)
  return [
    { name, value: count / seconds, unit: '/s' },
    { name: `${name}.latency`, value: latencies[count >> 1] ?? 0, unit: 'ms' },
    ...work.map(({ party, each }) => ({
      name: `${name}.cpu.${party}`,
      value: each('cpu') / 1_000,
      unit: 'ms/payment',
    })),
    { name: `${name}.signatures`, value: all('signatures'), unit: '/payment' },
    { name: `${name}.verifications`, value: all('verifications'), unit: '/payment' },
    { name: `${name}.statements`, value: all('statements'), unit: '/payment' },
    { name: `${name}.rows`, value: all('literals') / work.length, unit: '/payment' },
    { name: `${name}.commits`, value: all('commits'), unit: '/payment' },
  ]
}

const countsOf = (parties: Parties): Promise<readonly { readonly party: string; readonly counts: WorkCounts }[]> =>
  Promise.all(Object.entries(parties).map(async ([party, node]) => ({ party, counts: await node.counts() })))

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
  relayedPayments(20, 2_000),
  relayedPayments(100, 3_000),
]
