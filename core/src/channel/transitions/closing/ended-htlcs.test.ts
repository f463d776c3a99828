import test from 'ava'
import { txidOf } from '../../../bitcoin/transaction.ts'
import type { Claim } from '../../claims/claim.ts'
import type { SpecHtlc } from '../../commitment/commitment-spec.ts'
import { encodeChannel, readPastHtlc } from '../../persistence/channel-codec.ts'
import type { PastHtlc } from '../../persistence/htlc-rows.ts'
import { resume } from '../../resume.ts'
import type { Durable } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import { isInRemoteOf } from '../../state/htlc.ts'
import { at, claims, commitmentOf, confirmed, endOf, mine, outcomes, seeClose, takenBy } from '../fixtures/closing.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { preimageOf, TwoParties } from '../fixtures/two-parties.ts'

type Past = SpecHtlc & PastHtlc

const asked = (effects: readonly Effect[]): readonly number[] =>
  effects.flatMap((effect) => (effect.type === 'recall-htlcs' ? [effect.remoteIndex] : []))

/** What the store keeps of the HTLCs that ended between two states. */
const pastBetween = (before: Durable, after: Durable): readonly Past[] =>
  encodeChannel(before, after).ended.flatMap(({ key, past }) => {
    const read = past === undefined ? undefined : readPastHtlc(key, past)
    return read?.ok === true ? [read.value] : []
  })

/** The driver's part: what is kept is read, and the channel is told. */
const recall = (party: TestParty, past: readonly Past[], number: number): readonly Effect[] => {
  party.env = { ...party.env, recalled: new Map([[number, past.filter((htlc) => isInRemoteOf(htlc, number))]]) }
  return party.run({ type: 'htlcs-recalled' })
}

const kinds = (all: readonly Claim[]) =>
  all.map(({ kind }) => ('htlc' in kind ? `${kind.type} ${kind.htlc.direction} ${kind.htlc.id}` : kind.type)).toSorted()

/** Alice publishes the commitment with three HTLCs, of which one is alive; two later ones were never in it. */
const publishOld = () => {
  const two = new TwoParties().ready({ pushMsat: 400_000_000n })
  const { alice, bob } = two
  two.add(alice, 0, 30_000_000n)
  two.add(bob, 1, 20_000_000n)
  two.add(bob, 2, 25_000_000n)
  two.settle()
  const old = alice.state
  const before = bob.stored
  two.fulfil(bob, 0n, 0)
  two.fail(alice, 0n)
  two.settle()
  const between = bob.stored
  two.add(bob, 3, 15_000_000n)
  two.settle()
  const with3 = bob.stored
  two.fail(alice, 2n)
  two.settle()
  const past = [...pastBetween(before, between), ...pastBetween(with3, bob.stored)]
  alice.state = old
  alice.run({ type: 'force-close' })
  return { bob, tx: commitmentOf(alice), past }
}

test('BOLT 5, revoked transaction close — HTLC outputs are ours also where the HTLC has ended since: what is kept of it is asked for, and all is taken at once', (t) => {
  const { bob, tx, past } = publishOld()
  t.is(past.length, 3)
  const seen = seeClose(bob, tx)
  const [number] = asked(seen)
  if (number === undefined) return t.fail('not asked for')
  t.deepEqual(kinds(claims(seen)), ['htlc-penalty offered 1', 'penalty', 'to-remote'])
  t.deepEqual(kinds(claims(at(bob, 1001))), ['htlc-penalty offered 1', 'penalty', 'to-remote'])

  const all = claims(recall(bob, past, number))
  t.deepEqual(kinds(all), [
    'htlc-penalty offered 0',
    'htlc-penalty offered 1',
    'htlc-penalty received 0',
    'penalty',
    'to-remote',
  ])
  for (const claim of all) mine(bob, claim, 1002)
  // The outcomes of those that had ended were told long ago.
  t.deepEqual(outcomes(at(bob, 1007)), ['1 timed-out-on-chain'])
  t.is(endOf(bob), 'done')
})

test('BOLT 5, revoked transaction close — what was recalled while the commitment waited for a block is used in that block, and is asked for again after a restart', (t) => {
  const { bob, tx, past } = publishOld()
  const [outpoint] = tx.inputs.map((input) => input.outpoint)
  if (outpoint === undefined) return t.fail()
  const [number] = asked(bob.run({ type: 'spent', outpoint, tx }))
  if (number === undefined) return t.fail('not asked for')
  t.deepEqual(claims(recall(bob, past, number)), [])
  t.is(claims(confirmed(bob, tx, 1000)).length, 5)

  const { recalled: _, ...forgotten } = bob.env
  bob.env = forgotten
  t.deepEqual(asked(resume(bob.state, bob.env)), [number])
  t.is(claims(resume(bob.state, bob.env)).length, 3)
  t.is(claims(recall(bob, past, number)).length, 5)
})

test('an HTLC whose preimage is in a block is fulfilled, whether or not its spend was heard of when it was seen', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  const { alice, bob } = two
  two.add(bob, 1, 20_000_000n)
  two.settle()
  alice.run({ type: 'force-close' })
  seeClose(bob, commitmentOf(alice))
  const claim = claims(at(bob, 1144)).find(({ kind }) => kind.type === 'offered-htlc')
  const { durable } = bob.state
  if (claim === undefined || durable.phase !== 'closing') return t.fail('not claimed')
  const tx = takenBy(preimageOf(1), claim)
  // As of a version that overlooked it.
  const spends = [...durable.closing.claims, { txid: txidOf(tx), tx, height: 1144 }]
  bob.state = { durable: { ...durable, closing: { ...durable.closing, claims: spends } } }
  t.deepEqual(outcomes(at(bob, 1145)), ['0 fulfilled'])
  for (const height of [1146, 1160]) t.deepEqual(outcomes(at(bob, height)), [])
})

test('our own old commitment — what the copy’s HTLC transactions have brought is ours after the delay, unless the peer takes it', (t) => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  const { alice, bob } = two
  two.add(alice, 0, 30_000_000n, 1010)
  two.add(alice, 1, 20_000_000n, 1010)
  two.settle()
  const old = alice.state
  // The second one has ended for us, and not for the copy.
  two.fail(bob, 1n)
  two.settle()
  const now = alice.state
  alice.state = old
  alice.run({ type: 'force-close' })
  const tx = commitmentOf(alice)
  seeClose(alice, tx)
  const timeouts = claims(at(alice, 1010)).filter(({ kind }) => kind.type === 'htlc-timeout')
  t.is(timeouts.length, 2)

  alice.state = now
  alice.env = { ...alice.env, height: 1000 }
  seeClose(alice, tx)
  for (const timeout of timeouts) mine(alice, timeout, 1011)
  // BOLT 3: the delay of 144 blocks begins with the block of each.
  t.deepEqual(outcomes(at(alice, 1016)), ['0 timed-out-on-chain'])
  t.deepEqual(kinds(claims(at(alice, 1143))), ['to-local'])
  t.deepEqual(kinds(claims(at(alice, 1153))), ['to-local'])
  const swept = claims(at(alice, 1154)).map(({ amount }) => amount)
  t.deepEqual(swept.filter((amount) => amount < 100_000n).toSorted(), [20_000n, 30_000n])
})
