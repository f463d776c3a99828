import test from 'ava'
import { type Tx, txidOf } from '../bitcoin/transaction.ts'
import { resume } from './resume.ts'
import { isStored } from './state/channel-state.ts'
import type { Effect } from './state/effects.ts'
import type { ChannelInput } from './state/inputs.ts'
import { completeSpend } from './transitions/common/publications.ts'
import { SimulatedNode } from './transitions/fixtures/simulation.ts'
import { TestParty } from './transitions/fixtures/test-party.ts'
import { preimageOf, TwoParties } from './transitions/fixtures/two-parties.ts'

type Name = 'alice' | 'bob'

/** Plays a scenario, and records what each side was told, in order, with the height at which it was told. */
class Recording {
  readonly two = new TwoParties()
  readonly inputs: Readonly<Record<Name, { readonly input: ChannelInput; readonly height: number }[]>> = {
    alice: [],
    bob: [],
  }

  constructor() {
    for (const name of ['alice', 'bob'] as const) {
      const party = this.two[name]
      const run = party.run.bind(party)
      party.run = (input) => {
        this.inputs[name].push({ input, height: party.env.height })
        return run(input)
      }
    }
  }

  height(party: TestParty, height: number): readonly Effect[] {
    party.env = { ...party.env, height }
    return party.run({ type: 'block', height })
  }
}

const confirm = (party: TestParty, tx: Tx, blockHeight: number): void => {
  party.run({ type: 'confirmed', txid: txidOf(tx), tx, blockHeight, txIndex: 1 })
}

const publishedBy = (party: TestParty, purpose: 'mutual-close' | 'local-commitment'): Tx => {
  const effect = party.effects.findLast((each) => each.type === 'publish' && each.purpose === purpose)
  if (effect?.type !== 'publish' || effect.publication.type === 'claim') throw new Error('nothing was published')
  return completeSpend(effect.publication, party.signWithFundingKey)
}

const fundingOutpoint = (party: TestParty) => {
  const [commitment] = party.funded.active
  if (commitment === undefined) throw new Error('no commitment')
  return commitment.localParams.fundingOutpoint
}

const payAndClose = (): Recording => {
  const recording = new Recording()
  const { two } = recording
  two.open({ pushMsat: 300_000_000n })
  two.confirm(two.alice)
  two.settle()
  two.confirm(two.bob)
  two.settle()
  two.add(two.alice, 1, 20_000_000n)
  two.add(two.bob, 2, 20_000_000n)
  two.settle()
  two.fulfil(two.bob, 0n, 1)
  two.fail(two.alice, 0n)
  two.settle()
  two.add(two.alice, 3, 20_000_000n)
  two.settle()
  two.run(two.alice, { type: 'close' })
  two.settle()
  two.fulfil(two.bob, 1n, 3)
  two.settle()
  const tx = publishedBy(two.alice, 'mutual-close')
  for (const party of [two.alice, two.bob]) {
    party.run({ type: 'spent', outpoint: fundingOutpoint(party), tx })
    confirm(party, tx, 1001)
    recording.height(party, 1006)
    recording.height(party, 1100)
  }
  return recording
}

const payAndForceClose = (): Recording => {
  const recording = new Recording()
  const { two } = recording
  two.ready({ pushMsat: 300_000_000n })
  two.add(two.alice, 1, 20_000_000n)
  two.add(two.bob, 2, 20_000_000n)
  two.add(two.alice, 3, 300_000n)
  two.settle()
  two.run(two.alice, { type: 'force-close' })
  const { alice } = two
  const tx = publishedBy(alice, 'local-commitment')
  alice.run({ type: 'spent', outpoint: fundingOutpoint(alice), tx })
  confirm(alice, tx, 1000)
  recording.height(alice, 1002)
  two.run(alice, { type: 'fulfil-htlc', htlcId: 0n, preimage: preimageOf(2) })
  let height = 1002
  // Each claim is mined as soon as it may be.
  for (let at = 0; alice.phase === 'closing' && height < 1600; ) {
    const effect = alice.effects[at]
    if (effect === undefined) {
      recording.height(alice, ++height)
      continue
    }
    at++
    if (effect.type !== 'publish' || effect.purpose !== 'claim' || effect.publication.type !== 'claim') continue
    const { claim } = effect.publication
    alice.run({ type: 'spent', outpoint: claim.outpoint, tx: claim.tx })
    confirm(alice, claim.tx, height)
  }
  return recording
}

const scenarios: readonly [name: string, play: () => Recording, ends: Name][] = [
  ['opening, paying and closing together', payAndClose, 'alice'],
  ['opening, paying and closing together, seen by the fundee', payAndClose, 'bob'],
  ['paying and closing by force', payAndForceClose, 'alice'],
]

for (const [title, play, name] of scenarios) {
  test(`resume — covers all that is owed after a crash at any commit: ${title}`, (t) => {
    const recording = play()
    t.is(recording.two[name].phase, 'closed')
    const inputs = recording.inputs[name]
    t.true(inputs.length > 20)
    const peer = name === 'alice' ? 'bob' : 'alice'
    const node = new SimulatedNode(new TestParty(name, peer), () => {})
    for (const [at, { input, height }] of inputs.entries()) {
      node.party.env = { ...node.party.env, height }
      // The simulation's wallet has answered already.
      if (input.type !== 'funding-created') node.run(input)
      node.commit()
      if (!isStored(node.party.state.durable)) continue
      const twin = node.twin(new TestParty(name, peer))
      t.deepEqual(twin.crash(), [], `after input ${at}, ${input.type}`)
      t.deepEqual(twin.problems, [])
    }
    t.is(node.party.phase, 'closed')
  })
}

test('resume — owes nothing for a channel that is closed', (t) => {
  const { alice } = payAndClose().two
  t.is(alice.phase, 'closed')
  t.deepEqual(resume(alice.state, alice.env), [])
})
