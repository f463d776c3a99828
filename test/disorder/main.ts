import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { tell } from './support/actions.ts'
import { type Counts, NOTHING, sumOfCounts, tellCounts } from './support/counts.ts'
import { type DeathCounts, Deaths } from './support/deaths.ts'
import { type JointCounts, NO_JOINT_CLAIMS, sumOfJoint, tellJoint } from './support/joint-claims.ts'
import { planOf, play, shrink } from './support/sequence.ts'

// npm run disorder -- --sequences 20000 --seed 1, or one sequence again, shrunk and with its trace: --only 4711
const { values } = parseArgs({
  options: {
    sequences: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    only: { type: 'string' },
    trace: { type: 'boolean', default: false },
    whole: { type: 'boolean', default: false },
  },
})

/** Sequences that one process plays: a node that dies in a simulation stays in the memory of the process. */
const PART = 100

interface Part {
  readonly played: number
  readonly payments: number
  /** What is said of each sequence that failed. */
  readonly failures: readonly string[]
  readonly deaths: DeathCounts
  readonly joint: JointCounts
  readonly takenLate: number
  readonly counts: Readonly<Counts>
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const explain = async (seed: number): Promise<void> => {
  const plan = planOf(seed)
  const { faults, takenLate } = await play(seed, plan)
  say(faults.length === 0 ? `sequence ${seed} holds` : `sequence ${seed} fails: ${faults.join('\n')}`)
  if (takenLate > 0) say(`${takenLate} HTLCs were taken after they had been told as failed`)
  const least = faults.length === 0 || values.whole ? plan : await shrink(seed, plan)
  const again = await play(seed, least, true)
  if (values.trace || again.faults.length > 0) for (const line of again.trace) say(line)
  say(`on ${JSON.stringify(plan.terrain)}, ${least.actions.length} of ${plan.actions.length} actions:`)
  for (const action of least.actions) say(`  ${tell(action)}`)
  for (const fault of again.faults) say(fault)
}

const playPart = async (first: number, count: number): Promise<Part> => {
  const failures: string[] = []
  let payments = 0
  let takenLate = 0
  let counts: Readonly<Counts> = NOTHING
  let joint = NO_JOINT_CLAIMS
  const deaths = new Deaths()
  for (let seed = first; seed < first + count; seed++) {
    const outcome = await play(seed, planOf(seed), false, deaths)
    payments += outcome.payments
    takenLate += outcome.takenLate
    counts = sumOfCounts(counts, outcome.counts)
    joint = sumOfJoint(joint, outcome.joint)
    if (outcome.faults.length > 0) {
      failures.push(`sequence ${seed} fails (npm run disorder -- --only ${seed}): ${outcome.faults[0]}`)
    }
  }
  return { played: count, payments, failures, deaths: deaths.counts, joint, takenLate, counts }
}

const playElsewhere = (first: number, count: number): Promise<Part> =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [`--seed=${first}`, `--sequences=${count}`])
    child.once('message', (part: Part) => resolve(part))
    child.once('exit', (code) => reject(new Error(`the sequences from ${first} on ended with ${code}`)))
  })

const playAll = async (first: number, count: number, jobs: number): Promise<void> => {
  const begun = performance.now()
  const deaths = new Deaths()
  let joint = NO_JOINT_CLAIMS
  let counts: Readonly<Counts> = NOTHING
  let [next, played, payments, failed, takenLate] = [first, 0, 0, 0, 0]
  const work = async (): Promise<void> => {
    while (next < first + count) {
      const from = next
      next = Math.min(from + PART, first + count)
      const part = await playElsewhere(from, next - from)
      played += part.played
      payments += part.payments
      takenLate += part.takenLate
      counts = sumOfCounts(counts, part.counts)
      failed += part.failures.length
      deaths.addAll(part.deaths)
      joint = sumOfJoint(joint, part.joint)
      for (const failure of part.failures) say(failure)
      const seconds = (performance.now() - begun) / 1000
      say(
        `${played} sequences, ${payments} payments, ${failed} failed; ${(seconds / played).toFixed(3)} s each; ${deaths.summary()}`,
      )
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  say(tellJoint(joint))
  say(`${takenLate} HTLCs were taken after they had been told as failed, by blocks that were undone`)
  say(tellCounts(counts))
  process.exitCode = failed === 0 ? 0 : 1
}

const [first, count] = [Number(values.seed), Number(values.sequences)]
if (values.only !== undefined) await explain(Number(values.only))
else if (process.send === undefined) await playAll(first, count, Number(values.jobs))
else process.send(await playPart(first, count))
