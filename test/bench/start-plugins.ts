import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Benchmark } from './benchmark.ts'
import type { BenchNode } from './support/bench-node.ts'
import { BenchWorld } from './support/bench-world.ts'
import { installPlugin } from './support/install-plugin.ts'
import { writeSmallPlugin } from './support/small-plugin.ts'

const PLUGINS = 50

const runningAt = async (node: BenchNode): Promise<number> => {
  const { items } = (await node.ask('plugins/list', { page: { limit: PLUGINS } })) as { items: { state: string }[] }
  return items.filter(({ state }) => state === 'running').length
}

/** How long a node with 50 plugins takes until it answers, from the start of its process; and until all of them run. */
export const startPluginsBenchmark: Benchmark = {
  figures: ['start.plugins50'],
  run: async () => {
    const world = new BenchWorld()
    const sources = mkdtempSync(join(tmpdir(), 'fulgurite-bench-sources-'))
    try {
      const first = await world.node('node')
      for (let i = 0; i < PLUGINS; i++) await installPlugin(first, writeSmallPlugin(sources, `plugin-${i}`))
      await world.stop(first)
      const startedAt = performance.now()
      const node = await world.node('node')
      await node.ask('node/getInfo')
      const ready = performance.now()
      await node.until(async () => (await runningAt(node)) === PLUGINS)
      const all = performance.now()
      return [
        { name: 'start.plugins50.ready', value: (ready - startedAt) / 1_000, unit: 's' },
        { name: 'start.plugins50.running', value: (all - startedAt) / 1_000, unit: 's' },
      ]
    } finally {
      rmSync(sources, { recursive: true, force: true })
      await world.close()
    }
  },
}
