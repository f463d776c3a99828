import test from 'ava'
import { compareBytes } from '../../../lib/bytes.ts'
import { inboundFeeOf } from '../../../wire/inbound-fee.ts'
import type { ChannelUpdate } from '../../../wire/messages/gossip.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelSettings } from '../../state/environment.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { FUNDING, TwoParties } from '../fixtures/two-parties.ts'
import { channelUpdateOf, outsideNameOf } from './relay-policy.ts'

const updateOf = (party: TestParty, effects: readonly Effect[]): ChannelUpdate => {
  const message = party.messages(effects).find(({ type }) => type === 'channel_update')
  if (message?.type !== 'channel_update') throw new Error('no channel_update')
  return message
}

test('channel_update — each side learns what the other charges when the channel is ready', (t) => {
  const two = new TwoParties().ready()
  t.like(two.alice.funded.remoteRelay, {
    feeBaseMsat: 1000n,
    feeProportionalMillionths: 100,
    cltvExpiryDelta: 34,
    disabled: false,
    // The alias by which bob was told to call the channel.
    shortChannelId: two.alice.keys.alias,
  })
  t.is(two.bob.funded.shortIds.remoteAlias, two.alice.keys.alias)
  t.deepEqual(two.bob.funded.shortIds.localAliases, [two.bob.keys.alias])
})

test('recv channel_update — the peer’s first one is answered by ours once more, later ones are not', (t) => {
  const two = new TwoParties().ready()
  const { remoteRelay: _, ...unheard } = two.bob.funded
  two.bob.state = { ...two.bob.state, durable: unheard } as typeof two.bob.state
  const answers: string[][] = []
  for (const feeBaseMsat of [5n, 6n]) {
    const update = updateOf(two.alice, two.run(two.alice, { type: 'set-relay-fees', policy: { feeBaseMsat } }))
    two.lose(two.alice)
    answers.push(two.bob.messages(two.bob.recv(update)).map(({ type }) => type))
  }
  t.deepEqual(answers, [['channel_update'], []])
})

test('set-relay-fees — is durable, told to the peer, and keeps the policy before', (t) => {
  const two = new TwoParties().ready()
  const before = two.alice.funded.relay
  const effects = two.run(two.alice, { type: 'set-relay-fees', requestId: 'set', policy: { feeBaseMsat: 5n } })
  const { relay } = two.alice.funded
  t.is(relay.current.feeBaseMsat, 5n)
  t.is(relay.current.feeProportionalMillionths, 100)
  t.deepEqual(relay.previous, before.current)
  t.true(relay.updateTimestamp > before.updateTimestamp)
  t.like(effects.at(-1), { type: 'reply', result: { ok: true } })
  two.settle()
  t.is(two.bob.funded.remoteRelay?.feeBaseMsat, 5n)
})

test('set-relay-fees — reaches a peer that was away when it is back', (t) => {
  const two = new TwoParties().ready()
  two.disconnect()
  two.run(two.alice, { type: 'set-relay-fees', policy: { feeProportionalMillionths: 7 } })
  t.is(two.bob.funded.remoteRelay?.feeProportionalMillionths, 100)
  two.connect()
  two.settle()
  t.is(two.bob.funded.remoteRelay?.feeProportionalMillionths, 7)
})

