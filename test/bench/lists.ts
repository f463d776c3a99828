import { join } from 'node:path'
import type { Benchmark } from './benchmark.ts'
import type { BenchNode } from './support/bench-node.ts'
import { BenchWorld } from './support/bench-world.ts'
import { fillHistory } from './support/long-history.ts'

const PAGES = 5
const ROUNDS = 20

/** The longest time for a page of any list with any filter, for 99 in 100, over a history of 300,000 rows of each kind. */
export const listsBenchmark: Benchmark = {
  figures: ['lists.filtered'],
  run: async () => {
    const world = new BenchWorld()
    try {
      const fresh = await world.node('historian')
      const path = join(fresh.data, 'node.sqlite')
      await world.stop(fresh)
      await fillHistory(path)
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
const pages = async (node: BenchNode, path: string, request: object): Promise<readonly number[]> => {
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
