import test from 'ava'
import { type Tx, txidOf } from '../../../bitcoin/transaction.ts'
import { EMPTY, toHex } from '../../../lib/bytes.ts'
import type { Claim } from '../../claims/claim.ts'
import type { ConfirmedSpend } from '../../claims/on-chain-outcome.ts'
import { decodeChannel, encodeChannel } from '../../persistence/channel-codec.ts'
import { resume } from '../../resume.ts'
import { putInDoubt } from '../../state/channel-state.ts'
import type { ClosingProgress } from '../../state/closing.ts'
import type { Funded } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import { completeSpend } from '../common/publications.ts'
import {
  at,
  claims,
  commitmentOf,
  confirmed,
  endOf,
  errors,
  fundingOutpoint,
  mine,
  outcomes,
  seeClose,
  takenBy,
} from '../fixtures/closing.ts'
import type { TestParty } from '../fixtures/test-party.ts'
import { preimageOf, TwoParties } from '../fixtures/two-parties.ts'
import { without } from './undone.ts'

/** The ids of the closes that the party publishes. */
const closes = (party: TestParty, effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) => {
    if (effect.type !== 'publish' || effect.publication.type === 'claim') return []
    return [toHex(txidOf(completeSpend(effect.publication, party.signWithFundingKey)))]
  })

const unconfirmed = (party: TestParty, tx: Tx): readonly Effect[] =>
  party.run({ type: 'unconfirmed', txid: txidOf(tx) })

const unspent = (party: TestParty, { outpoint }: Claim): readonly Effect[] => party.run({ type: 'unspent', outpoint })

const id = (tx: Tx): string => toHex(txidOf(tx))

const ready = () => new TwoParties().ready({ pushMsat: 200_000_000n })

/** Both have signed a close, and alice has also told what she would publish alone. */
const mutual = () => {
  const two = ready()
  const { alice, bob } = two
  const before = bob.state
  two.run(alice, { type: 'close' })
  two.settle()
  const effect = alice.effects.findLast((each) => each.type === 'publish' && each.purpose === 'mutual-close')
  if (effect?.type !== 'publish' || effect.publication.type === 'claim') throw new Error('not published')
  const close = completeSpend(effect.publication, alice.signWithFundingKey)
  const after = bob.state
  bob.state = before
  bob.run({ type: 'force-close' })
  const theirs = commitmentOf(bob)
  bob.state = after
  return { alice, close, theirs }
}

test('BOLT 5, mutual close — one five deep that is undone is published again at once, at every block, and is watched', (t) => {
  const { alice, close } = mutual()
  seeClose(alice, close)
  at(alice, 1004)
  t.deepEqual(closes(alice, unconfirmed(alice, close)), [id(close)])
  for (const height of [1003, 1004, 1005, 1006]) t.deepEqual(closes(alice, at(alice, height)), [id(close)])
  t.is(endOf(alice), 'open')
  t.deepEqual(closes(alice, confirmed(alice, close, 1007)), [])
  t.deepEqual(closes(alice, at(alice, 1011)), [])
  t.is(endOf(alice), 'open')
  at(alice, 1012)
  t.is(endOf(alice), 'done')
})

test('a close that was told as done and is undone — is told as that, comes back to life, and is done anew later', (t) => {
  const { alice, close } = mutual()
  seeClose(alice, close)
  at(alice, 1098)
  t.is(endOf(alice), 'done')
  t.deepEqual(closes(alice, unconfirmed(alice, close)), [id(close)])
  t.is(endOf(alice), 'open')
  t.deepEqual(errors(alice), ['close-undone'])
  confirmed(alice, close, 1050)
  at(alice, 1099)
  t.is(endOf(alice), 'done')
  at(alice, 1148)
  t.is(endOf(alice), 'done')
  at(alice, 1149)
  t.is(endOf(alice), 'closed')
  t.is(alice.effects.filter((effect) => effect.type === 'emit' && effect.event.type === 'closed').length, 2)
})

