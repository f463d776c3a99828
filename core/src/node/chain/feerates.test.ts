import test from 'ava'
import { NETWORKS } from '../../bitcoin/network.ts'
import type { BackendHealth } from '../../chain/chain-backend.ts'
import { ESTIMATES_OLD_MS } from './chain-problems.ts'
import { estimatedFeerate, followedFeerate, nodeFeerates } from './feerates.ts'

const feerates = (estimated: number, arePresent: boolean, ageMs = 0) =>
  nodeFeerates(
    {
      estimateFeerate: () => estimated,
      health: () => ({ estimates: { arePresent, madeAt: 0, ageMs } }) as BackendHealth,
    },
    { maxCommitmentFeerate: 2_500 },
  )()

test('fee rates — an estimate is what a peer is judged by, as long as it is there and not old', (t) => {
  t.is(feerates(6_000, true).estimate, 6_000)
  t.is(feerates(253, true).estimate, 253)
  t.is(feerates(6_000, true, ESTIMATES_OLD_MS + 1).estimate, undefined)
  for (const standIn of [253, 1_000]) t.is(feerates(standIn, false).estimate, undefined)
})

test('fee rates — a cooperative close may pay twice the estimate, and no more: a peer that does not pay may choose the upper end', (t) => {
  t.like(feerates(6_000, true), { closing: 6_000, closingMaximum: 12_000, commitment: 2_500 })
  t.like(feerates(253, false), { closing: 253, closingMaximum: 506, commitment: 253 })
})

test('fee rates — where nobody knows what a block takes, none is made up, but on a chain that has no fees', (t) => {
  const backend = (arePresent: boolean) => ({
    estimateFeerate: (target: number) => 253 + target,
    health: () => ({ estimates: { arePresent, madeAt: 0, ageMs: 0 } }) as BackendHealth,
  })
  const rate = (network: keyof typeof NETWORKS, arePresent: boolean) =>
    estimatedFeerate({ backend: backend(arePresent), network: NETWORKS[network] })(6)
  t.is(rate('mainnet', true), 259)
  for (const network of ['mainnet', 'testnet', 'signet'] as const) t.is(rate(network, false), undefined)
  t.is(rate('regtest', false), 259)
})

test('fee rates — a commitment is brought to an estimate, and to nothing that stands in for one', (t) => {
  const followed = (network: keyof typeof NETWORKS, arePresent: boolean) => {
    const backend = {
      estimateFeerate: () => (arePresent ? 1_000 : 253),
      health: () => ({ estimates: { arePresent, madeAt: 0, ageMs: 0 } }) as BackendHealth,
    }
    const feerates = nodeFeerates(backend, { maxCommitmentFeerate: 2_500 })
    return followedFeerate({ backend, network: NETWORKS[network], feerates })()
  }
  t.is(followed('mainnet', true), 1_000)
  t.is(followed('mainnet', false), undefined)
  t.is(followed('regtest', false), 253)
})
