import test from 'ava'
import { utf8Encode } from '../../lib/bytes.ts'
import { latest } from '../commitments/commitments.ts'
import type { ChannelMessage } from '../state/inputs.ts'
import type { Rest } from '../state/rest.ts'
import { completeSpend } from './common/publications.ts'
import { FEATURES, type TestParty } from './fixtures/test-party.ts'
import { TwoParties } from './fixtures/two-parties.ts'

const END = { type: 'timer', timer: 'rest' } as const

const connect = (
  two: TwoParties,
  epoch: number,
  { alice, bob }: { readonly alice?: Rest; readonly bob?: Rest },
): void => {
  two.disconnect()
  two.connect()
  const rests: readonly (readonly [TestParty, Rest | undefined])[] = [
    [two.alice, alice],
    [two.bob, bob],
  ]
  for (const [party, rest] of rests) {
    if (rest === undefined) continue
    two.lose(party)
    party.run({ type: 'disconnected', epoch })
    two.run(party, { type: 'connected', epoch, remoteFeatures: FEATURES, rest })
  }
}

/** Alice, the opener, has offered her fee, and the connection has ended at it. */
const disputed = (): { readonly two: TwoParties; readonly rest: Rest } => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.run(two.alice, { type: 'close' })
  two.deliver(two.alice)
  two.deliver(two.bob)
  const offered = two.alice.state.session?.closing?.sentRange
  two.lose(two.alice)
  if (offered === undefined) throw new Error('nothing offered')
  const rest: Rest = { from: 'negotiation', offered }
  connect(two, 2, { alice: rest })
  two.settle()
  return { two, rest }
}

const offers = (two: TwoParties, party: TestParty): number =>
  two.names(party).filter((type) => type === 'closing_signed').length

const withFeerate = (party: TestParty, closing: number): void => {
  party.env = { ...party.env, feerates: { ...party.env.feerates, closing } }
}

test('rest — the fee that ended the connection is not offered on the next; all else is said', (t) => {
  const { two } = disputed()
  t.deepEqual([two.alice.phase, two.bob.phase], ['negotiating', 'negotiating'])
  t.true(two.alice.state.session?.shutdownSent)
  t.is(two.alice.state.session?.closing, undefined)
  // No answer is waited for, so nothing is published for want of one.
  two.alice.run({ type: 'timer', timer: 'closing-answer' })
  t.is(two.alice.phase, 'negotiating')
})

test('rest — when the time is over the fee is offered again', (t) => {
  const { two } = disputed()
  two.run(two.alice, END)
  t.is(offers(two, two.alice), 1)
  two.settle()
  t.is(two.alice.phase, 'closing')
})

for (const [name, feeratePerKw] of [
  ['another', 9000],
  ['the same', undefined],
] as const) {
  test(`rest — the operator asks again with ${name} rate, and it is offered at once`, (t) => {
    const two = new TwoParties().ready({ pushMsat: 200_000_000n })
    two.run(two.alice, { type: 'close', feeratePerKw: 2000 })
    two.deliver(two.alice)
    two.deliver(two.bob)
    const offered = two.alice.state.session?.closing?.sentRange
    if (offered === undefined) return t.fail()
    connect(two, 2, { alice: { from: 'negotiation', offered } })
    two.settle()
    t.is(two.alice.phase, 'negotiating')
    two.run(two.alice, { type: 'close', feeratePerKw: feeratePerKw ?? 2000 })
    t.is(offers(two, two.alice), 1)
    t.is(two.alice.state.session?.rest, undefined)
  })
}

test('rest — the fee rate moves by a tenth, and the other fee is offered; by less, it is not', (t) => {
  const { two } = disputed()
  withFeerate(two.alice, 2600)
  two.run(two.alice, { type: 'block', height: 1001 })
  t.is(offers(two, two.alice), 0)
  withFeerate(two.alice, 2800)
  two.run(two.alice, { type: 'block', height: 1002 })
  t.is(offers(two, two.alice), 1)
})