test('several closes racing — the one in a block decides, whatever was in a block before', (t) => {
  const { alice, close, theirs } = mutual()
  seeClose(alice, close)
  unconfirmed(alice, close)
  at(alice, 1004)
  const taken = claims(seeClose(alice, theirs, 1001))
  t.deepEqual(
    taken.map(({ kind }) => kind.type),
    ['to-remote'],
  )
  // Back and forth: both are published, and whatever followed from the other is gone.
  t.deepEqual(closes(alice, unconfirmed(alice, theirs)).toSorted(), [id(close), id(theirs)].toSorted())
  t.deepEqual(claims(seeClose(alice, close, 1002)), [])
  t.deepEqual(claims(at(alice, 1004)), [])
  // Also if its undoing was not heard: a chain holds one of them.
  t.is(claims(confirmed(alice, theirs, 1004)).length, 1)
  const { durable } = alice.state
  if (durable.phase !== 'closing') return t.fail()
  t.deepEqual(
    durable.closing.spends.map(({ kind, confirmedAt }) => `${kind} ${confirmedAt}`),
    ['mutual undefined', 'remote 1004'],
  )
})

/** A copy of alice's node has published what she has revoked, and she sees it as what `change` makes of her. */
const ownRevoked = (change: (durable: Funded) => Funded = (durable) => durable) => {
  const two = ready()
  const { alice, bob } = two
  const old = alice.state
  two.add(bob, 1)
  two.settle()
  const now = alice.state
  alice.state = old
  alice.run({ type: 'force-close' })
  const revoked = commitmentOf(alice)
  alice.state = now
  alice.run({ type: 'force-close' })
  const latest = commitmentOf(alice)
  alice.state = { durable: change(now.durable as Funded) }
  seeClose(alice, revoked)
  return { alice, revoked, latest }
}

test('our own revoked commitment, of a copy of this node, that is undone — our latest is published in its place, at once and at every block, and never the old one', (t) => {
  const { alice, revoked, latest } = ownRevoked()
  t.deepEqual(closes(alice, at(alice, 1001)), [])
  t.deepEqual(closes(alice, unconfirmed(alice, revoked)), [id(latest)])
  for (const height of [1001, 1002]) t.deepEqual(closes(alice, at(alice, height)), [id(latest)])
  // In a block again after all, it decides.
  seeClose(alice, revoked, 1003)
  t.deepEqual(closes(alice, at(alice, 1004)), [])
})

test('our own revoked commitment that is undone — where our latest may be old itself, nothing of ours is published', (t) => {
  const { alice, revoked } = ownRevoked(putInDoubt)
  t.deepEqual(closes(alice, unconfirmed(alice, revoked)), [])
  t.deepEqual(closes(alice, at(alice, 1001)), [])
})

/** The peer's commitment on the chain, with an HTLC of each direction, and our claims of it in blocks. */
const claimed = () => {
  const two = ready()
  const { alice, bob } = two
  two.add(bob, 1, 20_000_000n, 1010)
  two.add(alice, 2, 30_000_000n, 1100)
  two.settle()
  two.run(bob, { type: 'fulfil-htlc', htlcId: 0n, preimage: preimageOf(2) })
  alice.run({ type: 'force-close' })
  const tx = commitmentOf(alice)
  seeClose(bob, tx)
  const first = claims(at(bob, 1010))
  for (const claim of first) mine(bob, claim, 1011)
  return { bob, tx, first }
}

test('BOLT 5, general nomenclature — what a reorganisation undoes is resolved again: a claim is published again at once and at every block, and counts only in its new block', (t) => {
  const { bob, first } = claimed()
  t.deepEqual(first.map(({ kind }) => kind.type).toSorted(), ['offered-htlc', 'received-htlc', 'to-remote'])
  const [lost] = first.filter(({ kind }) => kind.type === 'offered-htlc')
  if (lost === undefined) return t.fail()
  t.deepEqual(
    claims(unspent(bob, lost)).map(({ kind }) => kind.type),
    ['offered-htlc'],
  )
  for (const height of [1011, 1012, 1030]) t.is(claims(at(bob, height)).length, 1)
  t.deepEqual(outcomes(bob.effects), [])
  mine(bob, lost, 1030)
  t.deepEqual(outcomes(at(bob, 1034)), [])
  t.deepEqual(outcomes(at(bob, 1035)), ['0 timed-out-on-chain'])
  t.is(endOf(bob), 'done')
})

