import test from 'ava'
import { NO_JOINT_CLAIMS, sumOfJoint, tellJoint } from './support/joint-claims.ts'
import { planOf, play } from './support/sequence.ts'

// FULGURITE_DISORDER_SEED tries other sequences; `npm run disorder` tries more of them, and explains one that fails.
const FIRST = Number(process.env.FULGURITE_DISORDER_SEED ?? 1)
/** Each takes a fifth of a second of a processor, and one in a web three times as long. */
const SEQUENCES = 500

test(`${SEQUENCES} random sequences of payments, crashes, lost connections, closes and blocks — whole nodes lose nothing, and agree`, async (t) => {
  t.timeout(900_000)
  let joint = NO_JOINT_CLAIMS
  for (let seed = FIRST; seed < FIRST + SEQUENCES; seed++) {
    const { faults, joint: made } = await play(seed, planOf(seed))
    joint = sumOfJoint(joint, made)
    t.deepEqual(faults, [], `npm run disorder -- --only ${seed}`)
  }
  t.log(tellJoint(joint))
  t.true(
    joint.closesWithHtlcs > 0 && 20 * joint.closesWithJoint >= joint.closesWithHtlcs,
    'joint claims are made (ADR 40)',
  )
})

test('a part that is relayed anew after its relay went back to a backup — its payee waits for the others, and gives it back', async (t) => {
  const { faults } = await play(3459, planOf(3459))
  t.deepEqual(faults, [])
})

test('a sequence that is played again takes the same course', async (t) => {
  const plan = planOf(28)
  const [first, second] = [await play(28, plan, true), await play(28, plan, true)]
  t.true(first.trace.length > 100)
  t.deepEqual(first.trace, second.trace)
})
