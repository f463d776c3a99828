import test from 'ava'
import type { Commitment } from '../state/commitment.ts'
import { completeSpend } from '../transitions/common/publications.ts'
import { TestParty } from '../transitions/fixtures/test-party.ts'
import { TwoParties } from '../transitions/fixtures/two-parties.ts'
import { balanceView } from './balances.ts'
import { unclaimableMsat } from './unclaimable.ts'

const spendable = (party: TestParty): bigint => balanceView(party.funded, party.state.session).spendableMsat

const refusal = (two: TwoParties, party: TestParty, n: number, amountMsat: bigint): string | undefined => {
  const reply = two.add(party, n, amountMsat).find(({ type }) => type === 'reply')
  return reply?.type === 'reply' && !reply.result.ok ? reply.result.error.code : undefined
}

for (const name of ['alice', 'bob'] as const) {
  for (const before of ['nothing', 'proposals', 'HTLCs'] as const) {
    test(`spendable, of ${name === 'alice' ? 'the opener' : 'the other side'} with ${before} in flight — exactly the most that an HTLC may carry`, (t) => {
      const two = new TwoParties().ready({ pushMsat: 400_000_000n })
      const party = two[name]
      if (before !== 'nothing') for (const n of [1, 2, 3]) t.is(refusal(two, party, n, 20_000_000n), undefined)
      if (before === 'HTLCs') two.settle()
      const most = spendable(party)
      t.is(refusal(two, party, 4, most + 1n), 'insufficient-balance')
      t.is(refusal(two, party, 5, most), undefined)
      t.is(spendable(party), 0n)
    })
  }
}

test('what a commitment of the peer holds — is spendable nowhere, and only HTLCs in one that we do not know are said to be unclaimable', (t) => {
  const two = new TwoParties().ready({ pushMsat: 400_000_000n })
  const { alice, bob } = two
  two.add(alice, 1, 50_000_000n)
  two.add(alice, 2, 30_000_000n)
  two.add(bob, 3, 20_000_000n)
  two.settle()
  t.is(unclaimableMsat(bob.funded), 0n)
  // The preimage of the first is out, and its fulfilment does not reach alice any more.
  two.fulfil(bob, 0n, 1)
  two.lose(bob)
  const publish = alice.run({ type: 'force-close' }).find((effect) => effect.type === 'publish')
  if (publish?.type !== 'publish' || publish.publication.type === 'claim') throw new Error('nothing published')
  const tx = completeSpend(publish.publication, alice.signWithFundingKey)
  const { fundingOutpoint: outpoint } = (bob.funded.active[0] as Commitment).localParams

  const before = bob.state
  bob.run({ type: 'spent', outpoint, tx })
  const view = balanceView(bob.funded, bob.state.session)
  t.is(view.spendableMsat, 0n)
  t.is(view.receivableMsat, 0n)
  t.is(unclaimableMsat(bob.funded), 0n)
  // A commitment with a number that bob does not know yet.
  const [input] = tx.inputs
  if (input === undefined) return t.fail()
  const later = { ...tx, inputs: [{ ...input, sequence: input.sequence ^ 0x400000 }] }
  const restored = new TestParty('bob', 'alice')
  restored.state = before
  restored.run({ type: 'spent', outpoint, tx: later })
  // The HTLC that it offered, and the one that it has revealed the preimage of.
  t.is(unclaimableMsat(restored.funded), 20_000_000n + 50_000_000n)
  // What alice publishes herself, she claims.
  t.is(unclaimableMsat(alice.funded), 0n)
  t.is(balanceView(alice.funded).spendableMsat, 0n)
})

test('spendable — is what the peer takes in flight, and affordable what we have beside it', (t) => {
  const two = new TwoParties({ bob: { maxHtlcValueInFlightMsat: 50_000_000n } }).ready()
  const before = balanceView(two.alice.funded)
  t.is(before.spendableMsat, 50_000_000n)
  t.true(before.affordableMsat > 900_000_000n)
  t.is(refusal(two, two.alice, 1, 50_000_001n), 'htlc-value-in-flight-too-high')
  two.add(two.alice, 2, 50_000_000n)
  two.settle()
  t.is(balanceView(two.alice.funded).spendableMsat, 0n)
  t.true(balanceView(two.alice.funded).affordableMsat > 850_000_000n)
})