test('rest — the fundee does not answer the offer at whose answer the connection ended, and does any other', (t) => {
  for (const another of [false, true]) {
    const two = new TwoParties().ready({ pushMsat: 200_000_000n })
    two.run(two.alice, { type: 'close' })
    two.deliver(two.alice)
    two.deliver(two.bob)
    const [answered] = two.sentBy(two.alice)
    if (answered?.type !== 'closing_signed') return t.fail()
    // His side has got as far as that.
    two.run(two.bob, { type: 'close' })
    const rest: Rest = { from: 'negotiation', answered }
    connect(two, 2, { bob: rest })
    if (another) withFeerate(two.alice, 1000)
    two.settle()
    t.is(two.bob.phase, another ? 'closing' : 'negotiating')
    if (another) continue
    // It was heard, and has its answer when the time is over.
    two.run(two.bob, END)
    t.is(offers(two, two.bob), 1)
    t.is(two.bob.phase, 'closing')
  }
})

test('rest — a channel that rests says nothing at all, and takes up what the peer began with when the time is over', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  connect(two, 2, { alice: { from: 'reestablishment', heard: [] } })
  t.deepEqual(two.names(two.alice), [])
  two.deliver(two.bob)
  const { channelId } = two.alice.funded.params
  const { durable } = two.alice.state
  for (const message of [
    { type: 'shutdown', channelId, scriptpubkey: two.bob.keys.localShutdownScript },
    { type: 'update_fee', channelId, feeratePerKw: 3000 },
  ] satisfies readonly ChannelMessage[]) {
    t.deepEqual(two.alice.recv(message), [{ type: 'ignored', message: message.type, why: 'at-rest' }])
  }
  t.deepEqual(two.run(two.alice, { type: 'timer', timer: 'reestablishment' }), [])
  t.is(two.alice.state.durable, durable)
  two.run(two.alice, END)
  t.is(two.names(two.alice)[0], 'channel_reestablish')
  two.settle()
  two.add(two.alice, 1)
  two.settle()
  t.is(two.bob.funded.htlcs.received.length, 1)
})

test('rest — the deadlines of HTLCs do not rest', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.settle()
  connect(two, 2, { alice: { from: 'reestablishment', heard: [] } })
  two.alice.env = { ...two.alice.env, height: 1146 }
  two.alice.run({ type: 'block', height: 1146 })
  t.is(two.alice.phase, 'closing')
})

/** Bob has closed, and says so; what alice's chain tells her of it comes later, or never. */
const unsighted = (): TwoParties => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  connect(two, 2, { alice: { from: 'chain', heard: [] } })
  const { channelId } = two.alice.funded.params
  two.alice.recv({ type: 'error', channelId, data: utf8Encode('closed') })
  two.deliver(two.bob)
  return two
}

const causes = (party: TestParty): readonly string[] =>
  party.effects.flatMap((effect) =>
    effect.type === 'emit' && effect.event.type === 'closing' ? [effect.event.cause] : [],
  )

test('rest — while the chain may have decided, an error of the peer closes nothing, and nothing is said', (t) => {
  const two = unsighted()
  const { alice } = two
  t.is(alice.phase, 'normal')
  t.deepEqual(two.names(alice), [])
})

test('rest — what the chain has decided counts, and the error that was heard is only told', (t) => {
  const two = unsighted()
  const { alice, bob } = two
  const { fundingOutpoint } = latest(alice.funded).localParams
  two.run(bob, { type: 'force-close' })
  const published = bob.effects.find((effect) => effect.type === 'publish' && effect.purpose === 'local-commitment')
  if (published?.type !== 'publish' || published.publication.type !== 'funding-spend') return t.fail()
  const tx = completeSpend(published.publication, bob.signWithFundingKey)
  alice.run({ type: 'spent', outpoint: fundingOutpoint, tx })
  two.run(alice, END)
  t.deepEqual(causes(alice), ['remote-commitment'])
  // Who would go on with it is told that it is over.
  t.deepEqual(two.names(alice), ['error'])
})

test('rest — where the chain has decided nothing, the error that was heard counts', (t) => {
  const two = unsighted()
  two.run(two.alice, END)
  t.deepEqual(causes(two.alice), ['remote-error'])
})
