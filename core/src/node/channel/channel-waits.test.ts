import test from 'ava'
import { displayTxid, txidOf } from '../../bitcoin/transaction.ts'
import { putInDoubt } from '../../channel/index.ts'
import {
  at,
  commitmentOf,
  confirmed,
  fundingOutpoint,
  mine,
  seeClose,
} from '../../channel/transitions/fixtures/closing.ts'
import { fundingTransaction, SIMPLE_CLOSE, type TestParty } from '../../channel/transitions/fixtures/test-party.ts'
import { hashOf, preimageOf, TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { toHex } from '../../lib/bytes.ts'
import type { ClaimProgress } from '../publishing/orders.ts'
import type { ChannelCondition } from './channel-standing.ts'
import { blindView, type ChannelWait, summarize, type WaitsView, waitsOf } from './channel-waits.ts'

const waits = (
  { state, env }: TestParty,
  condition: Partial<ChannelCondition> = {},
  view: Partial<WaitsView> = {},
): readonly ChannelWait[] =>
  waitsOf(
    { state, durableState: state, quarantined: false, spentInMempool: false, ...condition },
    { ...blindView(env), ...view },
  )

const ofKind = <Kind extends ChannelWait['kind']>(all: readonly ChannelWait[], kind: Kind) =>
  all.filter((wait): wait is Extract<ChannelWait, { kind: Kind }> => wait.kind === kind)

const claimsOf = (party: TestParty): readonly string[] =>
  ofKind(waits(party), 'claim').map(({ purpose, from, deadline }) => `${purpose} ${from ?? 'now'} ${deadline ?? '-'}`)

const ready = (): TwoParties => new TwoParties().ready({ pushMsat: 200_000_000n })

/** Alice's commitment is in block 1000. */
const closedByAlice = (two: TwoParties): void => {
  two.run(two.alice, { type: 'force-close' })
  seeClose(two.alice, commitmentOf(two.alice))
}

test('opening — the funding, with its confirmations; and who does not pay for it forgets the channel in the end', (t) => {
  const two = new TwoParties()
  two.open()
  const { txid } = fundingOutpoint(two.alice)
  const funding = { kind: 'funding', txid: displayTxid(txid), confirmations: 0, needed: 3 } as const
  t.deepEqual(waits(two.alice), [{ ...funding, action: 'use-channel' }])
  t.deepEqual(waits(two.bob), [{ ...funding, until: 1000 + 2016, action: 'forget' }])
  const isSeen = { foundAt: () => 999 }
  t.deepEqual(waits(two.bob, {}, isSeen), [{ ...funding, confirmations: 2, action: 'use-channel' }])
})

test('a funding that can be in no block any more — the channel closes once that is six deep, and is forgotten 100 deep, with nothing to claim', (t) => {
  const two = new TwoParties()
  two.open({ channelType: { scidAlias: false, zeroConf: true }, minimumDepth: 0, pushMsat: 300_000_000n })
  two.add(two.alice, 1)
  two.settle()
  const { alice } = two
  const { fundingTx } = alice.funded
  const [input] = fundingTx?.inputs ?? []
  if (input === undefined) return t.fail()
  const rival = { ...fundingTransaction(new Uint8Array(34), 5n), inputs: [input] }
  alice.run({ type: 'spent', outpoint: input.outpoint, tx: rival })
  confirmed(alice, rival, 1000)
  const { txid } = fundingOutpoint(alice)
  const funding = { kind: 'funding', txid: displayTxid(txid), confirmations: 0 } as const
  t.like(ofKind(waits(alice), 'funding'), [{ ...funding, until: 1005, action: 'close-alone' }])
  at(alice, 1005)
  t.like(waits(alice), [{ ...funding, until: 1099, action: 'forget' }])
  t.is(waits(alice).length, 1)
  at(alice, 1098)
  t.is(alice.phase, 'closing')
  at(alice, 1099)
  t.is(alice.phase, 'closed')
})

test('a coin of the funding that is none any more — is waited for in the same way', (t) => {
  const two = new TwoParties()
  two.open()
  const { alice } = two
  alice.env = { ...alice.env, areCoinsGone: true }
  at(alice, 1001)
  t.like(waits(alice), [{ kind: 'funding', until: 1006, action: 'close-alone' }])
  at(alice, 1006)
  t.like(waits(alice), [{ kind: 'funding', until: 1100, action: 'forget' }])
})

test('a peer’s funding that is in no block — no commitment of ours is shown as published', (t) => {
  const two = ready()
  const { bob } = two
  for (const party of [bob, two.alice]) two.run(party, { type: 'force-close' })
  const ours = displayTxid(txidOf(commitmentOf(bob)))
  const shown = () => ofKind(waits(bob), 'close-confirmation').flatMap(({ transactions }) => transactions)
  t.like(shown(), [{ txid: ours, by: 'local' }])
  seeClose(bob, commitmentOf(two.alice))
  bob.run({ type: 'unconfirmed', txid: txidOf(commitmentOf(two.alice)) })
  bob.run({ type: 'unconfirmed', txid: fundingOutpoint(bob).txid })
  t.deepEqual(
    shown().map(({ by }) => by),
    ['remote'],
  )
})

test('opening — the peer’s channel_ready', (t) => {
  const two = new TwoParties()
  two.open()
  two.confirm(two.alice)
  t.deepEqual(waits(two.alice), [{ kind: 'channel-ready', action: 'use-channel' }])
})

test('a channel in use waits for nothing; away, silent, resting or behind, for its peer', (t) => {
  const two = ready()
  t.deepEqual(waits(two.alice), [])
  two.disconnect()
  t.deepEqual(waits(two.alice), [{ kind: 'peer', action: 'reconnect' }])
  two.connect()
  const { now } = two.alice.env
  t.deepEqual(waits(two.alice, { answerBy: now + 60_000 }), [
    { kind: 'reestablishment', untilTime: now + 60_000, action: 'nothing' },
  ])
  t.deepEqual(waits(two.alice, { answerBy: now - 1 }), [{ kind: 'reestablishment', action: 'nothing' }])
  const rest = { from: 'reestablishment', until: now + 5_000 } as const
  t.deepEqual(waits(two.alice, { rest }), [{ kind: 'rest', untilTime: now + 5_000, action: 'use-channel' }])
  const { session, durable } = two.alice.state
  if (session === undefined) return t.fail()
  const behind = { durable, session: { ...session, peerIsBehind: true } }
  t.deepEqual(waits(two.alice, { state: behind }), [{ kind: 'peer-state', action: 'nothing' }])
  const unseen = { durable, session: { ...session, rest: { from: 'chain', heard: [] } } } as const
  t.deepEqual(waits(two.alice, { state: unseen }), [{ kind: 'chain', action: 'use-channel' }])
})

test('a funding that is undone, and one that a channel is used before', (t) => {
  const two = ready()
  const { txid } = fundingOutpoint(two.alice)
  for (const party of [two.alice, two.bob]) {
    party.env = { ...party.env, height: 1010 }
    party.run({ type: 'unconfirmed', txid })
  }
  t.like(waits(two.alice), [{ kind: 'funding', confirmations: 0, action: 'use-channel' }])
  t.like(waits(two.bob), [{ kind: 'funding', until: 1010 + 2016, action: 'forget' }])

  const early = new TwoParties()
  early.open({ channelType: { scidAlias: false, zeroConf: true }, minimumDepth: 0 })
  t.is(early.bob.phase, 'normal')
  t.like(waits(early.bob), [{ kind: 'funding', needed: 6, until: 3016, action: 'forget' }])
  early.add(early.alice, 1)
  early.settle()
  t.like(ofKind(waits(early.bob), 'funding'), [{ until: 3016, action: 'close-alone' }])
})

test('a funding that never comes to a channel that has failed — it is kept as long again', (t) => {
  const two = new TwoParties()
  two.open({ channelType: { scidAlias: false, zeroConf: true }, minimumDepth: 0 })
  two.add(two.alice, 1)
  two.settle()
  two.run(two.bob, { type: 'force-close' })
  t.like(waits(two.bob), [{ kind: 'funding', until: 1000 + 2 * 2016, action: 'forget' }])
})

test('in doubt — a proof of the peer; its HTLCs close nothing by themselves', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.settle()
  const durable = putInDoubt(two.alice.funded)
  two.disconnect()
  two.alice.state = { durable }
  const kinds = waits(two.alice).map(({ kind, action }) => `${kind} ${action}`)
  t.deepEqual(kinds, ['proof-of-state use-channel', 'peer reconnect', 'htlc-deadline nothing'])
})

