import test from 'ava'
import { formatOutPoint, type Tx, txWeight } from '../../bitcoin/transaction.ts'
import {
  CONFIRMED_AT,
  EXPIRY,
  ofOurCommitment,
  ofPeersCommitment,
  ofRevokedCommitment,
} from '../../channel/claims/fixtures/many-htlcs.ts'
import type { Claim } from '../../channel/index.ts'
import { inputsOf, ordersOf, owner, publisherRig } from './fixtures/publisher-rig.ts'
import { mayReplace } from './replacement.ts'

const HEIGHT = EXPIRY + 200
/** The outputs of our HTLC transactions. */
const PATIENT = ofOurCommitment().slice(1)
/** HTLCs that we can fulfil on the peer's commitment, until they expire. */
const URGENT = ofPeersCommitment().filter(({ kind }) => kind.type === 'received-htlc')

const rig = (claims: readonly Claim[] = PATIENT, height = HEIGHT) => publisherRig({ orders: ordersOf(claims), height })

/** Somebody else's spend of it. */
const rivalOf = ({ tx }: Claim): Tx => ({ ...tx, outputs: tx.outputs.map((output) => ({ ...output, amount: 1_000n })) })

const feeOf = (tx: Tx, claims: readonly Claim[]): bigint => {
  const taken = new Set(tx.inputs.map(({ outpoint }) => formatOutPoint(outpoint)))
  const amount = claims
    .filter(({ outpoint }) => taken.has(formatOutPoint(outpoint)))
    .reduce((sum, claim) => sum + claim.amount, 0n)
  return tx.outputs.reduce((left, output) => left - output.amount, amount)
}

test('outputs that only we can take — are taken by one transaction, and each says so', async (t) => {
  const { the, publisher, told, block } = await rig()
  t.deepEqual(inputsOf(the()), [20])
  t.deepEqual(told, ['channel.transaction-published'])
  const [record, ...others] = publisher.transactionsOf(owner.channelId)
  t.deepEqual(others, [])
  t.like(record, { purpose: 'htlc-output', status: 'waiting', why: 'estimate' })
  t.true(Math.abs((record?.feeratePerKw ?? 0) - 1_000) < 20)
  const waits = publisher.claimsOf(owner.channelId)
  t.deepEqual(
    waits.map(({ claim }) => claim.outpoint),
    PATIENT.map(({ outpoint }) => outpoint),
  )
  t.true(waits.every(({ published, outputs }) => published === record && outputs === 20))
  // Asked for again, nothing is new.
  await block(1_000, HEIGHT + 1, ordersOf(PATIENT))
  t.deepEqual(inputsOf(the()), [20])
  t.is(told.length, 1)
})

test('outputs of different purposes — are taken jointly, and the record says that', async (t) => {
  const [balance, ...others] = ofOurCommitment()
  if (balance === undefined) return t.fail()
  const { publisher } = await rig([{ ...balance, stakes: { budget: 25_000n } }, ...others])
  t.deepEqual(
    publisher.transactionsOf(owner.channelId).map(({ purpose }) => purpose),
    ['joint-claim'],
  )
})

test('what comes later — is not put into what waits for a block already, but is taken jointly with what comes with it', async (t) => {
  const { the, ask } = await rig(PATIENT.slice(0, 12))
  const [first] = the()
  await ask(ordersOf(PATIENT))
  t.deepEqual(inputsOf(the()), [12, 8])
  t.is(the()[0], first)
})

