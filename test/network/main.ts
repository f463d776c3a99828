import { parseArgs } from 'node:util'
import type { SearchName } from './support/path-search.ts'
import { type Figures, play } from './support/play.ts'

// npm run network -- --payments 20000 --seed 1 --search flow
const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '60' },
    channels: { type: 'string', default: '180' },
    payments: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    search: { type: 'string', default: 'flow' },
  },
})

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const tell = (figures: Figures): string => {
  const { payments, possible, paidOfPossible, paid, partsOfPaid, partsSettled, parts, paidMsat, feesMsat } = figures
  const share = ((100 * paidOfPossible) / possible).toFixed(2)
  const ppm = paidMsat === 0n ? 0n : (feesMsat * 1_000_000n) / paidMsat
  return [
    `${payments} payments, ${paid} paid; ${paidOfPossible} of ${possible} possible ones (${share} %)`,
    `${(partsOfPaid / paid).toFixed(2)} HTLCs for each paid, of which ${(partsSettled / paid).toFixed(2)} arrived; ${parts} in all`,
    `fees ${ppm} millionths; failed though possible: ${JSON.stringify(figures.reasons)}`,
  ].join('; ')
}

const begun = performance.now()
const seconds = (): string => ((performance.now() - begun) / 1_000).toFixed(0)
const { faults, ...figures } = await play(
  {
    nodes: Number(values.nodes),
    channels: Number(values.channels),
    payments: Number(values.payments),
    seed: Number(values.seed),
    search: values.search as SearchName,
  },
  (so) => {
    if (so.payments % 100 === 0) say(`${seconds()} s: ${tell(so)}`)
  },
)
say(`${values.search}, ${seconds()} s, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB: ${tell(figures)}`)
for (const fault of faults) say(fault)
process.exitCode = faults.length === 0 ? 0 : 1