test('quarantine — the operator; the deadlines of its HTLCs count all the same', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.settle()
  const kinds = waits(two.alice, { quarantined: true }).map(({ kind, action }) => `${kind} ${action}`)
  t.deepEqual(kinds, ['release nothing', 'htlc-deadline close-alone'])
})

test('quarantine — the operator also of a channel that closes', (t) => {
  const two = ready()
  closedByAlice(two)
  t.deepEqual(
    waits(two.alice, { quarantined: true }).map(({ kind }) => kind),
    ['release', 'claim'],
  )
})

test('loss of data — the peer’s commitment, and never ours', (t) => {
  const two = ready()
  const { durable } = two.alice.state
  two.add(two.alice, 1)
  two.settle()
  two.disconnect()
  two.alice.state = { durable }
  two.connect()
  two.deliver(two.bob)
  t.deepEqual(waits(two.alice), [{ kind: 'peer-commitment', action: 'claim' }])
  two.disconnect()
  t.deepEqual(
    waits(two.alice).map(({ kind }) => kind),
    ['peer-commitment', 'peer'],
  )
})

test('HTLCs — each height at which they close the channel, once: what we offered after its expiry, what we fulfil before', (t) => {
  const two = ready()
  two.add(two.alice, 1, 10_000_000n, 1144)
  two.add(two.alice, 2, 20_000_000n, 1144)
  two.add(two.bob, 3, 30_000_000n, 1200)
  two.settle()
  const offered = {
    kind: 'htlc-deadline',
    htlcs: 2,
    amountMsat: 30_000_000n,
    until: 1146,
    action: 'close-alone',
  } as const
  t.deepEqual(waits(two.alice), [offered])
  // Nothing is lost with an HTLC that we cannot fulfil.
  two.fulfil(two.alice, 0n, 3)
  t.deepEqual(waits(two.alice), [
    offered,
    { kind: 'htlc-deadline', htlcs: 1, amountMsat: 30_000_000n, until: 1182, action: 'close-alone' },
  ])
  at(two.alice, 1145)
  t.is(two.alice.phase, 'normal')
  at(two.alice, 1146)
  t.is(two.alice.phase, 'closing')
})

