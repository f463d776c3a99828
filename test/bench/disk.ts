import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import sqlite3 from 'sqlite3'
import type { Benchmark, Figure } from './benchmark.ts'
import { makeInvoices, payAll } from './payments.ts'
import type { BenchNode } from './support/bench-node.ts'
import { BenchWorld } from './support/bench-world.ts'

const CHANNEL_SAT = 100_000_000
const CONCURRENT = 20
/** Past what a database holds from its first moment, and until its pages are as full as they stay. */
const WARM_UP = 1_000
const PAYMENTS = 3_000

/**
 * What a settled payment leaves on the disk of each node, and what is written for it: two nodes, each a process, over one channel. The
 * bytes kept are those of the database's pages, without the free ones; the system counts the bytes written. Linux only: it reads `/proc`.
 */
export const diskBenchmark: Benchmark = {
  figures: ['payments.disk'],
  run: async () => {
    const world = new BenchWorld()
    try {
      const nodes = [await world.node('payer'), await world.node('payee')] as const
      await world.faucet(nodes[0], BigInt(CHANNEL_SAT) + 1_000_000n)
      await world.open(...nodes, CHANNEL_SAT)
      await pay(nodes, WARM_UP)
      const before = await Promise.all(nodes.map(kept))
      const writtenBefore = nodes.map(written)
      await pay(nodes, PAYMENTS)
      const writtenAfter = nodes.map(written)
      const after = await Promise.all(nodes.map(kept))
      const names = ['payer', 'payee'] as const
      const each = (bytes: number): number => bytes / PAYMENTS / 1e3
      const keptEach = names.map((_, at) => each((after[at]?.bytes ?? 0) - (before[at]?.bytes ?? 0)))
      const writtenEach = names.map((_, at) => each((writtenAfter[at] ?? 0) - (writtenBefore[at] ?? 0)))
      return [
        { name: 'payments.disk.kept', value: Math.max(...keptEach), unit: 'kB/payment' },
        { name: 'payments.disk.written', value: Math.max(...writtenEach), unit: 'kB/payment' },
        ...names.flatMap((name, at): readonly Figure[] => [
          { name: `payments.disk.kept.${name}`, value: keptEach[at] ?? 0, unit: 'kB/payment' },
          { name: `payments.disk.written.${name}`, value: writtenEach[at] ?? 0, unit: 'kB/payment' },
          ...[...(after[at]?.tables ?? [])]
            .map(([table, bytes]) => ({
              name: `payments.disk.kept.${name}.${table}`,
              value: each(bytes - (before[at]?.tables.get(table) ?? 0)),
              unit: 'kB/payment',
            }))
            .filter(({ value }) => value >= 0.01),
        ]),
      ]
    } finally {
      await world.close()
    }
  },
}

const pay = async ([payer, payee]: readonly [BenchNode, BenchNode], count: number): Promise<void> => {
  await payAll(payer, await makeInvoices(payee, count), CONCURRENT)
}

interface Kept {
  readonly bytes: number
  readonly tables: ReadonlyMap<string, number>
}

/** The content of the node's database, seen in a copy: the node locks its own. */
const kept = async ({ data }: BenchNode): Promise<Kept> => {
  const folder = mkdtempSync(join(dirname(data), 'copy-'))
  for (const name of ['node.sqlite', 'node.sqlite-wal']) copyFileSync(join(data, name), join(folder, name))
  const database = new sqlite3.Database(join(folder, 'node.sqlite'))
  const rows = await new Promise<{ readonly name: string; readonly bytes: number }[]>((resolve, reject) =>
    database.all<{ readonly name: string; readonly bytes: number }>(
      'SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name',
      (error, found) => (error === null ? resolve(found) : reject(error)),
    ),
  )
  await new Promise<void>((resolve) => database.close(() => resolve()))
  rmSync(folder, { recursive: true })
  return {
    bytes: rows.reduce((sum, { bytes }) => sum + bytes, 0),
    tables: new Map(rows.map(({ name, bytes }) => [name, bytes])),
  }
}

/** Bytes that a process has had written. */
const written = ({ pid }: BenchNode): number =>
  Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1])
