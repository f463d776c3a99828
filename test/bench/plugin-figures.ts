import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Benchmark } from './benchmark.ts'
import { makeInvoices, payAll } from './payments.ts'
import { benchPluginAsk, benchPluginAsk20, benchPluginEvents, benchPluginStart } from './plugins.ts'
import { BenchWorld } from './support/bench-world.ts'
import { installPlugin } from './support/install-plugin.ts'

const one = (name: string, unit: string, measure: () => Promise<number>): Benchmark => ({
  figures: [name],
  run: async () => [{ name, value: await measure(), unit }],
})

// It says now and then how long an ask took, as the mean of the last few: its clock counts whole milliseconds.
const ASKER = `
  import { definePlugin } from '@fulgurite/plugin-sdk'
  export default definePlugin(({ schedule, actors, log }) => {
    const loop = async () => {
      for (;;) {
        const begin = Date.now()
        for (let i = 0; i < 50; i++) await actors.node.getInfo({})
        log.info('us', ((Date.now() - begin) * 1000) / 50)
      }
    }
    schedule('go', 1_000_000, () => { void loop() })
  })`
const MANIFEST = {
  name: 'asker',
  version: '1.0.0',
  contract: '^0.1.0',
  entry: './index.ts',
  permissions: { queries: ['node.getInfo'] },
  limits: { cpuShare: 1, asksPerSecond: 1_000_000, turnMs: 10_000 },
  budget: { queries: 1_000_000_000 },
}
const PAYMENTS = 2_000

/** How long a plugin's ask takes, one outstanding, while its node sends payments, 100 at a time. */
const askUnderLoad = async (): Promise<number> => {
  const world = new BenchWorld()
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-asker-'))
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'fulgurite.plugin.json'), JSON.stringify(MANIFEST))
    writeFileSync(join(folder, 'index.ts'), ASKER)
    const payer = await world.node('payer')
    const payee = await world.node('payee')
    await world.faucet(payer, 101_000_000n)
    await world.open(payer, payee, 100_000_000)
    const invoices = await makeInvoices(payee, PAYMENTS)
    await installPlugin(payer, folder)
    const from = Date.now()
    await payAll(payer, invoices, 100)
    const { items } = (await payer.ask('plugins/logs', { name: 'asker', page: { limit: 100 } })) as {
      items: readonly { readonly at: number; readonly text: string }[]
    }
    const times = items
      .filter(({ at, text }) => at > from && text.startsWith('us '))
      .map(({ text }) => Number(text.slice(3)))
      .sort((a, b) => a - b)
    return times[times.length >> 1] ?? Number.NaN
  } finally {
    await world.close()
    rmSync(folder, { recursive: true })
  }
}

export const pluginBenchmarks: readonly Benchmark[] = [
  one('plugins.events', '/s', benchPluginEvents),
  one('plugins.ask.p50', 'µs', benchPluginAsk),
  one('plugins.ask.parallel20', '/s', benchPluginAsk20),
  one('plugins.start.walled', 'ms', () => benchPluginStart(true)),
  one('plugins.start.cold', 'ms', () => benchPluginStart(false)),
  one('plugins.ask.loaded', 'µs', askUnderLoad),
]
