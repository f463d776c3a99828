import { fileURLToPath } from 'node:url'
import type { Benchmark } from './benchmark.ts'
import { makeInvoices, payAll } from './payments.ts'
import { BenchWorld } from './support/bench-world.ts'
import { installPlugin } from './support/install-plugin.ts'
import { proportionalSize, withDescendants } from './support/processes.ts'

const FEE_MANAGER = fileURLToPath(new URL('../../plugins-examples/fee-manager', import.meta.url))
const CHANNELS = 40
/** Memory that only starting needed is given back by then. */
const SETTLING_MS = 5_000

/** Memory of an idle node with one plugin, and what each channel adds to it. Linux only: it reads `/proc`. */
export const memoryBenchmark: Benchmark = {
  figures: ['memory.idle', 'memory.channel'],
  run: async () => {
    const world = new BenchWorld()
    try {
      const idle = await world.node('idle')
      await installPlugin(idle, FEE_MANAGER)
      await settled()
      const processes = withDescendants(idle.pid)
      const size = megabytes(idle.pid)

      const [funder, other] = [await world.node('funder', { counted: true }), await world.node('other')]
      await world.faucet(funder, 100_000_000n)
      await world.open(funder, other, 1_000_000)
      const before = await funder.held()
      await world.open(funder, other, 1_000_000, CHANNELS)
      const after = await funder.held()
      return [
        { name: 'memory.idle', value: size, unit: 'MB' },
        { name: 'memory.idle.processes', value: processes.length, unit: '' },
        { name: 'memory.channel', value: (after - before) / CHANNELS / 1e3, unit: 'kB' },
      ]
    } finally {
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

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SETTLING_MS))
