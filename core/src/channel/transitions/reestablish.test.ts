import test from 'ava'
import type { ChannelReestablish } from '../../wire/messages/channel-operation.ts'
import { resume } from '../resume.ts'
import type { Effect } from '../state/effects.ts'
import type { ChannelMessage } from '../state/inputs.ts'
import { reestablishUnknown } from './common/our-numbers.ts'
import { agree } from './fixtures/simulation.ts'
import type { TestParty } from './fixtures/test-party.ts'
import { preimageOf, TwoParties } from './fixtures/two-parties.ts'

const reconnect = (two: TwoParties): void => {
  two.disconnect()
  two.connect()
}

const sync = (two: TwoParties, t: { true(value: boolean): void }): void => {
  two.settle()
  t.true(agree(two.alice.funded, two.bob.funded))
}

const outcomes = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.type === 'settle' ? [effect.outcome.type] : []))

const errors = (party: TestParty): readonly string[] =>
  party.effects.flatMap((effect) =>
    effect.type === 'emit' && effect.event.type === 'error' ? [effect.event.error.code] : [],
  )

/** The reestablish message on its way, with other numbers. */
const alter = (two: TwoParties, from: TestParty, patch: object): void => {
  const queue = two.sentBy(from)
  const at = queue.findIndex(({ type }) => type === 'channel_reestablish')
  queue[at] = { ...(queue[at] as ChannelMessage), ...patch } as ChannelMessage
}

test('BOLT 2, channel_reestablish — a lost commitment_signed is sent again with its updates', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.sign(two.alice)
  reconnect(two)
  two.deliver(two.bob)
  t.deepEqual(two.names(two.alice).slice(-3), ['update_add_htlc', 'commitment_signed', 'channel_update'])
  sync(two, t)
  t.is(two.bob.funded.htlcs.received.length, 1)
})

test('BOLT 2, channel_reestablish — a commitment_signed that arrived is not sent again, its revoke_and_ack is', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.sign(two.alice)
  two.deliver(two.alice)
  two.deliver(two.alice)
  t.deepEqual(two.names(two.bob), ['revoke_and_ack'])
  reconnect(two)
  two.deliver(two.alice)
  two.deliver(two.bob)
  t.deepEqual(two.names(two.bob), ['revoke_and_ack', 'channel_update'])
  t.deepEqual(two.names(two.alice), ['channel_update'])
  sync(two, t)
})

test('BOLT 2, channel_reestablish — a revocation and a signature are sent again in the order in which they were first sent: the revocation first', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.sign(two.alice)
  two.deliver(two.alice)
  two.deliver(two.alice)
  two.sign(two.bob)
  t.deepEqual(two.names(two.bob), ['revoke_and_ack', 'commitment_signed'])
  reconnect(two)
  two.deliver(two.alice)
  t.deepEqual(two.names(two.bob), ['channel_reestablish', 'revoke_and_ack', 'commitment_signed', 'channel_update'])
  sync(two, t)
})

test('BOLT 2, channel_reestablish — a revocation and a signature are sent again in the order in which they were first sent: the signature first', (t) => {
  const two = new TwoParties().ready({ pushMsat: 300_000_000n })
  two.add(two.alice, 1)
  two.add(two.bob, 2)
  two.sign(two.bob)
  two.sign(two.alice)
  two.deliver(two.alice)
  two.deliver(two.alice)
  t.deepEqual(two.names(two.bob), ['update_add_htlc', 'commitment_signed', 'revoke_and_ack'])
  reconnect(two)
  two.deliver(two.alice)
  t.deepEqual(two.names(two.bob), [
    'channel_reestablish',
    'update_add_htlc',
    'commitment_signed',
    'revoke_and_ack',
    'channel_update',
  ])
  sync(two, t)
})

test('BOLT 2, channel_reestablish — channel_ready is sent again as long as no commitment follows the first, and not after that', (t) => {
  const two = new TwoParties()
  two.open()
  two.confirm(two.alice)
  two.confirm(two.bob)
  t.deepEqual(two.names(two.alice), ['channel_ready'])
  reconnect(two)
  two.deliver(two.alice)
  two.deliver(two.bob)
  t.is(two.names(two.alice)[0], 'channel_ready')
  two.settle()
  t.is(two.alice.phase, 'normal')
  t.is(two.bob.phase, 'normal')
  reconnect(two)
  two.deliver(two.alice)
  two.deliver(two.bob)
  t.true(two.names(two.alice).includes('channel_ready'))
  two.settle()
  two.add(two.alice, 1)
  two.settle()
  reconnect(two)
  two.deliver(two.alice)
  two.deliver(two.bob)
  t.false(two.names(two.alice).includes('channel_ready'))
})

