import test from 'ava'
import { completeSpend } from '../common/publications.ts'
import { fundingOutpoint } from '../fixtures/closing.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { TwoParties } from '../fixtures/two-parties.ts'
import { isClaimable } from './claimable-htlc.ts'

/** Alice pays bob, who holds the HTLC; it expires at 1144. */
const held = () => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.settle()
  return two
}

const claimable = ({ state, env }: TestParty, height = 1000): boolean =>
  isClaimable(state.durable, 0n, { ...env, height })

const commitmentOf = (party: TestParty) => {
  const effects = party.run({ type: 'force-close' })
  const publish = effects.find((effect) => effect.type === 'publish' && effect.purpose === 'local-commitment')
  if (publish?.type !== 'publish' || publish.publication.type === 'claim') throw new Error('nothing published')
  return completeSpend(publish.publication, party.signWithFundingKey)
}

test('a received HTLC can be claimed once both commitments hold it for good, and until its expiry is near', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  t.false(claimable(two.bob))
  two.settle()
  t.true(claimable(two.bob))
  // BOLT 2: 18 blocks before its expiry a fulfilled HTLC goes to the chain.
  t.true(claimable(two.bob, 1126))
  t.false(claimable(two.bob, 1127))
  two.disconnect()
  t.true(claimable(two.bob))
})

test('an HTLC that was given back cannot be claimed', (t) => {
  const two = held()
  two.fail(two.bob, 0n)
  t.false(claimable(two.bob))
})

test("an HTLC cannot be claimed in a channel that the chain decides, be it by the peer's commitment or by ours", (t) => {
  const theirs = held()
  const tx = commitmentOf(theirs.alice)
  const { fundingOutpoint } = theirs.bob.funded.active[0]?.localParams ?? {}
  if (fundingOutpoint === undefined) throw new Error('no funding')
  theirs.bob.run({ type: 'spent', outpoint: fundingOutpoint, tx })
  t.false(claimable(theirs.bob))

  const ours = held()
  commitmentOf(ours.bob)
  t.false(claimable(ours.bob))
})

test('not while the funding is in no block: it may never come back', (t) => {
  const { bob } = held()
  t.true(claimable(bob))
  bob.run({ type: 'unconfirmed', txid: fundingOutpoint(bob).txid })
  t.false(claimable(bob))
})
