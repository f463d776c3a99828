import test from 'ava'
import { at, commitmentOf, mine, seeClose } from '../fixtures/closing.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { hashOf, preimageOf, TwoParties } from '../fixtures/two-parties.ts'
import { keepsFulfilment } from './kept-fulfilment.ts'

const EXPIRY = 1_010

/** Alice has offered bob an HTLC. */
const offered = (amountMsat?: bigint) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.add(two.alice, 1, amountMsat, EXPIRY)
  two.settle()
  return two
}

const fulfil = (party: TestParty) => {
  party.run({ type: 'fulfil-htlc', htlcId: 0n, preimage: preimageOf(1) })
  return keepsFulfilment(party.state.durable, 0n, party.env)
}

test('a fulfilment — is kept by a channel that holds the HTLC, and not by one that does not, or has given it back', (t) => {
  t.true(fulfil(offered().bob))
  const { bob } = offered()
  t.false(keepsFulfilment(bob.state.durable, 0n, bob.env))
  t.false(keepsFulfilment(bob.state.durable, 1n, bob.env))
  bob.run({ type: 'fail-htlc', htlcId: 0n, reason: hashOf(1) })
  t.false(fulfil(bob))
})

test('a fulfilment on the chain — is kept until a block shows that the peer has the HTLC back', (t) => {
  for (const isTakenBack of [false, true]) {
    const { alice, bob } = offered()
    alice.run({ type: 'force-close' })
    const tx = commitmentOf(alice)
    for (const party of [alice, bob]) seeClose(party, tx)
    const [timeout] = at(alice, EXPIRY).flatMap((effect) =>
      effect.type === 'publish' && effect.publication.type === 'claim' ? [effect.publication.claim] : [],
    )
    if (timeout?.kind.type !== 'htlc-timeout') return t.fail()
    at(bob, EXPIRY + 1)
    if (isTakenBack) mine(bob, timeout, EXPIRY + 1)
    t.is(fulfil(bob), !isTakenBack)
  }
})

test('a fulfilment on the chain — is not kept where the commitment in a block has no output for the HTLC', (t) => {
  const { alice, bob } = offered(300_000n)
  alice.run({ type: 'force-close' })
  seeClose(bob, commitmentOf(alice))
  t.false(fulfil(bob))
})
