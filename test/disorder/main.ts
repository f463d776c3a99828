import { parseArgs } from 'node:util'
import { tell } from './support/actions.ts'
import { Deaths } from './support/deaths.ts'
import { planOf, play, shrink } from './support/sequence.ts'

// npm run disorder -- --sequences 20000 --seed 1, or one sequence again, shrunk and with its trace: --only 4711
const { values } = parseArgs({
  options: {
    sequences: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    trace: { type: 'boolean', default: false },
    whole: { type: 'boolean', default: false },
  },
})

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const explain = async (seed: number): Promise<void> => {
  const plan = planOf(seed)
  const { faults } = await play(seed, plan)
  say(faults.length === 0 ? `sequence ${seed} holds` : `sequence ${seed} fails: ${faults.join('\n')}`)
  const least = faults.length === 0 || values.whole ? plan : await shrink(seed, plan)
  const again = await play(seed, least, true)
  if (values.trace || again.faults.length > 0) for (const line of again.trace) say(line)
  say(`on ${JSON.stringify(plan.terrain)}, ${least.actions.length} of ${plan.actions.length} actions:`)
  for (const action of least.actions) say(`  ${tell(action)}`)
  for (const fault of again.faults) say(fault)
}

if (values.only !== undefined) await explain(Number(values.only))
else {
  const first = Number(values.seed)
  const count = Number(values.sequences)
  const begun = performance.now()
  let failed = 0
  let payments = 0
  const deaths = new Deaths()
  for (let seed = first; seed < first + count; seed++) {
    const outcome = await play(seed, planOf(seed), false, deaths)
    payments += outcome.payments
    if (outcome.faults.length > 0) {
      failed += 1
      say(`sequence ${seed} fails (npm run disorder -- --only ${seed}): ${outcome.faults[0]}`)
    }
    const played = seed - first + 1
    if (played % 100 === 0) {
      const seconds = (performance.now() - begun) / 1000
      say(
        `${played} sequences, ${payments} payments, ${failed} failed; ${(seconds / played).toFixed(3)} s each; ${deaths.summary()}`,
      )
    }
  }
  process.exitCode = failed === 0 ? 0 : 1
}
