import test from 'ava'
import { logNormal } from '../../core/src/graph/fixtures/seeded-graph.ts'
import { seededRng } from '../../core/src/lib/rng.ts'
import { byFlow, byHalving, type Strategy } from './halving.ts'
import { type Payment, SimulatedNetwork } from './simulated-network.ts'

const NODES = 60
const CHANNELS = 180

const payments = (count: number, seed: number): readonly Payment[] => {
  const rng = seededRng(seed)
  return Array.from({ length: count }, () => {
    const from = rng.below(NODES)
    const to = (from + 1 + rng.below(NODES - 1)) % NODES
    return { from, to, amountMsat: BigInt(Math.round(logNormal(rng, 1_500_000_000, 1.2))) + 1_000n }
  })
}

const played = (strategy: Strategy, count: number) => {
  const network = new SimulatedNetwork(NODES, CHANNELS, 5)
  const total = network.total()
  let possible = 0
  let paid = 0
  let attempts = 0
  for (const payment of payments(count, 6)) {
    const could = network.couldPay(payment)
    const outcome = network.pay(payment, strategy)
    if (could) possible++
    if (!outcome.paid) continue
    paid++
    attempts += outcome.attempts
  }
  return { possible, paid, attemptsPerPaid: attempts / paid, lost: total - network.total() }
}

test('where max-flow says that a payment is possible, flow pays nearly all, and more than halving', (t) => {
  const flow = played(byFlow, 60)
  const halving = played(byHalving, 60)
  const told = ({ possible, paid, attemptsPerPaid }: typeof flow): string =>
    `${paid} of ${possible} possible paid (${((100 * paid) / possible).toFixed(1)} %), ${attemptsPerPaid.toFixed(1)} HTLCs each`
  t.log(`flow: ${told(flow)}`)
  t.log(`halving: ${told(halving)}`)
  t.is(flow.lost, 0n)
  t.true(flow.paid >= flow.possible * 0.97)
  t.true(flow.paid / flow.possible >= halving.paid / halving.possible)
})
