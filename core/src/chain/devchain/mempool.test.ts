import test from 'ava'
import { type Tx, txidOf } from '../../bitcoin/transaction.ts'
import { firstCoin, OWNED, ownedCoins, payFrom, testDevchain } from '../fixtures/funded.ts'
import type { Devchain } from './devchain.ts'

const codeOf = (devchain: Devchain, tx: Tx): string => {
  const verdict = devchain.submitTx(tx)
  return verdict.ok ? 'valid' : verdict.error.code
}
const holds = (devchain: Devchain, tx: Tx): boolean => devchain.mempoolEntry(txidOf(tx)) !== undefined

test('the mempool — takes a transaction once, and mines it', (t) => {
  const devchain = testDevchain()
  const tx = payFrom(ownedCoins(devchain, 1), 1_000n)
  t.is(codeOf(devchain, tx), 'valid')
  t.is(codeOf(devchain, tx), 'already-in-mempool')
  const [block] = devchain.mine(1)
  t.deepEqual(block?.txs[1], tx)
  t.is(devchain.mempool.length, 0)
  t.is(codeOf(devchain, tx), 'already-confirmed')
})

test('the mempool — takes a chain of children, and mines it in order', (t) => {
  const devchain = testDevchain()
  const parent = payFrom(ownedCoins(devchain, 1), 1_000n, OWNED)
  const child = payFrom([firstCoin(parent)], 1_000n, OWNED)
  t.is(codeOf(devchain, child), 'missing-inputs')
  t.is(codeOf(devchain, parent), 'valid')
  t.is(codeOf(devchain, child), 'valid')
  const [block] = devchain.mine(1)
  t.deepEqual(block?.txs.slice(1), [parent, child])
})

test('the mempool — a 26th descendant is one too many', (t) => {
  const devchain = testDevchain()
  let coins = ownedCoins(devchain, 1)
  const verdicts = Array.from({ length: 26 }, () => {
    const tx = payFrom(coins, 200n, OWNED)
    coins = [firstCoin(tx)]
    return codeOf(devchain, tx)
  })
  t.deepEqual(verdicts, [...new Array(25).fill('valid'), 'chain-too-long'])
})

test('replacement — a higher fee and feerate evicts the conflict and its children', (t) => {
  const devchain = testDevchain()
  const coins = ownedCoins(devchain, 1)
  const first = payFrom(coins, 1_000n, OWNED)
  const child = payFrom([firstCoin(first)], 1_000n, OWNED)
  t.is(codeOf(devchain, first), 'valid')
  t.is(codeOf(devchain, child), 'valid')
  // It must pay for both that it evicts, and 110 for its own relay.
  t.is(codeOf(devchain, payFrom(coins, 2_109n)), 'insufficient-fee')
  const second = payFrom(coins, 2_110n)
  t.is(codeOf(devchain, second), 'valid')
  t.deepEqual(
    [first, child, second].map((tx) => holds(devchain, tx)),
    [false, false, true],
  )
  t.is(codeOf(devchain, payFrom(coins, 1_000n)), 'insufficient-fee')
})

test('replacement — may not pay less a byte, spend what it evicts, or bring in unconfirmed parents', (t) => {
  const devchain = testDevchain()
  const coins = ownedCoins(devchain, 8)
  const [a, b, ...many] = coins
  if (a === undefined || b === undefined) return t.fail()
  const first = payFrom([a], 1_000n, OWNED)
  t.is(codeOf(devchain, first), 'valid')
  t.is(codeOf(devchain, payFrom([a, ...many], 1_700n)), 'insufficient-fee')
  t.is(codeOf(devchain, payFrom([a, firstCoin(first)], 5_000n)), 'spends-conflicting')
  const other = payFrom([b], 1_000n, OWNED)
  t.is(codeOf(devchain, other), 'valid')
  t.is(codeOf(devchain, payFrom([a, firstCoin(other)], 5_000n)), 'adds-unconfirmed')
})

test('a package — a parent below the relay fee is refused, and its child with it', (t) => {
  const devchain = testDevchain()
  const parent = payFrom(ownedCoins(devchain, 1), 109n, OWNED)
  const verdicts = devchain.submitPackage([parent, payFrom([firstCoin(parent)], 1_000n)])
  t.deepEqual(
    verdicts.map((verdict) => !verdict.ok && verdict.error.code),
    ['min-relay-fee', 'missing-inputs'],
  )
  t.is(devchain.mempool.length, 0)
})

test('a package — what is in the mempool already is fine', (t) => {
  const devchain = testDevchain()
  const parent = payFrom(ownedCoins(devchain, 1), 110n, OWNED)
  const child = payFrom([firstCoin(parent)], 1_000n)
  for (let i = 0; i < 2; i++) {
    t.true(devchain.submitPackage([parent, child]).every((verdict) => verdict.ok))
    t.true(holds(devchain, parent) && holds(devchain, child))
  }
})

test('a package — must be a child with its parents', (t) => {
  const devchain = testDevchain()
  const [a, b] = ownedCoins(devchain, 2)
  if (a === undefined || b === undefined) return t.fail()
  const verdicts = devchain.submitPackage([payFrom([a], 1_000n), payFrom([b], 1_000n)])
  t.deepEqual(
    verdicts.map((verdict) => !verdict.ok && verdict.error.code),
    ['package-topology', 'package-topology'],
  )
})

test('a block — evicts what conflicts with it', (t) => {
  const [devchain, other] = [testDevchain(), testDevchain()]
  const coins = ownedCoins(devchain, 1)
  ownedCoins(other, 1)
  t.deepEqual(devchain.tip.hash, other.tip.hash)
  const [ours, theirs] = [payFrom(coins, 1_000n, OWNED), payFrom(coins, 2_000n)]
  t.is(codeOf(devchain, ours), 'valid')
  t.is(codeOf(devchain, payFrom([firstCoin(ours)], 1_000n)), 'valid')
  t.is(codeOf(other, theirs), 'valid')
  const [block] = other.mine(1)
  if (block === undefined) return t.fail()
  t.true(devchain.submitBlock(block).ok)
  t.is(devchain.mempool.length, 0)
})
