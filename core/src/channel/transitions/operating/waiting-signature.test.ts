import test from 'ava'
import type { ChannelSettings } from '../../state/environment.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { TwoParties } from '../fixtures/two-parties.ts'
import { awaitingSignature, holdsManyHtlcs } from './commit.ts'

const SMALL_MSAT = 1_000_000n

const canWait = ({ state }: TestParty): boolean => awaitingSignature(state) === 'small-fulfilments'

/** So many HTLCs of alice's are in both commitments. */
const holding = (htlcs: number, amountMsat = SMALL_MSAT, parties = new TwoParties()): TwoParties => {
  const two = parties.ready({ pushMsat: 300_000_000n })
  for (let n = 1; n <= htlcs; n++) two.add(two.alice, n, amountMsat)
  two.settle()
  return two
}

/** Bob's removals are in alice's commitment, and in no signature of hers. */
const removedByBob = (two: TwoParties): void => {
  two.sign(two.bob)
  while (two.deliver(two.bob) !== undefined);
  two.deliver(two.alice)
}

test('a signature over nothing does not wait, nor one over an addition', (t) => {
  const two = new TwoParties().ready()
  t.false(canWait(two.alice))
  two.add(two.alice, 1, SMALL_MSAT)
  t.false(canWait(two.alice))
  two.sign(two.alice)
  while (two.deliver(two.alice) !== undefined);
  t.is(two.bob.funded.changes.remoteAcked.length, 1)
  t.false(canWait(two.bob))
})

test('a signature over fulfilments alone may wait, of who has fulfilled and of who has offered', (t) => {
  const two = holding(1)
  two.fulfil(two.bob, 0n, 1)
  t.true(canWait(two.bob))
  removedByBob(two)
  t.is(two.alice.funded.changes.remoteAcked.length, 1)
  t.true(canWait(two.alice))
  t.false(canWait(two.bob))
})

test('a signature waits for no addition, failure or change of the fee rate, on whichever side it comes', (t) => {
  const added = holding(1)
  added.fulfil(added.bob, 0n, 1)
  added.add(added.bob, 5, SMALL_MSAT)
  t.false(canWait(added.bob))
  removedByBob(added)
  t.false(canWait(added.alice))

  const failed = holding(2)
  failed.fulfil(failed.bob, 0n, 1)
  t.true(canWait(failed.bob))
  failed.fail(failed.bob, 1n)
  t.false(canWait(failed.bob))
  removedByBob(failed)
  t.false(canWait(failed.alice))

  const priced = holding(1)
  priced.fulfil(priced.bob, 0n, 1)
  removedByBob(priced)
  t.true(canWait(priced.alice))
  priced.run(priced.alice, { type: 'update-fee', requestId: 'fee', feeratePerKw: 2_000 })
  t.false(canWait(priced.alice))
})

test('many HTLCs are more than four, be they fulfilled or not', (t) => {
  t.false(holdsManyHtlcs(holding(4).bob.state))
  const many = holding(5)
  for (const party of [many.alice, many.bob]) t.true(holdsManyHtlcs(party.state))
  for (const id of [0n, 1n, 2n, 3n, 4n]) many.fulfil(many.bob, id, Number(id) + 1)
  t.true(holdsManyHtlcs(many.bob.state))
})

test('a signature waits for HTLCs of up to a hundredth of the channel: more is in the balances, and free under the limits, at once', (t) => {
  const two = holding(1, 10_000_000n)
  two.fulfil(two.bob, 0n, 1)
  t.true(canWait(two.bob))
  const larger = holding(1, 10_000_001n)
  larger.fulfil(larger.bob, 0n, 1)
  t.false(canWait(larger.bob))
})

test('a signature waits while most of the HTLCs and of the value that a side accepts are free', (t) => {
  const narrow: readonly Partial<ChannelSettings>[] = [
    { maxAcceptedHtlcs: 7 },
    { maxHtlcValueInFlightMsat: 8n * SMALL_MSAT - 1n },
  ]
  for (const settings of narrow) {
    for (const side of ['alice', 'bob'] as const) {
      const one = holding(1, SMALL_MSAT, new TwoParties({ [side]: settings }))
      one.fulfil(one.bob, 0n, 1)
      t.true(canWait(one.bob))
      const another = holding(2, SMALL_MSAT, new TwoParties({ [side]: settings }))
      another.fulfil(another.bob, 0n, 1)
      t.is(awaitingSignature(another.bob.state), 'more')
    }
  }
})

test('nothing waits in a channel that is to close, whoever has asked for it', (t) => {
  for (const asks of ['alice', 'bob'] as const) {
    const two = holding(1)
    two.fulfil(two.bob, 0n, 1)
    t.true(canWait(two.bob))
    two.run(two[asks], { type: 'close', requestId: 'close' })
    while (two.deliver(two.alice) !== undefined);
    t.false(canWait(two.bob))
    removedByBob(two)
    t.false(canWait(two.alice))
  }
})

test('nothing waits that cannot be signed now: without a connection, before its reestablishment, or before the peer’s revocation', (t) => {
  const two = holding(1)
  two.fulfil(two.bob, 0n, 1)
  two.disconnect()
  t.false(canWait(two.bob))
  two.connect()
  two.settle({ sign: false })
  t.true(canWait(two.bob))
  removedByBob(two)
  two.disconnect()
  two.connect()
  t.is(two.alice.funded.changes.remoteAcked.length, 1)
  t.false(canWait(two.alice))
  two.deliver(two.bob)
  t.true(canWait(two.alice))

  const other = holding(1)
  other.add(other.bob, 5, SMALL_MSAT)
  other.sign(other.bob)
  other.fulfil(other.bob, 0n, 1)
  t.false(canWait(other.bob))
  other.settle({ sign: false })
  t.true(canWait(other.bob))
})
