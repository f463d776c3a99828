import type { ExecutionContext } from 'ava'
import { seededRng } from '../../../core/src/lib/rng.ts'
import type { ChainRig } from '../../support/chain-rig.ts'
import { Network, untilQuiet, untilUsable } from '../../support/network.ts'
import type { NodeProcess } from '../../support/node-process.ts'
import { type Attempted, type Load, payWhile } from '../../support/payments.ts'
import { assertEventsComplete, assertMirrored, assertOutcomes, netMsat } from '../../support/reconcile.ts'
import { waitFor } from '../../support/wait-for.ts'

const SEED = Number(process.env.FULGURITE_SEED ?? 1)

/** How often FULGURITE_KILLS asks that nodes are killed; 1,000 is the long run. FULGURITE_SEED changes who is killed when. */
export const killsAsked = (usual: number): number => Number(process.env.FULGURITE_KILLS ?? usual)

const CAPACITY = 2_000_000n
const WORKERS_PER_LOAD = 2
/** At most so many payments settle between two kills. */
const SETTLED_BETWEEN = 12
/** A kill falls somewhere in the milliseconds after the last of them, or into the start of the node before it. */
const MOMENT_MS = 60
const KILLS_PER_BLOCK = 5

/** Three nodes on the chain pay each other, while one after the other is killed. */
export const killAtRandom = async (t: ExecutionContext, chain: ChainRig, kills: number): Promise<void> => {
  t.timeout(60_000 + kills * 10_000)
  const network = new Network(chain)
  network.endWith(t)
  const [alice, bob, carol] = [await network.node('alice'), await network.node('bob'), await network.node('carol')]
  await network.fund(alice, 10_000_000n)
  await network.fund(bob, 10_000_000n)
  const toBob = await network.open(alice, bob, CAPACITY, (CAPACITY / 2n) * 1000n)
  const toCarol = await network.open(bob, carol, CAPACITY, (CAPACITY / 2n) * 1000n)

  const rng = seededRng(SEED)
  const amounts = seededRng(SEED + 1)
  const recovered = async (): Promise<void> => {
    await untilUsable(toBob, alice, bob)
    await untilUsable(toCarol, bob, carol)
  }
  const load = (from: NodeProcess, to: NodeProcess): Load => ({
    from,
    to,
    concurrency: WORKERS_PER_LOAD,
    // From below the dust limit to 20,000 sat.
    amountMsat: () => BigInt(1_000 + amounts.below(20_000_000)),
    recovered,
    onSettled: () => {
      settled += 1
    },
  })
  let stopped = false
  let settled = 0
  // As much either way, so that no side runs dry.
  const pairs = [
    [alice, carol],
    [alice, bob],
    [bob, carol],
  ] as const
  const loads = pairs.flatMap(([one, other]) => [load(one, other), load(other, one)])
  const running = Promise.all(loads.map((each) => payWhile(each, () => !stopped)))

  const startedAt = Date.now()
  const killed = new Map([alice, bob, carol].map((node) => [node, 0]))
  for (let done = 0; done < kills; done++) {
    const goal = settled + rng.below(SETTLED_BETWEEN)
    // A load that fails ends the wait at once.
    await Promise.race([waitFor(`${goal} payments were made`, () => settled >= goal), running])
    await moment(rng.below(MOMENT_MS))
    const victim = [alice, bob, carol][rng.below(3)] as NodeProcess
    killed.set(victim, (killed.get(victim) ?? 0) + 1)
    await victim.kill()
    if (done % KILLS_PER_BLOCK === 0) await network.chain.mine(1)
    await victim.start()
  }
  const seconds = (Date.now() - startedAt) / 1000
  stopped = true
  const attempts = (await running).flat()
  await recovered()
  await untilQuiet(alice, bob, carol)

  report(t, attempts, kills, seconds)
  for (const node of [alice, bob, carol]) await assertEventsComplete(t, node)
  await assertOutcomes(t, attempts)
  for (const node of [alice, bob, carol]) {
    t.deepEqual(node.payloads('channel.closing'), [], `${node.name} closes nothing`)
    t.deepEqual(node.payloads('channel.errored'), [], `${node.name} has no error`)
    t.is(node.starts, 1 + (killed.get(node) ?? 0))
  }
  const first = await assertMirrored(t, toBob, alice, bob)
  const second = await assertMirrored(t, toCarol, bob, carol)
  const half = (CAPACITY / 2n) * 1000n
  t.is(first.alice, half + netMsat(alice, attempts), 'what alice has')
  t.is((first.bob as bigint) + (second.bob as bigint), 2n * half + netMsat(bob, attempts), 'what bob has')
  t.is(second.carol, half + netMsat(carol, attempts), 'what carol has')
}

const moment = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const report = (t: ExecutionContext, attempts: readonly Attempted[], kills: number, seconds: number): void => {
  const settled = attempts.filter(({ status }) => status === 'settled')
  const codes = new Map<string, number>()
  for (const { code } of attempts) if (code !== undefined) codes.set(code, (codes.get(code) ?? 0) + 1)
  const failures = [...codes].map(([code, count]) => `${count} ${code}`).join(', ')
  t.log(`${kills} kills in ${seconds.toFixed(1)} s: ${settled.length} payments settled, failed: ${failures || 'none'}`)
  t.true(settled.length > 0)
}
