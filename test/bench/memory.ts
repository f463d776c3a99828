import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Benchmark } from './benchmark.ts'
import { makeInvoices, payAll } from './payments.ts'
import { BenchWorld } from './support/bench-world.ts'
import { installPlugin } from './support/install-plugin.ts'
import { proportionalSize, withDescendants } from './support/processes.ts'
import { writeSmallPlugin } from './support/small-plugin.ts'

const FEE_MANAGER = fileURLToPath(new URL('../../plugins-examples/fee-manager', import.meta.url))
const CHANNELS = 40
/** Memory that only starting needed is given back by then. */
const SETTLING_MS = 5_000
/** A plugin's process gives it back at the second heartbeat after its last turn. */
const PLUGIN_SETTLING_MS = 25_000
const MORE_PLUGINS = 9

/** Memory of an idle node with one plugin, and what each further one, and each channel, adds. Linux only: it reads `/proc`. */
export const memoryBenchmark: Benchmark = {
  figures: ['memory.idle', 'memory.plugin', 'memory.channel'],
  run: async () => {
    const world = new BenchWorld()
    const sources = mkdtempSync(join(tmpdir(), 'fulgurite-bench-sources-'))
    try {
      const idle = await world.node('idle')
      await installPlugin(idle, FEE_MANAGER)
      await settled(PLUGIN_SETTLING_MS)
      const processes = withDescendants(idle.pid)
      const size = megabytes(idle.pid)
      for (let i = 0; i < MORE_PLUGINS; i++) await installPlugin(idle, writeSmallPlugin(sources, `plugin-${i}`))
      await settled(PLUGIN_SETTLING_MS)
      const withMore = megabytes(idle.pid)

      const [funder, other] = [await world.node('funder', { counted: true }), await world.node('other')]
      await world.faucet(funder, 100_000_000n)
      await world.open(funder, other, 1_000_000)
      const before = await funder.held()
      await world.open(funder, other, 1_000_000, CHANNELS)
      const after = await funder.held()
      return [
        { name: 'memory.idle', value: size, unit: 'MB' },
        { name: 'memory.idle.processes', value: processes.length, unit: '' },
        { name: 'memory.plugin', value: (withMore - size) / MORE_PLUGINS, unit: 'MB' },
        { name: 'memory.channel', value: (after - before) / CHANNELS / 1e3, unit: 'kB' },
      ]
    } finally {
      rmSync(sources, { recursive: true, force: true })
      await world.close()
    }
  },
}

const PAYMENTS = 3_800
const AT_ONCE = 20

const megabytes = (pid: number): number => withDescendants(pid).reduce((sum, id) => sum + proportionalSize(id), 0) / 1e6

/** Memory of a node without plugins: idle, and when it has made so many payments. Linux only. */
export const nodeMemoryBenchmark: Benchmark = {
  figures: ['memory.node', 'memory.after-payments'],
  run: async () => {
    const world = new BenchWorld()
    try {
      const payer = await world.node('payer')
      await settled()
      const idle = megabytes(payer.pid)
      const payee = await world.node('payee')
      await world.faucet(payer, 101_000_000n)
      await world.open(payer, payee, 100_000_000)
      await payAll(payer, await makeInvoices(payee, PAYMENTS), AT_ONCE)
      await settled()
      return [
        { name: 'memory.node', value: idle, unit: 'MB' },
        { name: 'memory.after-payments', value: megabytes(payer.pid), unit: 'MB' },
        { name: 'memory.after-payments.payee', value: megabytes(payee.pid), unit: 'MB' },
      ]
    } finally {
      await world.close()
    }
  },
}

const settled = (ms = SETTLING_MS): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
