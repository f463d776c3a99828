import test from 'ava'
import { utf8Decode } from '../../../lib/bytes.ts'
import { formatFeatures, OUR_FEATURES } from '../../../wire/features.ts'
import { unconfirmedMsat } from '../../commitments/unconfirmed.ts'
import { decodeChannel, encodeChannel } from '../../persistence/channel-codec.ts'
import { resume } from '../../resume.ts'
import type { Effect } from '../../state/effects.ts'
import { newSession } from '../../state/session.ts'
import { agree } from '../fixtures/simulation.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { type TestOpening, TwoParties } from '../fixtures/two-parties.ts'

const ZERO_CONF = { channelType: { scidAlias: false, zeroConf: true }, minimumDepth: 0 }

const unconfirmed = (options: TestOpening = {}): TwoParties => {
  const two = new TwoParties()
  two.open({ ...ZERO_CONF, ...options })
  return two
}

const errors = (party: TestParty): readonly string[] =>
  party.effects.flatMap((effect) =>
    effect.type === 'emit' && effect.event.type === 'error' ? [effect.event.error.code] : [],
  )

const outcomes = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.type === 'settle' ? [effect.outcome.type] : []))

/** Blocks pass for this party, and none holds the funding. */
const wait = (party: TestParty, blocks: number): readonly Effect[] => {
  const height = party.env.height + blocks
  party.env = { ...party.env, height }
  return party.run({ type: 'block', height })
}

test('BOLT 2, channel_ready — with option_zeroconf both send it as soon as both have signed, and the channel is used', (t) => {
  const two = unconfirmed()
  t.is(two.alice.phase, 'normal')
  t.is(two.bob.phase, 'normal')
  t.like(two.alice.funded.active[0], { fundingStatus: { type: 'unconfirmed' } })
  t.is(two.alice.funded.shortIds.real, undefined)
  t.is(two.alice.funded.shortIds.remoteAlias, two.bob.keys.alias)
  t.true(two.alice.effects.some((effect) => effect.type === 'publish' && effect.purpose === 'funding'))
  two.add(two.alice, 1)
  two.settle()
  two.fulfil(two.bob, 0n, 1)
  two.settle()
  t.true(agree(two.alice.funded, two.bob.funded))
  t.is(two.bob.funded.active[0]?.local.spec.toLocalMsat, 10_000_000n)
})

test('BOLT 2, channel_ready — the real id of a channel that was used unconfirmed comes with six confirmations, and the aliases stay', (t) => {
  const two = unconfirmed()
  const [watch] = two.bob.effects.filter(({ type }) => type === 'watch-confirmed')
  t.is(watch?.type === 'watch-confirmed' && watch.depth, 6)
  const { localAliases } = two.bob.funded.shortIds
  two.confirm(two.alice)
  two.confirm(two.bob)
  for (const party of [two.alice, two.bob]) {
    t.like(party.funded.active[0], { fundingStatus: { type: 'confirmed', blockHeight: 990 } })
    t.not(party.funded.shortIds.real, undefined)
    t.is(party.phase, 'normal')
  }
  t.deepEqual(two.bob.funded.shortIds.localAliases, localAliases)
  t.is(two.names(two.alice).length, 0)
  t.truthy(two.alice.funded.fundingTx, 'kept until no reorganisation can undo its block')
})

test('BOLT 2, open_channel — what a channel brings before its funding is deep enough is not ours yet, push_msat included', (t) => {
  const two = unconfirmed({ pushMsat: 5_000_000n })
  t.is(unconfirmedMsat(two.bob.funded), 5_000_000n)
  // Our own coins fund it.
  t.is(unconfirmedMsat(two.alice.funded), 0n)
  two.confirm(two.bob)
  t.is(unconfirmedMsat(two.bob.funded), 0n)
  const slow = new TwoParties()
  slow.open({ pushMsat: 7_000_000n })
  t.is(unconfirmedMsat(slow.bob.funded), 7_000_000n)
})

test('BOLT 2, open_channel — option_zeroconf is refused unless the node trusts the sender, in words', (t) => {
  for (const minimumDepth of [undefined, 1]) {
    const two = new TwoParties()
    two.open({ ...ZERO_CONF, ...(minimumDepth === undefined ? { minimumDepth: 3 } : { minimumDepth }) })
    t.is(two.bob.phase, 'aborted')
    t.is(two.alice.phase, 'aborted')
    const [refused] = two.bob.messages(two.bob.effects)
    t.is(
      refused?.type === 'error' && utf8Decode(refused.data),
      'this node uses a channel unconfirmed by agreement only',
    )
  }
})

test('BOLT 2, accept_channel — with option_zeroconf any depth but zero is refused', (t) => {
  const two = new TwoParties()
  two.propose(ZERO_CONF)
  two.deliver(two.alice)
  two.run(two.bob, { type: 'accept', keys: two.bob.keys, upfrontShutdown: false, minimumDepth: 0 })
  const [accept] = two.lose(two.bob)
  if (accept?.type !== 'accept_channel') return t.fail()
  t.is(accept.minimumDepth, 0)
  two.alice.recv({ ...accept, minimumDepth: 1 })
  t.is(two.alice.phase, 'aborted')
})

test('BOLT 2, open_channel — a type with a feature that the peer does not offer is not asked for', (t) => {
  for (const [channelType, code] of [
    [{ scidAlias: true, zeroConf: false }, 'scid-alias-not-supported-by-peer'],
    [{ scidAlias: false, zeroConf: true }, 'zero-conf-not-supported-by-peer'],
  ] as const) {
    const two = new TwoParties()
    const { option_scid_alias: _, option_zeroconf: __, ...others } = OUR_FEATURES
    two.alice.state = { ...two.alice.state, session: newSession(1, formatFeatures(others, 'init'), true) }
    two.open({ channelType })
    t.like(two.alice.effects[0], { type: 'reply', result: { ok: false, error: { code } } })
  }
})

