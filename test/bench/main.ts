import { parseArgs } from 'node:util'
import { type Benchmark, type Figure, median } from './benchmark.ts'
import { besideFloodsBenchmark } from './beside-floods.ts'
import { besideIngestBenchmark } from './beside-ingest.ts'
import { besidePluginsBenchmark } from './beside-plugins.ts'
import { besideSubscribersBenchmark } from './beside-subscribers.ts'
import { cliBenchmark } from './cli.ts'
import { commitmentBenchmark } from './commitment.ts'
import { cryptoBenchmark } from './crypto.ts'
import { diskBenchmark } from './disk.ts'
import { graphBenchmark } from './graph.ts'
import { invoicesBenchmark } from './invoices.ts'
import { listsBenchmark } from './lists.ts'
import { manyChannelsBenchmarks } from './many-channels.ts'
import { memoryBenchmark, nodeMemoryBenchmark } from './memory.ts'
import { paymentBenchmarks } from './payments.ts'
import { pluginBenchmarks } from './plugin-figures.ts'
import { retentionBenchmark } from './retention.ts'
import { routesBenchmark } from './routes.ts'
import { startPluginsBenchmark } from './start-plugins.ts'
import { storedChannelsBenchmarks } from './stored-channels.ts'
import { walletBenchmark } from './wallet.ts'

// `npm run bench -- [--json] [--only NAME] [--runs N]`: a JSON line for each figure, or a table. Medians of the runs.

const BENCHMARKS: readonly Benchmark[] = [
  cryptoBenchmark,
  commitmentBenchmark,
  walletBenchmark,
  ...paymentBenchmarks,
  ...manyChannelsBenchmarks,
  ...storedChannelsBenchmarks,
  diskBenchmark,
  invoicesBenchmark,
  listsBenchmark,
  retentionBenchmark,
  graphBenchmark,
  ...pluginBenchmarks,
  besidePluginsBenchmark,
  besideFloodsBenchmark,
  besideIngestBenchmark,
  besideSubscribersBenchmark,
  memoryBenchmark,
  nodeMemoryBenchmark,
  routesBenchmark,
  cliBenchmark,
  startPluginsBenchmark,
]

/** Three digits that mean something, and whole numbers from 100 on. */
const rounded = (value: number): number => (value >= 100 ? Math.round(value) : Number(value.toPrecision(3)))

const medians = (runs: readonly (readonly Figure[])[]): readonly Figure[] =>
  (runs[0] ?? []).map(({ name, unit }) => {
    const values = runs.flatMap((figures) => figures.filter((figure) => figure.name === name))
    return { name, value: rounded(median(values.map(({ value }) => value))), unit }
  })

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    runs: { type: 'string' },
  },
})

const wanted = (name: string): boolean =>
  values.only === undefined || values.only.some((only) => name === only || name.startsWith(`${only}.`))

const chosen = BENCHMARKS.filter(({ figures }) => figures.some(wanted))
if (chosen.length === 0) {
  process.stderr.write(
    `there is no such figure; there are: ${BENCHMARKS.flatMap(({ figures }) => figures).join(', ')}\n`,
  )
  process.exitCode = 2
}
for (const { run, end, times = 3 } of chosen) {
  const runs: (readonly Figure[])[] = []
  try {
    for (let i = 0; i < Number(values.runs ?? times); i++) runs.push(await run())
  } finally {
    await end?.()
  }
  for (const figure of medians(runs).filter(({ name }) => wanted(name))) {
    const line = values.json
      ? JSON.stringify(figure)
      : `${figure.name.padEnd(36)} ${figure.value.toLocaleString('en').padStart(12)} ${figure.unit}`
    process.stdout.write(`${line}\n`)
  }
}
