import { parseArgs } from 'node:util'
import { entrances, shares } from './entrances/index.ts'
import { run } from './support/entrance.ts'

// npm run fuzz -- --inputs 1000000 --seed 7, or one entrance, or one input of it again.
const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string' },
    at: { type: 'string' },
  },
})
const seed = Number(values.seed)
const inputs = Number(values.inputs)
const { only, at } = values
const planned =
  only === undefined
    ? shares(inputs)
    : entrances.flatMap((each) => (each.name === only ? [[each, inputs] as const] : []))
if (planned.length === 0)
  throw new Error(`there is no entrance ${only}: ${entrances.map(({ name }) => name).join(', ')}`)
process.stdout.write(`seed ${seed}\n`)
for (const [entrance, count] of planned) {
  const begun = performance.now()
  const slowest = await run(entrance, { seed, inputs: count, ...(at === undefined ? {} : { at: Number(at) }) })
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  const fed = at === undefined ? count : 1
  process.stdout.write(
    `${entrance.name}: ${fed} inputs, ${seconds} s; the slowest ${slowest.ms.toFixed(0)} ms, at ${slowest.at}\n`,
  )
}