test('BOLT 5, general nomenclature — what a reorganisation undoes is resolved again: a commitment takes its claims along, and they are made anew from what is confirmed then', (t) => {
  const { bob, tx, first } = claimed()
  t.deepEqual(closes(bob, unconfirmed(bob, tx)), [id(tx)])
  const { durable } = bob.state
  t.deepEqual(durable.phase === 'closing' ? durable.closing.claims : undefined, [])
  t.deepEqual(claims(at(bob, 1013)), [])
  t.is(claims(confirmed(bob, tx, 1013)).length, first.length)
})

test('BOLT 5, general nomenclature — what a reorganisation undoes is resolved again: no reorganisation less deep than the timeout that failed an HTLC upstream can make the failure wrong', (t) => {
  for (const depth of [1, 2, 3, 4, 5]) {
    const { bob, tx, first } = claimed()
    const timeout = first.find(({ kind }) => kind.type === 'offered-htlc')
    if (timeout === undefined) return t.fail()
    // Mined in 1011, it is `depth` deep, and undone: nothing was told, so the peer's preimage still goes upstream.
    t.deepEqual(outcomes(at(bob, 1010 + depth)), [])
    unspent(bob, timeout)
    t.deepEqual(outcomes(mine(bob, timeout, 1012, takenBy(preimageOf(1), timeout))), ['0 fulfilled'])
    for (const height of [1030, 1060]) t.deepEqual(outcomes(at(bob, height)), [])
    t.true(tx.outputs.length > 0)
  }
})

test('a claim that is undone — takes along what spends its output, whether or not that was told', (t) => {
  const spending = (txid: Uint8Array): ConfirmedSpend => {
    const inputs = [{ outpoint: { txid, index: 0 }, sequence: 0, scriptSig: EMPTY, witness: [] }]
    const tx: Tx = { version: 2, inputs, outputs: [{ amount: 1_000n, script: EMPTY }], lockTime: 0 }
    return { txid: txidOf(tx), tx, height: 1001 }
  }
  const first = spending(new Uint8Array(32).fill(1))
  const second = spending(first.txid)
  const third = spending(second.txid)
  const other = spending(new Uint8Array(32).fill(2))
  const closing: ClosingProgress = {
    cause: 'operator',
    startedAt: 1000,
    publishLocal: true,
    spends: [],
    claims: [first, other, third, second],
    settled: [],
  }
  t.deepEqual(without(closing, { txid: first.txid }).claims, [other])
  t.deepEqual(without(closing, { outpoint: { txid: first.txid, index: 0 } }).claims, [first, other])
})

test('what was passed upstream stays passed, whatever is undone later', (t) => {
  const { bob, tx, first } = claimed()
  t.deepEqual(outcomes(at(bob, 1016)), ['0 timed-out-on-chain'])
  const timeout = first.find(({ kind }) => kind.type === 'offered-htlc')
  if (timeout === undefined) return t.fail()
  // Deeper than any rule reaches: the loss is ours, and nobody hears two things.
  unconfirmed(bob, tx)
  seeClose(bob, tx, 1020)
  t.deepEqual(outcomes(mine(bob, timeout, 1021, takenBy(preimageOf(1), timeout))), [])
  for (const height of [1030, 1130]) t.deepEqual(outcomes(at(bob, height)), [])
})

