import test from 'ava'
import { utf8Encode } from '../../lib/bytes.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { decodeChannel, encodeChannel } from '../persistence/channel-codec.ts'
import {
  recoveredChannel,
  type StaticChannel,
  staticChannelCodec,
  staticChannelOf,
} from '../persistence/static-channel.ts'
import { resume } from '../resume.ts'
import type { Effect } from '../state/effects.ts'
import type { FundingSearched } from '../state/inputs.ts'
import { reestablishUnknown } from './common/our-numbers.ts'
import { at, commitmentOf, fundingOutpoint } from './fixtures/closing.ts'
import type { TestParty } from './fixtures/test-party.ts'
import { TwoParties } from './fixtures/two-parties.ts'

/** Alice has lost all but her keys and what never changes in her channel. */
const lost = () => {
  const two = new TwoParties().ready({ pushMsat: 300_000_000n })
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  two.disconnect()
  const backup = staticChannelOf(two.alice.funded)
  two.alice.state = { durable: recover(two.alice, backup) }
  return { two, backup }
}

const recover = ({ funded }: TestParty, backup: StaticChannel) =>
  recoveredChannel(backup, {
    localNodeId: funded.params.localNodeId,
    localKeys: funded.params.localKeys,
    localShutdownScript: new Uint8Array(22).fill(7),
    height: 1000,
  })

const leaves = (effects: readonly Effect[]): readonly Effect[] => effects.filter(({ type }) => type === 'publish')

test('a channel from its static backup — is stored and read back as it is, and the backup of it is the same', (t) => {
  const { two, backup } = lost()
  const { funded } = two.alice
  const { channelRow, htlcRows } = encodeChannel(undefined, funded)
  t.deepEqual(htlcRows, [])
  t.deepEqual(decodeChannel(channelRow, []), { ok: true, value: funded })
  t.deepEqual(staticChannelOf(funded), backup)
  t.deepEqual(decodeWith(staticChannelCodec, encodeWith(staticChannelCodec, backup)), { ok: true, value: backup })
})

test('a channel from its static backup — publishes nothing, at no start, block or command', (t) => {
  const { two } = lost()
  t.deepEqual(leaves(resume(two.alice.state, two.alice.env)), [])
  for (let height = 1001; height < 1400; height++) t.deepEqual(leaves(at(two.alice, height)), [])
  for (const evenIfOld of [false, true]) {
    const refused = two.alice.run({ type: 'force-close', requestId: 'a', evenIfOld })
    t.deepEqual(leaves(refused), [])
    t.like(refused[0], { type: 'reply', result: { ok: false } })
  }
})

// BOLT 2, channel_reestablish: a next_commitment_number of zero makes the peer fail the channel; LND, LDK and eclair know it from each other.
test('a channel from its static backup — tells the peer that speaks of it that all is lost, and the peer publishes', (t) => {
  const { two } = lost()
  two.connect()
  two.settle()
  const said = two.alice.effects.flatMap((effect) => (effect.type === 'send' ? [effect.message] : []))
  t.like(said.at(-2), { type: 'channel_reestablish', nextCommitmentNumber: 0n, nextRevocationNumber: 0n })
  t.like(said.at(-1), { type: 'error' })
  t.is(two.bob.phase, 'closing')
  t.true(leaves(two.bob.effects).some((effect) => effect.type === 'publish' && effect.purpose === 'local-commitment'))
})

test('a channel whose data is lost — a peer that warns of its numbers gets the error once more, and once only, on each connection', (t) => {
  const { two } = lost()
  const { channelId } = two.alice.funded.params
  const warning = { type: 'warning', channelId, data: utf8Encode('bad reestablish revocation_number: 0 vs 3') } as const
  for (let connection = 0; connection < 2; connection++) {
    two.connect()
    t.deepEqual(two.alice.messages(two.alice.recv(warning)), [
      { type: 'error', channelId, data: utf8Encode('channel failed') },
    ])
    t.deepEqual(two.alice.messages(two.alice.recv(warning)), [])
    two.disconnect()
  }
})

const searches = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'search-funding' ? [effect.since] : []))

const TWO_WEEKS = 2_016

type Found = Omit<FundingSearched, 'type'>

