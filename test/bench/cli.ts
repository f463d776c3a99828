import { execFile } from 'node:child_process'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { LAUNCHER } from '../support/launcher.ts'
import type { Benchmark } from './benchmark.ts'
import { BenchWorld } from './support/bench-world.ts'

const TIMES = 15

/** How long a person waits for `fulgurite getinfo`, without `npx`: the middle of several. */
export const cliBenchmark: Benchmark = {
  figures: ['cli.getinfo'],
  run: async () => {
    const world = new BenchWorld()
    try {
      const node = await world.node('node')
      const took: number[] = []
      for (let i = 0; i < TIMES; i++) {
        const startedAt = performance.now()
        await promisify(execFile)(process.execPath, [LAUNCHER, '--data', node.data, 'getinfo'], {
          env: { PATH: dirname(process.execPath) },
        })
        took.push(performance.now() - startedAt)
      }
      took.sort((a, b) => a - b)
      return [{ name: 'cli.getinfo', value: took[TIMES >> 1] ?? 0, unit: 'ms' }]
    } finally {
      await world.close()
    }
  },
}