test('BOLT 2, channel_reestablish — a peer that proves to be ahead stops us from publishing, and is told', (t) => {
  const two = new TwoParties().ready()
  const { durable } = two.alice.state
  two.add(two.alice, 1)
  two.settle()
  // Alice comes back with an old backup.
  two.disconnect()
  two.alice.state = { durable }
  two.connect()
  two.alice.effects.length = 0
  two.deliver(two.bob)
  t.is(two.alice.phase, 'closing')
  t.false(two.alice.effects.some(({ type }) => type === 'publish'))
  t.true(two.names(two.alice).includes('error'))
  t.deepEqual(errors(two.alice), ['peer-is-ahead'])
  const refused = two.alice.run({ type: 'force-close', requestId: 'force' })
  t.like(refused[0], { type: 'reply', result: { ok: false, error: { code: 'publication-forbidden' } } })
})

test('BOLT 2, channel_reestablish — a peer that claims to be ahead without proof makes us publish', (t) => {
  const two = new TwoParties().ready()
  reconnect(two)
  alter(two, two.bob, { nextRevocationNumber: 5n, yourLastPerCommitmentSecret: new Uint8Array(32).fill(7) })
  two.deliver(two.bob)
  t.is(two.alice.phase, 'closing')
  t.deepEqual(errors(two.alice), ['invalid-last-secret'])
  t.true(two.alice.effects.some((effect) => effect.type === 'publish' && effect.purpose === 'local-commitment'))
})

test('channel_reestablish — a number of which no commitment can be proves nothing', (t) => {
  const two = new TwoParties().ready()
  reconnect(two)
  alter(two, two.bob, { nextRevocationNumber: 2n ** 52n, yourLastPerCommitmentSecret: new Uint8Array(32).fill(7) })
  two.deliver(two.bob)
  t.is(two.alice.phase, 'closing')
  t.deepEqual(errors(two.alice), ['invalid-last-secret'])
})

const publishes = (party: TestParty): boolean =>
  party.effects.some((effect) => effect.type === 'publish' && effect.purpose === 'local-commitment')

for (const [claim, lie] of [
  ['one too high', (number: bigint) => number + 1n],
  ['the highest there is', () => 2n ** 64n - 1n],
  ['zero', () => 0n],
] as const) {
  test(`BOLT 2, channel_reestablish — a next_commitment_number that nobody has signed makes us publish at once: ${claim}`, (t) => {
    const two = new TwoParties().ready()
    two.add(two.bob, 1)
    two.add(two.alice, 1)
    two.settle()
    const { nextCommitmentNumber } = reestablishOf(two)
    two.alice.effects.length = 0
    alter(two, two.bob, { nextCommitmentNumber: lie(nextCommitmentNumber) })
    two.deliver(two.bob)
    t.is(two.alice.phase, 'closing')
    t.deepEqual(errors(two.alice), ['commitment-number-mismatch'])
    t.true(publishes(two.alice))
    const [done] = two.alice.run({ type: 'force-close', requestId: 'force' })
    t.like(done, { type: 'reply', result: { ok: true } })
  })
}

test('BOLT 2, channel_reestablish — a secret with next_revocation_number zero is out of step, so we publish', (t) => {
  const two = new TwoParties().ready()
  reconnect(two)
  alter(two, two.bob, { yourLastPerCommitmentSecret: new Uint8Array(32).fill(7) })
  two.deliver(two.bob)
  t.is(two.alice.phase, 'closing')
  t.deepEqual(errors(two.alice), ['invalid-last-secret'])
  t.true(publishes(two.alice))
})

/** Bob comes back with an old backup. */
const bobLosesStates = (): TwoParties => {
  const two = new TwoParties().ready()
  const { durable } = two.bob.state
  for (const n of [1, 2]) {
    two.add(two.alice, n)
    two.settle()
  }
  two.disconnect()
  two.bob.state = { durable }
  two.connect()
  two.alice.effects.length = 0
  return two
}

test('BOLT 2, channel_reestablish — a peer that has fallen behind is waited for, and at its error we publish and it does not', (t) => {
  const two = bobLosesStates()
  two.deliver(two.bob)
  t.is(two.alice.phase, 'normal')
  t.deepEqual(errors(two.alice), ['peer-is-behind'])
  t.false(publishes(two.alice))
  t.deepEqual(two.names(two.alice), ['channel_reestablish'])
  two.settle()
  t.is(two.alice.phase, 'closing')
  t.true(publishes(two.alice))
  t.is(two.bob.phase, 'closing')
  t.false(publishes(two.bob))
})

