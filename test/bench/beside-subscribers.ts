import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Benchmark, Figure } from './benchmark.ts'
import { makeInvoices, payAll } from './payments.ts'
import type { BenchNode } from './support/bench-node.ts'
import { BenchWorld } from './support/bench-world.ts'
import { installPlugin } from './support/install-plugin.ts'
import { processorTimeBelow } from './support/processes.ts'

const SUBSCRIBERS = 10
const CONCURRENT = 20
const PAYMENTS = 2_000
const WARM_UP = 400
/** By then all work that starting and stopping plugins causes is over; the runs without them come after the same rest. */
const REST_MS = 3_000

const CODE = `
  import { definePlugin } from '@fulgurite/plugin-sdk'
  export default definePlugin(({ events, log }) => {
    let seen = 0
    events.each('sent', 'payment.sent', () => { seen += 1; if (seen % 1_000 === 0) log.info('seen', seen) })
  })`

const writePlugin = (folder: string, name: string): string => {
  const path = join(folder, name)
  mkdirSync(path)
  const permissions = { events: { 'payment.sent': {} } }
  const manifest = { name, version: '1.0.0', contract: '^0.1.0', entry: './index.ts', permissions }
  writeFileSync(join(path, 'fulgurite.plugin.json'), JSON.stringify(manifest))
  writeFileSync(join(path, 'index.ts'), CODE)
  return path
}

/** What one thousand, and then the next, have been told of: a subscriber that hears nothing would make the figure worthless. */
const heard = async (node: BenchNode, name: string): Promise<number> => {
  const { items } = (await node.ask('plugins/logs', { name, page: { limit: 100 } })) as {
    items: readonly { readonly text: string }[]
  }
  return items.filter(({ text }) => text.startsWith('seen ')).length * 1_000
}

const NAME = 'payments.beside-subscribers'

/** The settled payments a second that remain, in percent of those before and after, while ten plugins follow every payment durably. */
export const besideSubscribersBenchmark: Benchmark = {
  figures: [NAME],
  run: async () => {
    const world = new BenchWorld()
    const folder = mkdtempSync(join(tmpdir(), 'fulgurite-subscribers-'))
    try {
      const payer = await world.node('payer', { counted: true })
      const payee = await world.node('payee')
      await world.faucet(payer, 101_000_000n)
      await world.open(payer, payee, 100_000_000)
      const invoices = await makeInvoices(payee, WARM_UP + 3 * PAYMENTS)
      await payAll(payer, invoices.slice(0, WARM_UP), CONCURRENT)
      const measure = async (run: number) => {
        const from = WARM_UP + run * PAYMENTS
        await new Promise((resolve) => setTimeout(resolve, REST_MS))
        const before = await payer.counts()
        const cellsBefore = processorTimeBelow(payer.pid)
        const startedAt = performance.now()
        await payAll(payer, invoices.slice(from, from + PAYMENTS), CONCURRENT)
        const rate = (PAYMENTS * 1_000) / (performance.now() - startedAt)
        const after = await payer.counts()
        const cellsAfter = processorTimeBelow(payer.pid)
        return {
          rate,
          cpu: (after.cpu - before.cpu) / PAYMENTS / 1_000,
          cells: (cellsAfter - cellsBefore) / PAYMENTS,
          commits: (after.commits - before.commits) / PAYMENTS,
        }
      }
      const names = Array.from({ length: SUBSCRIBERS }, (_, i) => `subscriber-${i}`)
      const before = await measure(0)
      for (const name of names) await installPlugin(payer, writePlugin(folder, name))
      const beside = await measure(1)
      for (const name of names) await payer.until(async () => (await heard(payer, name)) >= PAYMENTS)
      for (const name of names) await payer.ask('plugins/remove', { name }, `remove-${name}`)
      const after = await measure(2)
      const figures: readonly Figure[] = [
        { name: NAME, value: (200 * beside.rate) / (before.rate + after.rate), unit: '%' },
        { name: `${NAME}.rate`, value: beside.rate, unit: '/s' },
        { name: `${NAME}.cpu`, value: beside.cpu - (before.cpu + after.cpu) / 2, unit: 'ms/payment more' },
        { name: `${NAME}.cpu.cells`, value: beside.cells, unit: 'ms/payment' },
        {
          name: `${NAME}.commits`,
          value: beside.commits - (before.commits + after.commits) / 2,
          unit: '/payment more',
        },
      ]
      return figures
    } finally {
      await world.close()
      rmSync(folder, { recursive: true })
    }
  },
}
