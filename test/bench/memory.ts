import { fileURLToPath } from 'node:url'
import type { Benchmark } from './benchmark.ts'
import { BenchWorld } from './support/bench-world.ts'
import { installPlugin } from './support/install-plugin.ts'
import { proportionalSize, withDescendants } from './support/processes.ts'

const FEE_MANAGER = fileURLToPath(new URL('../../plugins-examples/fee-manager', import.meta.url))
const CHANNELS = 40
/** What starting has left behind is given back by then. */
const SETTLING_MS = 5_000

/** Memory of an idle node with one plugin, and what each channel adds to it. Linux only: it reads `/proc`. */
export const memoryBenchmark: Benchmark = {
  figures: ['memory.idle', 'memory.channel'],
  run: async () => {
    const world = new BenchWorld()
    try {
      const idle = await world.node('idle')
      await installPlugin(idle, FEE_MANAGER)
      await new Promise((resolve) => setTimeout(resolve, SETTLING_MS))
      const processes = withDescendants(idle.pid)
      const bytes = processes.reduce((sum, pid) => sum + proportionalSize(pid), 0)

      const [funder, other] = [await world.node('funder', { counted: true }), await world.node('other')]
      await world.faucet(funder, 100_000_000n)
      await world.open(funder, other, 1_000_000)
      const before = await funder.held()
      await world.open(funder, other, 1_000_000, CHANNELS)
      const after = await funder.held()
      return [
        { name: 'memory.idle', value: bytes / 1e6, unit: 'MB' },
        { name: 'memory.idle.processes', value: processes.length, unit: '' },
        { name: 'memory.channel', value: (after - before) / CHANNELS / 1e3, unit: 'kB' },
      ]
    } finally {
      await world.close()
    }
  },
}
