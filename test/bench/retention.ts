import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { utf8Encode } from '../../core/src/lib/bytes.ts'
import type { Grace } from '../../core/src/node/retention/grace.ts'
import { GRACE_KEY } from '../../core/src/node/retention/retention.ts'
import { TABLE } from '../../core/src/node/storage/tables.ts'
import type { Benchmark } from './benchmark.ts'
import { BenchWorld } from './support/bench-world.ts'
import { fillHistory } from './support/long-history.ts'

const KEPT = 'settled-payments'
const KEPT_MS = 30 * 86_400_000
/** Of a sweep that goes on for minutes, only this much is measured. */
const MEASURED_MS = 60_000
const LOOK_MS = 500

/** What a sweep over 300,000 payments that are due costs the node: how many go a second, and how long others wait for it. */
export const retentionBenchmark: Benchmark = {
  figures: ['retention'],
  times: 1,
  run: async () => {
    const world = new BenchWorld()
    try {
      const fresh = await world.node('historian')
      const { data } = fresh
      await world.stop(fresh)
      // As if the operator had set it long ago.
      const grace: Grace = { kept: { [KEPT]: KEPT_MS }, leftMs: 0, at: Date.now() }
      await fillHistory(join(data, 'node.sqlite'), [
        { table: TABLE.meta, key: GRACE_KEY, value: utf8Encode(JSON.stringify(grace)) },
      ])
      const node = await world.node('historian', { counted: true, told: ['--keep', `${KEPT}=30d`] })
      const archive = join(data, 'archive')
      // The first look at what is due comes a minute after the start.
      while (linesIn(archive) === 0) await wait()
      await node.watch()
      const [linesBefore, before, beganAt] = [linesIn(archive), await node.counts(), performance.now()]
      while (performance.now() - beganAt < MEASURED_MS) await wait()
      const seconds = (performance.now() - beganAt) / 1_000
      const rows = linesIn(archive) - linesBefore
      const after = await node.counts()
      const { delay, longestDelay, memory } = await node.watched()
      return [
        { name: 'retention.rows', value: rows / seconds, unit: '/s' },
        { name: 'retention.stall', value: longestDelay, unit: 'ms' },
        { name: 'retention.delay', value: delay, unit: 'ms' },
        { name: 'retention.cpu', value: (after.cpu - before.cpu) / rows / 1e3, unit: 'ms/row' },
        { name: 'retention.memory', value: memory / 1e6, unit: 'MB' },
      ]
    } finally {
      await world.close()
    }
  },
}

const LINE_END = 0x0a

const linesIn = (archive: string): number => {
  try {
    return readdirSync(archive)
      .map((name) => readFileSync(join(archive, name)).reduce((count, byte) => count + (byte === LINE_END ? 1 : 0), 0))
      .reduce((sum, lines) => sum + lines, 0)
  } catch {
    // There is no folder before the first line.
    return 0
  }
}

const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LOOK_MS))
