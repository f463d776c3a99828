import test from 'ava'
import { at, claims, commitmentOf, endOf, mine, seeClose } from '../fixtures/closing.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { TwoParties } from '../fixtures/two-parties.ts'
import { mayCloseAtOurCost } from './close-at-our-cost.ts'

const costs = ({ state: { durable } }: TestParty): boolean => mayCloseAtOurCost(durable)

const ready = () => new TwoParties().ready({ pushMsat: 200_000_000n })

const withHtlc = () => {
  const two = ready()
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  return two
}

test('an opening without a funding costs nothing to close, a channel may', (t) => {
  const two = new TwoParties()
  t.false(costs(two.alice))
  two.open()
  t.true(costs(two.alice))
})

test('a close that is agreed upon costs no coins any more; one that is only asked for may', (t) => {
  const two = ready()
  two.run(two.alice, { type: 'close' })
  t.true(costs(two.alice))
  two.settle()
  t.false(costs(two.alice))
})

test('a close that is agreed upon and that the operator does not wait for costs coins again: our commitment is published beside it', (t) => {
  const two = ready()
  two.run(two.alice, { type: 'close' })
  two.settle()
  two.run(two.alice, { type: 'force-close' })
  t.true(costs(two.alice))
})

test('our commitment costs coins until it is in a block, and its HTLCs after that, until the close is done', (t) => {
  const two = withHtlc()
  two.run(two.alice, { type: 'force-close' })
  t.true(costs(two.alice))
  seeClose(two.alice, commitmentOf(two.alice))
  t.true(costs(two.alice))

  const bare = ready()
  bare.run(bare.alice, { type: 'force-close' })
  t.true(costs(bare.alice))
  seeClose(bare.alice, commitmentOf(bare.alice))
  t.false(costs(bare.alice))
})

test('a commitment of the peer costs nothing once it is in a block; until then ours may take its place', (t) => {
  const two = withHtlc()
  two.run(two.bob, { type: 'force-close' })
  two.deliver(two.bob)
  t.true(costs(two.alice))
  seeClose(two.alice, commitmentOf(two.bob))
  t.false(costs(two.alice))
})

test('a state that the peer has proven to be old is not published, and costs nothing', (t) => {
  const two = withHtlc()
  two.run(two.alice, { type: 'force-close' })
  const { durable } = two.alice.state
  if (durable.phase !== 'closing') return t.fail()
  t.false(mayCloseAtOurCost({ ...durable, closing: { ...durable.closing, cause: 'data-loss', publishLocal: false } }))
})

test('a close that is done costs nothing', (t) => {
  const two = withHtlc()
  two.fulfil(two.bob, 0n, 1)
  two.run(two.bob, { type: 'force-close' })
  const [success] = claims(seeClose(two.bob, commitmentOf(two.bob)))
  if (success === undefined) return t.fail()
  mine(two.bob, success, 1001)
  for (const claim of claims(at(two.bob, 1400))) mine(two.bob, claim, 1401)
  t.true(costs(two.bob))
  at(two.bob, 1410)
  t.is(endOf(two.bob), 'done')
  t.false(costs(two.bob))
})