test('shutdown — the peer’s answer, then the HTLCs that are left with their deadline, then the last updates', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.settle()
  two.run(two.alice, { type: 'close' })
  t.like(waits(two.alice), [{ kind: 'shutdown', action: 'offer-close' }, { kind: 'htlc-deadline' }])
  two.settle()
  t.is(two.alice.phase, 'shutdown')
  t.deepEqual(ofKind(waits(two.alice), 'htlcs'), [
    { kind: 'htlcs', htlcs: 1, amountMsat: 10_000_000n, until: 1146, action: 'close-alone' },
  ])
  two.fulfil(two.bob, 0n, 1)
  two.deliver(two.bob)
  two.sign(two.bob)
  two.deliver(two.bob)
  t.deepEqual(ofKind(waits(two.alice), 'updates'), [{ kind: 'updates', action: 'offer-close' }])
})

test('closing_signed — who has answered last, by which fees, until when; and what happens then', (t) => {
  const two = ready()
  two.run(two.alice, { type: 'close' })
  two.deliver(two.alice)
  two.deliver(two.bob)
  t.is(two.alice.phase, 'negotiating')
  const answerBy = two.alice.env.now + 30_000
  const offeredSat = two.alice.state.session?.closing?.lastSentFee
  t.deepEqual(waits(two.alice, { answerBy }), [
    {
      kind: 'close-signature',
      answeredBy: 'local',
      offeredSat,
      untilTime: answerBy,
      action: 'close-alone',
    } as ChannelWait,
  ])
  // The fundee has not heard of it.
  t.deepEqual(waits(two.bob), [{ kind: 'close-signature', action: 'close-alone' }])
  two.disconnect()
  t.deepEqual(
    waits(two.alice).map(({ kind, action }) => `${kind} ${action}`),
    ['peer reconnect', 'close-signature offer-close'],
  )
})