test('BOLT 2, channel_reestablish — a peer that has fallen behind and finds its latest state goes on with the channel', (t) => {
  const two = new TwoParties().ready()
  const old = two.bob.state.durable
  two.add(two.alice, 1)
  two.add(two.bob, 2)
  two.settle()
  two.add(two.alice, 3)
  two.settle()
  const found = two.bob.state.durable
  two.disconnect()
  two.bob.state = { durable: old }
  two.connect()
  two.deliver(two.bob)
  t.is(two.alice.phase, 'normal')
  // Whoever runs it stops it before it has handled anything.
  two.disconnect()
  two.bob.state = { durable: found }
  two.connect()
  sync(two, t)
  t.is(two.add(two.alice, 4).at(-1)?.type, 'reply')
  sync(two, t)
})

test('BOLT 2, channel_reestablish — while a peer is behind, nothing is offered to it, deadlines go on, and its silence is no news', (t) => {
  const two = bobLosesStates()
  two.deliver(two.bob)
  two.alice.effects.length = 0
  two.alice.run({ type: 'timer', timer: 'reestablishment' })
  t.deepEqual(errors(two.alice), [])
  t.like(two.add(two.alice, 3)[0], { type: 'reply', result: { ok: false, error: { code: 'channel-offline' } } })
  two.alice.env = { ...two.alice.env, height: 1146 }
  two.alice.run({ type: 'block', height: 1146 })
  t.deepEqual(errors(two.alice), ['htlc-deadline-passed'])
  t.true(publishes(two.alice))
})

test('BOLT 2, channel_reestablish — what the peer says is its current point does not matter', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.settle()
  reconnect(two)
  alter(two, two.bob, { myCurrentPerCommitmentPoint: two.alice.env.commitmentPoint(77) })
  sync(two, t)
  t.is(two.alice.phase, 'normal')
})

test('BOLT 2, channel_reestablish — a proof that we have lost data forbids to publish, whatever next_commitment_number asks for', (t) => {
  const two = new TwoParties().ready()
  const { durable } = two.alice.state
  two.add(two.alice, 1)
  two.settle()
  two.disconnect()
  two.alice.state = { durable }
  two.connect()
  two.alice.effects.length = 0
  alter(two, two.bob, { nextCommitmentNumber: 0n })
  two.deliver(two.bob)
  t.deepEqual(errors(two.alice), ['peer-is-ahead'])
  t.false(publishes(two.alice))
})

test('BOLT 2, channel_reestablish — of a node that knows nothing of the channel makes the peer publish', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.settle()
  reconnect(two)
  two.lose(two.bob)
  two.alice.effects.length = 0
  two.alice.recv(reestablishUnknown(two.alice.funded.params.channelId))
  t.is(two.alice.phase, 'closing')
  t.true(publishes(two.alice))
})

test('BOLT 2, channel_reestablish — in a mutual close that is not mined, a proof still forbids to publish a commitment', (t) => {
  const two = new TwoParties().ready()
  const { durable } = two.alice.state
  two.add(two.alice, 1)
  two.settle()
  const proof = reestablishOf(two)
  const behind = new TwoParties().ready()
  t.deepEqual(behind.alice.state.durable, durable)
  behind.run(behind.alice, { type: 'close' })
  behind.settle()
  reconnect(behind)
  behind.alice.recv(proof)
  const [refused] = behind.alice.run({ type: 'force-close', requestId: 'force' })
  t.like(refused, { type: 'reply', result: { ok: false, error: { code: 'publication-forbidden' } } })
})

test('BOLT 2, channel_reestablish — in a close by the peer that is not mined, a proof forbids to publish a commitment later', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.settle()
  const { durable } = two.alice.state
  two.add(two.alice, 2)
  two.settle()
  const proof = reestablishOf(two)
  // Alice is an old copy, and hears of a transaction that spends the funding and stays in the mempool.
  two.alice.state = { durable }
  const { fundingOutpoint } = two.alice.funded.active[0]?.localParams ?? {}
  if (fundingOutpoint === undefined) return t.fail()
  const input = { outpoint: fundingOutpoint, sequence: 0x80000000, scriptSig: new Uint8Array(0), witness: [] }
  const tx = { version: 2, inputs: [input], outputs: [], lockTime: 0x20000000 }
  two.alice.run({ type: 'spent', outpoint: fundingOutpoint, tx })
  t.is(two.alice.phase, 'closing')
  two.alice.run({ type: 'connected', epoch: 9, remoteFeatures: new Uint8Array(0) })
  const before = two.alice.run({ type: 'peer-message', epoch: 9, message: proof })
  t.true(before.some((effect) => effect.type === 'send' && effect.message.type === 'error'))
  two.alice.effects.length = 0
  two.alice.env = { ...two.alice.env, height: 1146 }
  two.alice.run({ type: 'block', height: 1146 })
  t.false(publishes(two.alice))
  const [refused] = two.alice.run({ type: 'force-close', requestId: 'force' })
  t.like(refused, { type: 'reply', result: { ok: false, error: { code: 'publication-forbidden' } } })
})

