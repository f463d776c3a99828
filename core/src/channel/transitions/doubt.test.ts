import test from 'ava'
import { txidOf } from '../../bitcoin/transaction.ts'
import { resume } from '../resume.ts'
import { putInDoubt } from '../state/channel-state.ts'
import type { Effect } from '../state/effects.ts'
import { at, commitmentOf, confirmed, errors, fundingOutpoint } from './fixtures/closing.ts'
import type { TestParty } from './fixtures/test-party.ts'
import { TwoParties } from './fixtures/two-parties.ts'

/** Both have something, alice has offered an HTLC and received one that waits for a decision. */
const withHtlcs = (): TwoParties => {
  const two = new TwoParties().ready({ pushMsat: 300_000_000n })
  two.add(two.alice, 1, 50_000_000n)
  two.add(two.bob, 2, 60_000_000n)
  two.settle()
  return two
}

/** Alice's node ends, and her database is put back as it was then. */
const putBack = (two: TwoParties, durable = two.alice.funded): void => {
  two.disconnect()
  two.alice.state = { durable: putInDoubt(durable) }
}

const published = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.type === 'publish' ? [effect.purpose] : []))

const inDoubt = (party: TestParty): boolean => party.funded.inDoubt === true

test('a state in doubt — neither a deadline nor a start publishes anything', (t) => {
  const two = withHtlcs()
  putBack(two)
  t.deepEqual(published(resume(two.alice.state, two.alice.env)), [])
  for (let height = 1001; height < 1400; height++) t.deepEqual(published(at(two.alice, height)), [])
  t.is(two.alice.phase, 'normal')
  t.true(inDoubt(two.alice))
})

test('a state in doubt — what the peer shows to be the latest goes on, its deadlines count again, and its undecided HTLCs are told again', (t) => {
  const two = withHtlcs()
  putBack(two)
  two.connect()
  const before = two.alice.effects.length
  two.settle()
  t.false(inDoubt(two.alice))
  const effects = two.alice.effects.slice(before)
  t.is(effects.filter(({ type }) => type === 'forward').length, 1)
  t.true(published(at(two.alice, 1146)).includes('local-commitment'))
})

test('a state in doubt — the proof that it is not the latest ends it without a publication, also after a start', (t) => {
  const two = withHtlcs()
  const old = two.alice.funded
  two.add(two.alice, 3, 10_000_000n)
  two.settle()
  putBack(two, old)
  two.connect()
  two.settle()
  t.is(two.alice.phase, 'closing')
  t.is(errors(two.alice)[0], 'peer-is-ahead')
  t.like(two.alice.funded, { closing: { cause: 'data-loss', publishLocal: false } })
  for (let height = 1001; height < 1400; height++) t.deepEqual(published(at(two.alice, height)), [])
  t.deepEqual(published(resume(two.alice.state, two.alice.env)), [])
  // Asked again, it shows the peer what it knows, and asks it to close.
  two.disconnect()
  two.connect()
  const answer = two.alice.recv({
    type: 'channel_reestablish',
    channelId: old.params.channelId,
    nextCommitmentNumber: 3n,
    nextRevocationNumber: 2n,
    yourLastPerCommitmentSecret: new Uint8Array(32),
    myCurrentPerCommitmentPoint: old.params.remoteKeys.fundingKey,
  })
  t.deepEqual(
    two.alice.messages(answer).map(({ type }) => type),
    ['channel_reestablish', 'error'],
  )
})

test('a state in doubt — an error of the peer closes it without a publication of ours', (t) => {
  const two = withHtlcs()
  putBack(two)
  two.connect()
  two.lose(two.bob)
  const data = new TextEncoder().encode('sync failure')
  const effects = two.alice.recv({ type: 'error', channelId: two.alice.funded.params.channelId, data })
  t.is(two.alice.phase, 'closing')
  t.deepEqual(published(effects), [])
  for (let height = 1001; height < 1400; height++) t.deepEqual(published(at(two.alice, height)), [])
})

test('a state in doubt — the operator may close it alone, after taking the risk by name, and not once it is proven old', (t) => {
  const two = withHtlcs()
  const old = two.alice.funded
  putBack(two)
  const refused = two.alice.run({ type: 'force-close', requestId: 'a' })
  t.like(refused[0], { type: 'reply', result: { ok: false, error: { code: 'state-in-doubt' } } })
  t.is(two.alice.phase, 'normal')
  const taken = two.alice.run({ type: 'force-close', requestId: 'b', evenIfOld: true })
  t.true(published(taken).includes('local-commitment'))
  t.is(two.alice.phase, 'closing')

  const other = withHtlcs()
  const before = other.alice.funded
  other.add(other.alice, 3, 10_000_000n)
  other.settle()
  putBack(other, before)
  other.connect()
  other.settle()
  const late = other.alice.run({ type: 'force-close', requestId: 'c', evenIfOld: true })
  t.like(late[0], { type: 'reply', result: { ok: false, error: { code: 'publication-forbidden' } } })
  t.deepEqual(published(late), [])
  t.not(old, before)
})

test('a state in doubt — a commitment of ours that somebody else has published is not published by us, in the mempool or undone', (t) => {
  const two = withHtlcs()
  const before = two.alice.state
  two.run(two.alice, { type: 'force-close' })
  const tx = commitmentOf(two.alice)
  two.alice.state = before
  putBack(two)
  const { alice } = two
  alice.run({ type: 'spent', outpoint: fundingOutpoint(alice), tx })
  t.is(alice.phase, 'closing')
  t.deepEqual(published(at(alice, 1001)), [])
  confirmed(alice, tx, 1001)
  t.deepEqual(published(alice.run({ type: 'unconfirmed', txid: txidOf(tx) })), [])
  t.deepEqual(published(at(alice, 1002)), [])
})

test('a state in doubt — a channel that closes already is as it is', (t) => {
  const two = withHtlcs()
  two.run(two.alice, { type: 'force-close' })
  const closing = two.alice.funded
  t.is(putInDoubt(closing), closing)
})