test('closing_signed — a fee of the peer that we do not pay waits for the operator', (t) => {
  const two = ready()
  two.run(two.alice, { type: 'close' })
  two.deliver(two.alice)
  two.deliver(two.bob)
  const { session, durable } = two.alice.state
  if (session?.closing === undefined) return t.fail()
  const refused = {
    type: 'closing_signed',
    channelId: two.alice.funded.params.channelId,
    feeSatoshis: 99_000n,
    signature: new Uint8Array(64),
  } as unknown as NonNullable<typeof session.closing.refused>
  const state = { durable, session: { ...session, closing: { ...session.closing, lastOffer: refused, refused } } }
  t.like(waits(two.alice, { state }), [
    { kind: 'close-signature', answeredBy: 'remote', askedSat: 99_000n, refused: 'fee-too-high', action: 'nothing' },
  ])
})

test('closing_complete — ours that waits for the peer’s signature, and a replacement of one that waits for a block', (t) => {
  const two = new TwoParties({ alice: { features: SIMPLE_CLOSE }, bob: { features: SIMPLE_CLOSE } })
  two.ready({ pushMsat: 200_000_000n })
  two.run(two.alice, { type: 'close' })
  two.deliver(two.alice)
  two.deliver(two.bob)
  const fee = two.alice.state.session?.simpleClose?.offered?.fee
  t.truthy(fee)
  t.like(waits(two.alice), [{ kind: 'close-signature', answeredBy: 'local', offeredSat: fee, action: 'reconnect' }])
  two.settle()
  t.is(two.alice.phase, 'closing')
  const [first] = ofKind(waits(two.alice), 'close-confirmation')
  t.true(first?.transactions.some(({ by, feeSat }) => by === 'both' && feeSat === fee))
  two.run(two.alice, { type: 'close', minFeeratePerKw: 20_000 })
  t.deepEqual(
    waits(two.alice).map(({ kind }) => kind),
    ['close-confirmation', 'close-signature'],
  )
})

test('a close that no block holds — of both, ours with its anchor and the next step of its fee, and the peer’s beside a deadline', (t) => {
  const both = ready()
  both.run(both.alice, { type: 'close' })
  both.settle()
  t.is(both.alice.phase, 'closing')
  t.like(waits(both.alice), [{ kind: 'close-confirmation', action: 'claim' }])

  const two = ready()
  two.add(two.bob, 1, 50_000_000n, 1144)
  two.settle()
  two.run(two.alice, { type: 'force-close' })
  two.lose(two.alice)
  const tx = commitmentOf(two.alice)
  const publish = two.alice.effects.find((effect) => effect.type === 'publish' && effect.purpose === 'anchor')
  if (publish?.type !== 'publish' || publish.publication.type !== 'claim') return t.fail()
  const { claim } = publish.publication
  const anchor: ClaimProgress = {
    claim,
    published: {
      purpose: 'anchor',
      tx,
      fee: 900n,
      feeratePerKw: 1_200,
      why: 'estimate',
      replaced: 0,
      status: 'waiting',
    },
    next: { height: 1_120, feeratePerKw: 2_000 },
    shortage: { needed: 5_000n, available: 3_000n },
  }
  const [pending, raised] = waits(two.alice, {}, { claims: [anchor] })
  t.deepEqual(pending, {
    kind: 'close-confirmation',
    transactions: [{ txid: displayTxid(txidOf(tx)), by: 'local' }],
    action: 'claim',
  })
  t.like(raised, {
    kind: 'claim',
    purpose: 'anchor',
    feeSat: 900n,
    feerate: 1_200,
    reason: 'estimate',
    nextFeerate: 2_000,
    until: 1_120,
    action: 'raise-fee',
    missingSat: 2_000n,
  })
  // What the peer published and nobody mines: ours is published when an HTLC can wait no longer.
  two.bob.run({ type: 'spent', outpoint: fundingOutpoint(two.bob), tx })
  t.deepEqual(waits(two.bob), [
    {
      kind: 'close-confirmation',
      transactions: [{ txid: displayTxid(txidOf(tx)), by: 'remote' }],
      until: 1146,
      action: 'close-alone',
    },
  ])
})