for (const scidAlias of [false, true]) {
  for (const zeroConf of [false, true]) {
    const name = [
      'option_anchors',
      ...(scidAlias ? ['option_scid_alias'] : []),
      ...(zeroConf ? ['option_zeroconf'] : []),
    ]
    test(`BOLT 2, defined channel types — each is opened, accepted and remembered: ${name.join(' with ')}`, (t) => {
      const channelType = { scidAlias, zeroConf }
      const two = new TwoParties().ready({ channelType, ...(zeroConf ? { minimumDepth: 0 } : {}) })
      for (const party of [two.alice, two.bob]) {
        t.is(party.phase, 'normal')
        const { channelRow } = encodeChannel(undefined, party.stored)
        const read = decodeChannel(channelRow, [])
        t.deepEqual(read.ok && read.value.phase !== 'closed' && read.value.params.channelType, channelType)
      }
    })
  }
}

test('zero-conf — a node that trusts the opener may accept any channel so; the opener uses it when its own depth is reached', (t) => {
  const two = new TwoParties()
  two.open({ minimumDepth: 0 })
  t.is(two.bob.phase, 'wait-for-channel-ready')
  t.is(two.alice.phase, 'wait-for-funding-confirmed')
  two.confirm(two.alice)
  two.settle()
  t.is(two.alice.phase, 'normal')
  t.is(two.bob.phase, 'normal')
  t.like(two.bob.funded.active[0], { fundingStatus: { type: 'unconfirmed' } })
})

test('BOLT 2, channel_reestablish — channel_ready of a channel that is used unconfirmed is sent again until a commitment follows the first', (t) => {
  const two = unconfirmed()
  two.disconnect()
  two.connect()
  two.deliver(two.bob)
  t.true(two.names(two.alice).includes('channel_ready'))
  two.settle()
  two.add(two.alice, 1)
  two.settle()
  two.disconnect()
  two.connect()
  two.deliver(two.bob)
  t.false(two.names(two.alice).includes('channel_ready'))
  two.settle()
  t.true(agree(two.alice.funded, two.bob.funded))
})

test('zero-conf — a node that starts again watches and publishes the funding, and goes on', (t) => {
  const two = unconfirmed()
  const owed = resume(two.alice.state, two.alice.env)
  t.true(owed.some((effect) => effect.type === 'publish' && effect.purpose === 'funding'))
  t.true(owed.some((effect) => effect.type === 'watch-confirmed' && effect.depth === 6))
  const { durable } = two.bob.state
  two.disconnect()
  two.bob.state = { durable }
  two.connect()
  two.settle()
  two.add(two.alice, 1)
  two.settle()
  t.true(agree(two.alice.funded, two.bob.funded))
})

test('zero-conf — a channel of which our signature never left is forgotten, though it was ready on our side', (t) => {
  const two = new TwoParties()
  two.open({ minimumDepth: 0 })
  t.is(two.bob.phase, 'wait-for-channel-ready')
  two.disconnect()
  two.bob.run({ type: 'forget-unsigned' })
  t.like(two.bob.state.durable, { phase: 'closed', summary: { kind: 'never-funded' } })
})

test('BOLT 2, channel_ready — a funding that never comes: a channel that was never used is forgotten after 2016 blocks', (t) => {
  const two = unconfirmed()
  wait(two.bob, 2015)
  t.is(two.bob.phase, 'normal')
  wait(two.bob, 1)
  t.like(two.bob.state.durable, { phase: 'closed', summary: { kind: 'never-funded' } })
})

test('BOLT 2, channel_ready — a funding that never comes: one that was used fails, is kept as long again, and its HTLCs get their outcome', (t) => {
  const two = unconfirmed({ pushMsat: 300_000_000n })
  two.add(two.bob, 1, 20_000_000n, 2900)
  two.settle()
  two.bob.effects.length = 0
  // The deadline of the HTLC: nothing is published, as there is nothing to spend.
  wait(two.bob, 1902)
  t.is(two.bob.phase, 'closing')
  t.false(two.bob.effects.some(({ type }) => type === 'publish'))
  wait(two.bob, 2016)
  t.is(two.bob.phase, 'closing')
  t.deepEqual(outcomes(two.bob.effects), [])
  wait(two.bob, 200)
  t.like(two.bob.state.durable, { phase: 'closed', summary: { kind: 'never-funded' } })
  t.deepEqual(outcomes(two.bob.effects), ['timed-out-on-chain'])
  t.true(errors(two.bob).includes('funding-not-seen'))
})

test('BOLT 2, channel_ready — a funding that comes late, after the channel has failed, brings our commitment to the chain', (t) => {
  const two = unconfirmed({ pushMsat: 300_000_000n })
  two.add(two.alice, 1)
  two.settle()
  wait(two.bob, 2016)
  t.is(two.bob.phase, 'closing')
  t.deepEqual(errors(two.bob), ['funding-not-seen'])
  two.bob.effects.length = 0
  two.confirm(two.bob)
  t.true(two.bob.effects.some((effect) => effect.type === 'publish' && effect.purpose === 'local-commitment'))
})

test('BOLT 2, channel_ready — a restart watches a confirmed funding of a channel that was used unconfirmed six deep, as before', (t) => {
  const { funded, env } = new TwoParties().ready({}).bob
  const depths = resume({ durable: { ...funded, params: { ...funded.params, minimumDepth: 0 } } }, env).flatMap(
    (effect) => (effect.type === 'watch-confirmed' ? [effect.depth] : []),
  )
  t.deepEqual(depths, [6])
})