test('a joint transaction — is raised as one, pays for what it replaces, and never more than all of it is worth', async (t) => {
  const { the, block, record } = await rig(URGENT, CONFIRMED_AT)
  let before = the()
  const budget = URGENT.reduce((sum, { stakes }) => sum + stakes.budget, 0n)
  for (const [feerate, height] of [
    [2_000, CONFIRMED_AT + 1],
    [2_050, CONFIRMED_AT + 2],
    [5_000, EXPIRY - 19],
    [5_000, EXPIRY - 10],
    [5_000, EXPIRY - 3],
    [5_000, EXPIRY - 1],
  ] as const) {
    await block(feerate, height, ordersOf(URGENT))
    const [last] = before
    const [next, ...others] = the()
    if (last === undefined || next === undefined) return t.fail()
    t.deepEqual(others, [])
    t.deepEqual(inputsOf([next]), [10])
    const paid = (tx: Tx) => ({ fee: feeOf(tx, URGENT), weight: txWeight(tx) })
    if (next !== last) t.true(mayReplace(paid(last), paid(next)))
    t.true(paid(next).fee <= budget)
    if (height === EXPIRY - 1) t.is(paid(next).fee, budget)
    before = the()
  }
  t.regex(record()[0] ?? '', /^waiting [345]$/)
})

test('an output that another has spent in a block — the others are taken without it in that block, as cheaply as before; if it is undone, it is taken alone', async (t) => {
  const { the, publisher, spent, unspent, block, record, wallet } = await rig()
  const [lost, ...left] = PATIENT
  if (lost === undefined) return t.fail()
  const [joint] = the()
  if (joint === undefined) return t.fail()
  await spent(rivalOf(lost), lost.outpoint)
  t.deepEqual(record(), ['waiting 0'])
  await block(1_000, HEIGHT + 1)
  const [next, ...others] = the()
  if (next === undefined) return t.fail()
  t.deepEqual([inputsOf([next]), others], [[19], []])
  t.true(feeOf(next, PATIENT) < feeOf(joint, PATIENT))
  t.deepEqual(record(), ['waiting 1'])
  t.is(publisher.claimsOf(owner.channelId).length, 19)
  t.is(wallet.transactions().length, 1)
  await block(1_000, HEIGHT + 2, ordersOf(left))
  t.deepEqual(the(), [next])

  await unspent(lost.outpoint)
  await block(1_000, HEIGHT + 1, ordersOf(PATIENT))
  t.deepEqual(inputsOf(the()), [19, 1])
  t.is(the()[0], next)
})

test('outputs that another has spent in one block — the rest is made anew once', async (t) => {
  const { the, told, spent, block } = await rig()
  for (const claim of PATIENT.slice(0, 15)) await spent(rivalOf(claim), claim.outpoint)
  t.is(told.length, 1)
  await block(1_000)
  t.deepEqual([inputsOf(the()), told.length], [[5], 2])
  for (const claim of PATIENT.slice(15)) await spent(rivalOf(claim), claim.outpoint)
  await block(1_000)
  t.deepEqual(the(), [])
})

test('a joint transaction in a block — has taken all of it, whichever of them it is; a reorganisation brings it back', async (t) => {
  const { the, publisher, spent, unspent, block, record } = await rig()
  const [first] = the()
  await block(3_000)
  const [second] = the()
  if (first === undefined || second === undefined) return t.fail()
  t.not(first, second)
  for (const { outpoint } of PATIENT) await spent(first, outpoint)
  await block(3_000)
  t.deepEqual(record(), ['confirmed 0'])
  t.deepEqual(publisher.claimsOf(owner.channelId), [])
  t.deepEqual(the(), [])
  for (const { outpoint } of PATIENT) await unspent(outpoint)
  t.deepEqual(the(), [first])
  await block(9_000, HEIGHT + 1, ordersOf(PATIENT))
  t.deepEqual(inputsOf(the()), [20])
  t.deepEqual(record(), ['waiting 1'])
})

test('the next life of the node — goes on with the joint transaction that there is, also if the channel asks for its outputs one after the other', async (t) => {
  const { the, open, ask, block, told, record } = await rig()
  const before = the()
  const again = await open()
  await ask(ordersOf(PATIENT.slice(0, 5)), again)
  await ask(ordersOf(PATIENT.slice(5)), again)
  await block(1_000, HEIGHT + 1)
  t.deepEqual(the(), before)
  t.is(told.length, 1)
  await block(3_000, HEIGHT + 2, [])
  t.deepEqual(record(again), ['waiting 1'])
  t.deepEqual(inputsOf(the()), [20])
})