test('a spend of the funding in the mempool — the block that holds it', (t) => {
  const two = ready()
  t.deepEqual(waits(two.alice, { spentInMempool: true }), [
    { kind: 'close-confirmation', transactions: [], action: 'claim' },
  ])
})

test('our commitment in a block — each output from when on it is ours, by when, and what is then told upstream', (t) => {
  const two = ready()
  two.add(two.alice, 1, 50_000_000n, 1144)
  two.add(two.bob, 2, 60_000_000n, 1150)
  two.add(two.bob, 3, 70_000_000n, 1160)
  two.settle()
  two.fulfil(two.alice, 0n, 2)
  closedByAlice(two)
  t.deepEqual([...claimsOf(two.alice)].sort(), ['htlc-success now 1150', 'htlc-timeout 1144 1184', 'to-local 1143 -'])
  t.deepEqual(ofKind(waits(two.alice), 'peer-claim'), [
    { kind: 'peer-claim', paymentHash: toHex(hashOf(3)), amountMsat: 70_000_000n, until: 1160, action: 'nothing' },
  ])
  t.deepEqual(
    ofKind(waits(two.alice), 'claim')
      .map(({ until, action }) => `${until ?? '-'} ${action}`)
      .sort(),
    ['- nothing', '1143 claim', '1144 claim'],
  )
  const claim = at(two.alice, 1144).flatMap((effect) =>
    effect.type === 'publish' &&
    effect.publication.type === 'claim' &&
    effect.publication.claim.kind.type === 'htlc-timeout'
      ? [effect.publication.claim]
      : [],
  )[0]
  if (claim === undefined) return t.fail()
  mine(two.alice, claim, 1145)
  t.deepEqual(ofKind(waits(two.alice), 'htlc-outcome'), [
    { kind: 'htlc-outcome', htlcs: 1, amountMsat: 50_000_000n, until: 1150, action: 'fail-upstream' },
  ])
  at(two.alice, 1149)
  t.is(ofKind(waits(two.alice), 'htlc-outcome').length, 1)
  at(two.alice, 1150)
  t.is(ofKind(waits(two.alice), 'htlc-outcome').length, 0)
})

test('an HTLC without an output — is told upstream once the commitment is deep', (t) => {
  const two = ready()
  two.add(two.alice, 1, 300_000n)
  two.settle()
  closedByAlice(two)
  t.like(ofKind(waits(two.alice), 'htlc-outcome'), [{ htlcs: 1, until: 1005 }])
  at(two.alice, 1005)
  t.deepEqual(ofKind(waits(two.alice), 'htlc-outcome'), [])
})

test('the peer’s commitment in a block — our outputs in it, with what the publisher has of them', (t) => {
  const two = ready()
  two.run(two.alice, { type: 'force-close' })
  two.lose(two.alice)
  seeClose(two.bob, commitmentOf(two.alice))
  t.deepEqual(claimsOf(two.bob), ['to-remote now -'])
})

test('a revoked commitment in a block — penalties and their deadline, those of HTLCs that have ended included', (t) => {
  const two = ready()
  const old = two.alice.state
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  two.alice.state = old
  two.run(two.alice, { type: 'force-close' })
  two.lose(two.alice)
  seeClose(two.bob, commitmentOf(two.alice))
  t.deepEqual([...claimsOf(two.bob)].sort(), ['penalty now 1143', 'to-remote now -'])
  const claims = two.bob.effects.flatMap((effect) =>
    effect.type === 'publish' && effect.publication.type === 'claim' ? [effect.publication.claim] : [],
  )
  // What the publisher was told of and the snapshot cannot know is shown as well.
  const [penalty] = claims.filter(({ kind }) => kind.type === 'penalty')
  if (penalty === undefined) return t.fail()
  const recalled = { claim: { ...penalty, outpoint: { ...penalty.outpoint, index: 9 } } }
  t.is(ofKind(waits(two.bob, {}, { claims: [{ claim: penalty }, recalled] }), 'claim').length, 3)
})