test('a spend in the mempool — is kept nowhere, however often it is replaced: only its preimage is', (t) => {
  const { bob, first } = claimed()
  const timeout = first.find(({ kind }) => kind.type === 'offered-htlc')
  if (timeout === undefined) return t.fail()
  unspent(bob, timeout)
  const before = bob.state.durable
  const seen = (lockTime: number, witness: Tx): readonly Effect[] =>
    bob.run({ type: 'spent', outpoint: timeout.outpoint, tx: { ...witness, lockTime }, inMempool: true })
  for (let lockTime = 1; lockTime < 50; lockTime++) t.deepEqual(seen(lockTime, timeout.tx), [])
  const funding = fundingOutpoint(bob)
  for (let lockTime = 1; lockTime < 50; lockTime++) {
    t.deepEqual(bob.run({ type: 'spent', outpoint: funding, tx: { ...timeout.tx, lockTime }, inMempool: true }), [])
  }
  t.is(bob.state.durable, before)
  const effects = seen(50, takenBy(preimageOf(1), timeout))
  t.deepEqual(outcomes(effects), ['0 fulfilled'])
  t.false(effects.some(({ type }) => type === 'watch-confirmed'))
})

test('closes that were in a block and are in none — few are kept, and one that is not is handled as before when it is in a block again', (t) => {
  const { alice, close } = mutual()
  const another = (n: number): Tx => ({ ...close, lockTime: n })
  for (let n = 1; n <= 40; n++) {
    seeClose(alice, another(n))
    unconfirmed(alice, another(n))
    const { durable } = alice.state
    t.true(durable.phase === 'closing' && durable.closing.spends.length <= 9)
  }
  seeClose(alice, another(1), 1010)
  at(alice, 1015)
  t.is(endOf(alice), 'done')
})

test('an input that is told twice, or of what the state does not have, changes nothing', (t) => {
  const { bob, tx, first } = claimed()
  const [claim] = first
  if (claim === undefined) return t.fail()
  const settled = bob.state.durable
  confirmed(bob, tx, 1000)
  confirmed(bob, claim.tx, 1011)
  bob.run({ type: 'unconfirmed', txid: new Uint8Array(32).fill(7) })
  bob.run({ type: 'unspent', outpoint: { ...claim.outpoint, index: 99 } })
  t.is(bob.state.durable, settled)
  unspent(bob, claim)
  const undone = bob.state.durable
  unspent(bob, claim)
  unconfirmed(bob, claim.tx)
  t.is(bob.state.durable, undone)
})

test('a restart — watches what the state has from blocks only for its undoing, and what it has not from the block of the spend on', (t) => {
  const { bob, first } = claimed()
  const { durable } = bob.state
  if (durable.phase !== 'closing') return t.fail()
  const watched = (party: TestParty, followed: boolean) => {
    const { followed: _, ...closing } = durable.closing
    const state = { durable: { ...durable, closing: followed ? { ...closing, followed: true as const } : closing } }
    return resume(state, party.env).flatMap((effect) => (effect.type === 'watch-spent' ? [effect] : []))
  }
  const known = (effects: ReturnType<typeof watched>) => effects.map((effect) => effect.known?.height)
  const since = (effects: ReturnType<typeof watched>) => effects.map((effect) => effect.since)
  t.deepEqual(known(watched(bob, true)), [1000, ...first.map(() => 1011)])
  t.deepEqual(since(watched(bob, true)), [undefined, ...first.map(() => undefined)])
  // A row of an earlier version: outputs may have been spent unseen.
  t.deepEqual(since(watched(bob, false)), [undefined, ...first.map(() => 1000)])
  // From the next block on they have been looked for.
  bob.state = { durable: { ...durable, closing: { ...durable.closing } } }
  at(bob, 1012)
  const { durable: later } = bob.state
  t.is(later.phase === 'closing' && later.closing.followed, true)
})

test('what an end was told as, and what was looked through, is read back', (t) => {
  const { alice, close } = mutual()
  seeClose(alice, close)
  at(alice, 1010)
  const { durable } = alice.state
  if (durable.phase !== 'closing') return t.fail()
  const { channelRow, htlcRows } = encodeChannel(undefined, durable)
  const read = decodeChannel(channelRow, htlcRows)
  if (!read.ok || read.value.phase !== 'closing') return t.fail()
  t.deepEqual(read.value.closing, durable.closing)
  t.is(read.value.closing.done?.kind, 'mutual')
  t.truthy(fundingOutpoint(alice))
})