test('recv channel_update — ignores an old one, a forged one, one of the other direction and one of another channel, and says why', (t) => {
  const two = new TwoParties().ready()
  const update = updateOf(two.alice, two.run(two.alice, { type: 'set-relay-fees', policy: { feeBaseMsat: 5n } }))
  two.lose(two.alice)
  const { durable } = two.bob.state
  const ignored = (why: string) => [{ type: 'ignored', message: 'channel_update', why }] as readonly unknown[]
  for (const [change, why] of [
    [{ feeBaseMsat: 6 }, 'bad-signature'],
    [{ timestamp: update.timestamp - 1 }, 'not-newer'],
    [{ channelFlags: update.channelFlags ^ 1 }, 'other-channel'],
    [{ shortChannelId: 1n }, 'other-channel'],
    [{ chainHash: new Uint8Array(32) }, 'other-channel'],
    [{ extension: Uint8Array.of(4, 0) }, 'not-understood'],
    [{ extension: Uint8Array.of(255, 255) }, 'not-understood'],
    [{ extension: Uint8Array.of(5, 0) }, 'bad-signature'],
  ] as const) {
    t.deepEqual(two.bob.recv({ ...update, ...change }) as readonly unknown[], ignored(why))
    t.is(two.bob.state.durable, durable)
  }
  two.bob.recv(update)
  t.is(two.bob.funded.remoteRelay?.feeBaseMsat, 5n)
  const { durable: updated } = two.bob.state
  t.deepEqual(two.bob.recv(update) as readonly unknown[], ignored('not-newer'))
  t.is(two.bob.state.durable, updated)
})

test('channel_update — of a closing channel says that it is disabled, and is newer than the one before', (t) => {
  const two = new TwoParties().ready()
  const open = channelUpdateOf(two.alice.funded, two.alice.env)
  two.run(two.alice, { type: 'force-close' })
  const closing = channelUpdateOf(two.alice.funded, two.alice.env)
  t.is((open?.channelFlags ?? 2) & 2, 0)
  t.is((closing?.channelFlags ?? 0) & 2, 2)
  t.true((closing?.timestamp ?? 0) > (open?.timestamp ?? 0))
})

test('BOLT 7, channel_update — none goes out before the peer’s channel_ready', (t) => {
  const two = new TwoParties()
  two.open()
  two.confirm(two.alice)
  two.confirm(two.bob)
  t.deepEqual([two.names(two.alice), two.names(two.bob)], [['channel_ready'], ['channel_ready']])
  two.deliver(two.bob)
  t.deepEqual(two.names(two.alice), ['channel_ready', 'channel_update'])
  t.deepEqual(two.names(two.bob), [])
})

test('BOLT 7, channel_update — ours for the peer alone has its alias or the real id, and is not to be forwarded', (t) => {
  const two = new TwoParties().ready()
  for (const party of [two.alice, two.bob]) {
    const other = two.other(party)
    const update = channelUpdateOf(party.funded, party.env)
    t.is(update?.shortChannelId, other.keys.alias)
    t.deepEqual(update?.chainHash, party.env.settings.chainHash)
    // must_be_one and dont_forward; of the channel's flags the direction alone.
    t.is(update?.messageFlags, 3)
    t.is(update?.channelFlags, compareBytes(party.nodeId, other.nodeId) < 0 ? 0 : 1)
    const { remoteAlias: _, ...unnamed } = party.funded.shortIds
    const real = channelUpdateOf({ ...party.funded, shortIds: unnamed }, party.env)
    t.is(real?.shortChannelId, party.funded.shortIds.real)
  }
})

test('BOLT 7, channel_update — ours has the fees and blocks that we ask for, and at least what the peer accepts: for the peer alone', (t) => {
  const two = new TwoParties({ bob: { htlcMinimumMsat: 2000n } }).ready()
  const policy = { feeBaseMsat: 7n, feeProportionalMillionths: 77 }
  const update = updateOf(two.alice, two.run(two.alice, { type: 'set-relay-fees', policy }))
  const { cltvExpiryDelta } = two.alice.env.settings.relay
  t.like(update, { feeBaseMsat: 7, feeProportionalMillionths: 77, cltvExpiryDelta, htlcMinimumMsat: 2000n })
})