test('an output that the channel asks for no more — the others are taken without it, in this life of the node or the next', async (t) => {
  const { the, block, open, ask } = await rig()
  const left = PATIENT.slice(1)
  for (const blocks of [1, 2, 3]) await block(1_000, HEIGHT + blocks, ordersOf(left))
  t.deepEqual(inputsOf(the()), [20])
  await block(1_000, HEIGHT + 4, ordersOf(left))
  t.deepEqual(inputsOf(the()), [19])

  const again = await open()
  await ask(ordersOf(left.slice(1)), again)
  t.deepEqual(inputsOf(the()), [19])
  await block(1_000, HEIGHT + 5)
  t.deepEqual(inputsOf(the()), [18])
})

test('an output that the peer may take by now and tries to — is competed for alone, and holds up no other', async (t) => {
  const { the, block, seen } = await rig(URGENT, CONFIRMED_AT)
  const [contested] = URGENT
  if (contested === undefined) return t.fail()
  // Before it may, that can only be one of ours, of an earlier life.
  await seen(rivalOf(contested), contested.outpoint)
  await block(1_000, EXPIRY - 1, ordersOf(URGENT))
  t.deepEqual(inputsOf(the()), [10])
  await block(1_000, EXPIRY, ordersOf(URGENT))
  t.deepEqual(inputsOf(the()).toSorted(), [1, 9])
})

test('outputs all of which the peer tries to take by now — are each competed for alone, and the joint transaction is given up', async (t) => {
  const { the, block, seen, record } = await rig(URGENT, CONFIRMED_AT)
  for (const claim of URGENT) await seen(rivalOf(claim), claim.outpoint)
  await block(1_000, EXPIRY, ordersOf(URGENT))
  t.deepEqual(inputsOf(the()), new Array(10).fill(1))
  t.deepEqual(record().toSorted(), ['lost 0', ...new Array(10).fill('waiting 0')])
})

test('an earlier transaction of ours in the mempool — is no rival', async (t) => {
  const { the, block, seen } = await rig(URGENT, CONFIRMED_AT)
  const [first] = the()
  await block(3_000, EXPIRY - 30, ordersOf(URGENT))
  for (const { outpoint } of URGENT) await seen(first, outpoint)
  await block(3_000, EXPIRY, ordersOf(URGENT))
  t.deepEqual(inputsOf(the()), [10])
})

test('a revoked commitment — its main output is taken alone, and what the peer has taken by HTLC transactions together', async (t) => {
  const height = CONFIRMED_AT + 1
  const { the, publisher } = await rig(ofRevokedCommitment(height), height)
  t.deepEqual(
    inputsOf(the()).toSorted((a, b) => a - b),
    [1, 1, 20],
  )
  t.deepEqual(
    publisher
      .transactionsOf(owner.channelId)
      .map(({ purpose }) => purpose)
      .toSorted(),
    ['penalty', 'penalty', 'to-remote'],
  )
})

test('the operator raises a joint transaction — once, for all of its outputs', async (t) => {
  const { publisher, the } = await rig()
  const { raised } = publisher.raiseTo(owner.channelId, 3_000)
  t.deepEqual(
    raised.map(({ why, replaced }) => [why, replaced]),
    [['operator', 1]],
  )
  t.deepEqual(
    the().map(({ inputs }) => inputs.length),
    [20],
  )
})

test('the end of the channel — takes the record of a joint transaction along, and its outputs are followed no more', async (t) => {
  const { publisher, open, store, the, watches, wallet } = await rig()
  publisher.forget(owner.channelId)
  await store.flush()
  t.deepEqual([the(), watches.size, (await open()).transactionsOf(owner.channelId), wallet.pending()], [[], 0, [], []])
})