test('a revoked commitment of our own that is undone — ours is waited for, or where that may be old, the proof that it is not', (t) => {
  for (const isInDoubt of [false, true]) {
    const two = ready()
    const { alice } = two
    const old = alice.state
    two.add(alice, 1)
    two.settle()
    const now = alice.state
    alice.state = old
    alice.run({ type: 'force-close' })
    const revoked = commitmentOf(alice)
    alice.state = now
    if (isInDoubt) alice.state = { durable: putInDoubt(alice.funded) }
    seeClose(alice, revoked)
    alice.run({ type: 'unconfirmed', txid: txidOf(revoked) })
    const [wait] = waits(alice)
    if (isInDoubt) t.deepEqual(wait, { kind: 'proof-of-state', action: 'nothing' })
    else t.like(wait, { kind: 'close-confirmation', transactions: [{ by: 'local' }, { by: 'local' }] })
  }
})

test('a commitment that nobody knows in a block — what is lost in it is said for ever', (t) => {
  const two = ready()
  two.add(two.alice, 1, 50_000_000n)
  two.settle()
  const old = two.bob.state
  two.add(two.bob, 2, 60_000_000n)
  two.settle()
  two.run(two.alice, { type: 'force-close' })
  two.lose(two.alice)
  two.add(two.alice, 3, 1_000_000n)
  two.bob.state = old
  two.fulfil(two.bob, 0n, 1)
  seeClose(two.bob, commitmentOf(two.alice))
  t.like(ofKind(waits(two.bob), 'lost-funds'), [{ amountMsat: 50_000_000n, action: 'nothing' }])
})

test('all is taken — six blocks until it is told as closed, and a hundred until it is forgotten', (t) => {
  const two = ready()
  two.run(two.alice, { type: 'close' })
  two.settle()
  const publish = two.alice.effects.find((effect) => effect.type === 'publish' && effect.purpose === 'mutual-close')
  if (publish?.type !== 'publish' || publish.publication.type !== 'funding-spend') return t.fail()
  seeClose(two.alice, publish.publication.tx, 1001)
  two.alice.env = { ...two.alice.env, height: 1003 }
  const depth = { kind: 'depth', confirmations: 3, needed: 6, until: 1006, action: 'tell-closed' } as const
  t.deepEqual(waits(two.alice), [depth])
  at(two.alice, 1006)
  t.deepEqual(waits(two.alice), [{ kind: 'depth', confirmations: 6, needed: 100, until: 1100, action: 'forget' }])
  at(two.alice, 1099)
  t.like(waits(two.alice), [{ confirmations: 99 }])
  at(two.alice, 1100)
  t.deepEqual(waits(two.alice), [])
})

test('in short — of each kind how many, and what comes first', (t) => {
  const claim = { kind: 'claim', purpose: 'to-local', txid: '', outputIndex: 0, amountSat: 1n, budgetSat: 1n } as const
  const some: readonly ChannelWait[] = [
    { ...claim, action: 'nothing' },
    { ...claim, until: 1200, action: 'raise-fee' },
    { ...claim, until: 1100, action: 'claim' },
    { kind: 'peer', action: 'reconnect' },
  ]
  t.deepEqual(summarize(some), [
    { kind: 'claim', count: 3, action: 'claim', until: 1100 },
    { kind: 'peer', count: 1, action: 'reconnect' },
  ])
})

test('preimages are not shown', (t) => {
  const two = ready()
  two.add(two.bob, 1, 50_000_000n)
  two.settle()
  two.fulfil(two.alice, 0n, 1)
  closedByAlice(two)
  const shown = JSON.stringify(waits(two.alice), (_, value) => (typeof value === 'bigint' ? `${value}` : value))
  t.true(shown.includes(toHex(hashOf(1))))
  t.false(shown.includes(toHex(preimageOf(1))))
})