/** What bob says after a reconnection. */
const reestablishOf = (two: TwoParties): ChannelReestablish => {
  reconnect(two)
  const said = two.sentBy(two.bob).find(({ type }) => type === 'channel_reestablish')
  if (said?.type !== 'channel_reestablish') throw new Error('bob says nothing')
  return said
}

test('BOLT 2, message retransmission — with a connection our unsigned addition goes back to its origin, the peer’s is forgotten, and ids are used again', (t) => {
  const two = new TwoParties().ready({ pushMsat: 300_000_000n })
  two.add(two.alice, 1)
  two.add(two.bob, 2)
  two.deliver(two.alice)
  two.deliver(two.bob)
  two.alice.effects.length = 0
  reconnect(two)
  t.deepEqual(outcomes(two.alice.effects), ['not-sent'])
  two.settle()
  two.add(two.alice, 3)
  two.settle()
  t.is(two.bob.funded.htlcs.received[0]?.add.id, 0n)
  t.is(two.bob.funded.htlcs.received.length, 1)
  t.is(two.bob.funded.htlcs.offered.length, 0)
  t.true(agree(two.alice.funded, two.bob.funded))
})

test('disconnection — a preimage that arrived unsigned is kept, and its origin is told once', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.settle()
  two.fulfil(two.bob, 0n, 1)
  two.deliver(two.bob)
  t.deepEqual(outcomes(two.alice.effects), ['fulfilled'])
  t.deepEqual(two.alice.funded.htlcs.offered[0]?.preimage, preimageOf(1))
  reconnect(two)
  two.settle()
  t.deepEqual(outcomes(two.alice.effects), ['fulfilled'])
  t.is(two.alice.funded.htlcs.offered.length, 0)
  t.true(agree(two.alice.funded, two.bob.funded))
})

test('disconnection — an HTLC settled while away is removed after the reconnection', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.add(two.alice, 2)
  two.settle()
  two.disconnect()
  two.fulfil(two.bob, 0n, 1)
  two.fail(two.bob, 1n)
  two.connect()
  two.settle()
  t.deepEqual([...outcomes(two.alice.effects)].sort(), ['failed', 'fulfilled'])
  t.is(two.bob.funded.htlcs.received.length, 0)
})

test('epochs — a message of a connection that is gone is dropped', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  const [late] = two.lose(two.alice)
  reconnect(two)
  two.settle()
  const before = two.bob.state
  two.bob.recv(late as ChannelMessage, 1)
  t.is(two.bob.state, before)
})

test('epochs — a connection that is not newer changes nothing', (t) => {
  const two = new TwoParties().ready()
  reconnect(two)
  const before = two.alice.state
  two.alice.run({ type: 'connected', epoch: 1, remoteFeatures: new Uint8Array(0) })
  two.alice.run({ type: 'disconnected', epoch: 1 })
  t.is(two.alice.state, before)
})

test('BOLT 2, channel_reestablish — what we have published already and a proof shows to be old is not handed in again, and the operator is told', (t) => {
  const two = new TwoParties().ready({ pushMsat: 300_000_000n })
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  const old = two.alice.funded
  two.add(two.alice, 3, 10_000_000n)
  two.settle()
  two.disconnect()
  two.alice.state = { durable: old }
  two.alice.run({ type: 'force-close' })
  t.true(publishes(two.alice))
  two.alice.effects.length = 0
  two.connect()
  two.settle()
  t.true(two.alice.effects.some(({ type }) => type === 'withdraw-commitment'))
  t.true(
    two.alice.effects.some(
      (effect) =>
        effect.type === 'emit' && effect.event.type === 'error' && effect.event.error.code === 'peer-is-ahead',
    ),
  )
  two.alice.env = { ...two.alice.env, height: 1002 }
  two.alice.run({ type: 'block', height: 1002 })
  t.false(publishes(two.alice))
  t.false(resume(two.alice.state, two.alice.env).some(({ type }) => type === 'publish'))
})
