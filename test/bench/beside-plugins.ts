import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Benchmark } from './benchmark.ts'
import { makeInvoices, payAll } from './payments.ts'
import type { BenchNode } from './support/bench-node.ts'
import { BenchWorld } from './support/bench-world.ts'
import { installPlugin } from './support/install-plugin.ts'

interface BadPlugin {
  readonly setup: string
  readonly permissions?: object
  readonly limits?: object
}

const EVENTS = { 'payment.sent': {}, 'channel.balance-changed': {} }

// Each is at its worst from the first payment on, with the limits of a manifest that asks for nothing special; plugins that are ended come
// back by the host's policy, and the event that ended them waits for them.
const BAD_PLUGINS: Readonly<Record<string, BadPlugin>> = {
  loops: { setup: "events.each('e', 'payment.sent', () => { for (;;); })", permissions: { events: EVENTS } },
  'eats-memory': {
    setup:
      "events.each('e', 'payment.sent', () => { const all = []; for (;;) all.push(new Array(1000).fill(all.length)) })",
    permissions: { events: EVENTS },
  },
  throws: {
    setup: `
      for (const name of ['payment.sent', 'channel.balance-changed'])
        events.on(name).subscribe(() => { throw new Error('at each event') })
      events.each('e', 'payment.sent', async () => { throw new Error('at each event') })
      events.on('payment.sent').subscribe(() => { void Promise.reject(new Error('unhandled')) })`,
    permissions: { events: EVENTS },
  },
  floods: {
    setup: `
      const command = (channelId) => actors.channels
        .setRelayFees({ channelId, feeBaseMsat: 1n, feeProportionalMillionths: 100 }, { reason: { code: 'flood' } })
      const flood = async (channelId) => {
        for (;;) await Promise.all(Array.from({ length: 200 }, (_, i) => {
          log.info('flood', i)
          return (i % 2 === 0 ? command(channelId) : actors.wallet.balance({})).catch(() => {})
        }))
      }
      let flooding = false
      events.on('channel.balance-changed').subscribe(({ payload }) => {
        if (flooding) return
        flooding = true
        void flood(payload.channelId)
      })`,
    permissions: {
      events: EVENTS,
      commands: {
        'channels.setRelayFees': { bounds: { feeBaseMsat: { max: 1 }, feeProportionalMillionths: { max: 100 } } },
      },
    },
  },
}

const CONCURRENT = 20
const PAYMENTS = 3_000
const WARM_UP = 400

/** What settled payments a second remain, in percent, of those before and after, while a node runs bad plugins. */
const besideBadPlugins = async (): Promise<{ readonly percent: number; readonly faults: number }> => {
  const world = new BenchWorld()
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-bad-plugins-'))
  try {
    const payer = await world.node('payer')
    const payee = await world.node('payee')
    await world.faucet(payer, 201_000_000n)
    await world.open(payer, payee, 200_000_000)
    const invoices = await makeInvoices(payee, WARM_UP + 3 * PAYMENTS)
    await payAll(payer, invoices.slice(0, WARM_UP), CONCURRENT)
    const rate = async (run: number): Promise<number> => {
      const from = WARM_UP + run * PAYMENTS
      const startedAt = performance.now()
      await payAll(payer, invoices.slice(from, from + PAYMENTS), CONCURRENT)
      return (PAYMENTS * 1_000) / (performance.now() - startedAt)
    }
    const before = await rate(0)
    for (const [name, plugin] of Object.entries(BAD_PLUGINS)) {
      await installPlugin(payer, written(folder, name, plugin))
    }
    const beside = await rate(1)
    const faults = await faultsOf(payer)
    for (const name of Object.keys(BAD_PLUGINS)) await payer.ask('plugins/remove', { name }, `remove-${name}`)
    const after = await rate(2)
    return { percent: (200 * beside) / (before + after), faults }
  } finally {
    await world.close()
    rmSync(folder, { recursive: true })
  }
}

const written = (folder: string, name: string, { setup, permissions = {}, limits = {} }: BadPlugin): string => {
  const path = join(folder, name)
  mkdirSync(path)
  const manifest = { name, version: '1.0.0', contract: '^0.1.0', entry: './index.ts', permissions, limits }
  writeFileSync(join(path, 'fulgurite.plugin.json'), JSON.stringify(manifest))
  const code = `import { definePlugin } from '@fulgurite/plugin-sdk'
    export default definePlugin(({ events, actors, log }) => { ${setup} })`
  writeFileSync(join(path, 'index.ts'), code)
  return path
}

/** How often the plugins that must be ended were ended. A plugin that does no harm would make the figure worthless. */
const faultsOf = async (node: BenchNode): Promise<number> => {
  const { items } = (await node.ask('plugins/list')) as {
    items: readonly { readonly name: string; readonly restarts: number; readonly lastFault?: string }[]
  }
  for (const { name, lastFault } of items)
    if (name !== 'floods' && lastFault === undefined) throw new Error(`${name} has done no harm`)
  return items.reduce((sum, { restarts }) => sum + restarts, 0)
}

const NAME = 'payments.beside-bad-plugins'

export const besidePluginsBenchmark: Benchmark = {
  figures: [NAME],
  run: async () => {
    const { percent, faults } = await besideBadPlugins()
    return [
      { name: NAME, value: percent, unit: '%' },
      { name: `${NAME}.restarts`, value: faults, unit: '' },
    ]
  },
}
