import test from 'ava'
import { shares } from './entrances/index.ts'
import { run } from './support/entrance.ts'

// FULGURITE_FUZZ_SEED tries other inputs; `npm run fuzz` tries more of them.
const SEED = Number(process.env.FULGURITE_FUZZ_SEED ?? 1)
const INPUTS = 100_000

for (const [entrance, inputs] of shares(INPUTS)) {
  test.serial(`${entrance.name} — ${inputs} odd inputs get a typed answer, and none throws`, async (t) => {
    t.timeout(600_000)
    await t.notThrowsAsync(run(entrance, { seed: SEED, inputs }))
  })
}