test('a channel from its static backup whose funding is nowhere — is forgotten two weeks after the restoring, and not before all blocks are looked through', (t) => {
  const { alice } = lost().two
  const { openedAt } = alice.funded.params
  t.deepEqual(searches(resume(alice.state, alice.env)), [openedAt - 100])
  const searched = (input: Found) => alice.run({ type: 'funding-searched', ...input })
  searched({ lookedTo: 990 })
  // A restart goes on from there.
  t.deepEqual(searches(resume(alice.state, alice.env)), [991])
  searched({ lookedTo: 1_000, isMissing: true })
  t.deepEqual(searches(at(alice, 1_143)), [])
  t.deepEqual(searches(at(alice, 1_144)), [1_001])
  at(alice, 1_000 + TWO_WEEKS - 1)
  searched({ lookedTo: 1_000 + TWO_WEEKS - 1, isMissing: true })
  t.is(alice.phase, 'closing')
  t.deepEqual(searches(at(alice, 1_000 + TWO_WEEKS)), [1_000 + TWO_WEEKS])
  // A block is missed, or the backend cannot be asked.
  searched({ lookedTo: 1_000 + TWO_WEEKS })
  t.is(alice.phase, 'closing')
  t.like(searched({ lookedTo: 1_000 + TWO_WEEKS, isMissing: true }), [
    { type: 'emit', event: { type: 'error', error: { code: 'funding-not-seen' } } },
    { type: 'emit', event: { type: 'closed', summary: { kind: 'never-funded' } } },
  ])
  t.is(alice.phase, 'closed')
})

test('a channel from its static backup whose funding is in a block — is never forgotten, and looked for anew where its block may be undone', (t) => {
  const { alice, bob } = lost().two
  const { openedAt } = alice.funded.params
  const late = 1_000 + 3 * TWO_WEEKS
  const searched = (input: Found) => alice.run({ type: 'funding-searched', ...input })
  at(alice, late)
  searched({ fundedAt: 990 })
  t.deepEqual(searches(resume(alice.state, alice.env)), [openedAt - 100])
  // It is spent in no block that is handled yet, and the backend has it no more.
  searched({ lookedTo: late, isMissing: true })
  t.is(alice.phase, 'closing')
  t.deepEqual(searches(resume(alice.state, alice.env)), [openedAt - 100])
  bob.run({ type: 'force-close' })
  alice.run({ type: 'spent', outpoint: fundingOutpoint(alice), tx: commitmentOf(bob) })
  searched({ lookedTo: late, isMissing: true })
  t.is(alice.phase, 'closing')
})

test('a channel whose data is lost — asks its connected peer again with each block, until the peer has published', (t) => {
  const { two } = lost()
  const { channelId } = two.alice.funded.params
  const asked = [{ type: 'error', channelId, data: utf8Encode('channel failed') }]
  t.deepEqual(two.alice.messages(at(two.alice, 1001)), [])
  two.connect()
  two.deliver(two.bob)
  for (const height of [1002, 1003]) t.deepEqual(two.alice.messages(at(two.alice, height)), asked)
  two.settle()
  two.alice.run({ type: 'spent', outpoint: fundingOutpoint(two.alice), tx: commitmentOf(two.bob) })
  t.deepEqual(two.alice.messages(at(two.alice, 1004)), [])
})

// LND gives its channel up, until the next connection, where an error comes before channel_reestablish.
test('a channel whose data is lost — a block that comes before the peer has spoken has it told our numbers, and no error; it is told them once', (t) => {
  const { two } = lost()
  const { channelId } = two.alice.funded.params
  const error = { type: 'error', channelId, data: utf8Encode('channel failed') } as const
  for (let connection = 0; connection < 2; connection++) {
    two.connect()
    t.deepEqual(two.alice.messages(at(two.alice, 1002)), [reestablishUnknown(channelId)])
    t.deepEqual(two.alice.messages(at(two.alice, 1003)), [error])
    const theirs = two.sentBy(two.bob)[0]
    if (theirs !== undefined) t.deepEqual(two.alice.messages(two.alice.recv(theirs)), [error])
    two.disconnect()
  }
})

test('a channel that its peer proves to be old — the peer has had our numbers on that connection, and is asked with each block by the error alone', (t) => {
  const two = new TwoParties().ready({ pushMsat: 300_000_000n })
  const old = two.alice.funded
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  two.disconnect()
  two.alice.state = { durable: old }
  two.connect()
  two.deliver(two.bob)
  t.is(two.alice.phase, 'closing')
  const { channelId } = old.params
  t.deepEqual(two.alice.messages(at(two.alice, 1002)), [
    { type: 'error', channelId, data: utf8Encode('channel failed') },
  ])
})