test('BOLT 7, channel_update — ours allows no more than the channel and the peer, and no less than its own minimum', (t) => {
  const first = (bob: Partial<ChannelSettings>, htlcMaximumMsat = 10n ** 12n) => {
    const relay = { ...new TwoParties().alice.env.settings.relay, htlcMaximumMsat }
    return new TwoParties({ bob, alice: { relay } }).ready().alice.funded.relay.current
  }
  t.is(first({}).htlcMaximumMsat, FUNDING * 1_000n)
  t.is(first({ maxHtlcValueInFlightMsat: 77_000_000n }).htlcMaximumMsat, 77_000_000n)
  t.is(first({}, 5_000n).htlcMaximumMsat, 5_000n)
  t.like(first({ htlcMinimumMsat: 2_000n }, 1_000n), { htlcMinimumMsat: 2_000n, htlcMaximumMsat: 2_000n })
})

test('relay policy — begins within what the channel and the peer allow', (t) => {
  const two = new TwoParties({ bob: { htlcMinimumMsat: 2000n, maxHtlcValueInFlightMsat: 77_000_000n } }).ready()
  t.like(two.alice.funded.relay.current, { htlcMinimumMsat: 2000n, htlcMaximumMsat: 77_000_000n })
  t.is(two.bob.funded.relay.current.htlcMaximumMsat, 1_000_000_000n)
})

test('BOLT 2, channel_ready — another alias is taken, a repetition changes nothing', (t) => {
  const two = new TwoParties().ready()
  const { channelId } = two.alice.funded.params
  const secondPerCommitmentPoint = two.bob.env.commitmentPoint(1)
  const { durable } = two.alice.state
  two.alice.recv({ type: 'channel_ready', channelId, secondPerCommitmentPoint, alias: two.bob.keys.alias })
  t.is(two.alice.state.durable, durable)
  two.alice.recv({ type: 'channel_ready', channelId, secondPerCommitmentPoint, alias: 99n })
  t.is(two.alice.funded.shortIds.remoteAlias, 99n)
  t.is(two.alice.phase, 'normal')
})

test('BOLT 2, channel_ready — a channel with option_scid_alias is called by the peer’s alias outside, and never by its real id', (t) => {
  const two = new TwoParties().ready()
  const { params, shortIds } = two.alice.funded
  t.is(outsideNameOf(two.alice.funded), two.bob.keys.alias)
  const { remoteAlias: _, ...unnamed } = shortIds
  for (const [scidAlias, name] of [
    [false, shortIds.real],
    [true, undefined],
  ] as const) {
    const channelType = { ...params.channelType, scidAlias }
    const funded = { ...two.alice.funded, params: { ...params, channelType }, shortIds: unnamed }
    t.is(outsideNameOf(funded), name)
    t.is(channelUpdateOf(funded, two.alice.env)?.shortChannelId, name)
    // A sender that has used an alias of ours is answered under that alias.
    t.is(channelUpdateOf(funded, two.alice.env, 7n)?.shortChannelId, 7n)
  }
})

test('bLIP 18, channel_update — a discount for what comes in is a negative fee in ours, and none says nothing', (t) => {
  const two = new TwoParties().ready()
  const set = (feeBaseMsat: bigint, feeProportionalMillionths: number) =>
    updateOf(
      two.alice,
      two.run(two.alice, { type: 'set-inbound-discount', discount: { feeBaseMsat, feeProportionalMillionths } }),
    )
  const before = channelUpdateOf(two.alice.funded, two.alice.env)
  t.is(before?.extension, undefined)
  const update = set(7n, 60)
  t.deepEqual(inboundFeeOf(update), { baseMsat: -7, proportionalMillionths: -60 })
  t.true(update.timestamp > (before?.timestamp ?? 0))
  t.deepEqual(two.alice.funded.inbound, {
    current: { feeBaseMsat: 7n, feeProportionalMillionths: 60 },
    previous: { feeBaseMsat: 0n, feeProportionalMillionths: 0 },
    since: two.alice.env.now,
  })
  const ended = set(0n, 0)
  t.is(ended.extension, undefined)
  t.is(two.alice.funded.inbound?.previous.feeBaseMsat, 7n)
})
