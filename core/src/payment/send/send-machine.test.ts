import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import type { HtlcOutcome } from '../../channel/state/effects.ts'
import { sha256 } from '../../crypto/hashes.ts'
import type { RouteHintHop } from '../../invoice/invoice.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { ok } from '../../lib/result.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import { named, peelAlong, reasonFrom, sessionKeys, signedUpdate, type TestNode, testNode } from '../fixtures/nodes.ts'
import { ownChannels } from '../fixtures/own-channels.ts'
import { type AnsweringWorld, answered, knownChannels } from '../fixtures/route-answers.ts'
import {
  type OwnChannel,
  type PaymentFailure,
  type PaymentRequest,
  type PaymentTarget,
  partAmounts,
  type SentPayment,
} from './payment.ts'
import { decodeSentPayment, encodeSentPayment } from './payment-codec.ts'
import { parsePaymentReference, paymentReference } from './payment-reference.ts'
import type { NodeRecipient } from './recipient.ts'
import { resting, startPayment as start, stepPayment as step } from './send-machine.ts'
import type { SendAddHtlc, SendInput, SendingEffect, SendState } from './send-protocol.ts'

const [alice, bob, carol, dave, payee] = ['alice', 'bob', 'carol', 'dave', 'payee'].map(testNode) as [
  TestNode,
  TestNode,
  TestNode,
  TestNode,
  TestNode,
]
const preimage = named('preimage')
const paymentHash = sha256(preimage)

const channel = (name: string, peer: TestNode, spendableMsat: bigint, more: Partial<OwnChannel> = {}): OwnChannel => ({
  channelId: named(name),
  remoteNodeId: peer.nodeId,
  shortChannelId: BigInt(name.length),
  spendableMsat,
  affordableMsat: spendableMsat,
  htlcMinimumMsat: 1n,
  ...more,
})

const hint = (node: TestNode, shortChannelId: bigint, more: Partial<RouteHintHop> = {}): RouteHintHop => ({
  nodeId: node.nodeId,
  shortChannelId,
  feeBaseMsat: 1000,
  feeProportionalMillionths: 100,
  cltvExpiryDelta: 40,
  ...more,
})

/** What is asked about routes is answered at once. */
const startPayment = (previous: SentPayment | undefined, asked: PaymentRequest, world: AnsweringWorld) => {
  const started = start(previous, asked, world)
  return started.ok ? ok(answered(started.value, world)) : started
}
const stepPayment = (state: SendState, input: SendInput, world: AnsweringWorld) =>
  answered(step(state, input, world), world)

const env = (channels: readonly OwnChannel[], more: Partial<AnsweringWorld> = {}): AnsweringWorld => ({
  now: 1_000_000,
  height: 500,
  channels: ownChannels(channels),
  ...knownChannels(channels),
  nextHtlcId: () => 70n,
  shadowDelta: () => 0,
  sessionKey: sessionKeys(),
  ...more,
})

type Asked = Partial<PaymentTarget & Pick<NodeRecipient, 'routeHints' | 'paymentMetadata'>>

const request = (
  { routeHints = [], paymentMetadata, ...target }: Asked = {},
  more: Partial<PaymentRequest> = {},
): PaymentRequest => ({
  target: {
    recipient: {
      type: 'node',
      nodeId: payee.nodeId,
      paymentSecret: named('secret'),
      ...(paymentMetadata === undefined ? {} : { paymentMetadata }),
      minFinalCltvExpiryDelta: 18,
      routeHints,
    },
    paymentHash,
    amountMsat: 1_000_000n,
    multiPart: true,
    expiresAt: 2_000_000,
    ...target,
  },
  maxFeeMsat: 10_000n,
  key: '',
  ...more,
})

const begin = (t: ExecutionContext, asked: PaymentRequest, world: AnsweringWorld) => {
  const started = startPayment(undefined, asked, world)
  if (!started.ok) throw new Error(started.error.code)
  assertStorable(t, started.value.state)
  return started.value
}

const assertStorable = (t: ExecutionContext, { payment }: SendState): void => {
  t.deepEqual(decodeSentPayment(encodeSentPayment(payment)), { ok: true, value: payment })
}

const adds = (effects: readonly SendingEffect[]): readonly SendAddHtlc[] =>
  effects.filter((effect) => effect.type === 'add-htlc')

const fulfilled: HtlcOutcome = { type: 'fulfilled', preimage, onChain: false }
const failedWith = ({ onion }: SendAddHtlc, nodes: readonly TestNode[], failure: FailureMessage): HtlcOutcome => ({
  type: 'failed',
  failure: { type: 'fail', reason: reasonFrom(onion, paymentHash, nodes, failure) },
})

const only = <T>(values: readonly T[]): T => {
  if (values.length !== 1) throw new Error(`${values.length} instead of one`)
  return values[0] as T
}

const ended = (effects: readonly SendingEffect[]): SentPayment | undefined =>
  effects.find((effect) => effect.type === 'ended')?.payment

test('BOLT 11, tagged fields read — the payee is told the secret and the metadata of its invoice, and gets the blocks that it asks for: in the onion', (t) => {
  const world = env([channel('a', payee, 2_000_000n)])
  const { state, effects } = begin(t, request({ paymentMetadata: named('meta') }), world)
  const htlc = only(adds(effects))
  t.is(htlc.amountMsat, 1_000_000n)
  t.is(htlc.cltvExpiry, 500 + 18 + 3)
  t.deepEqual(parsePaymentReference(htlc.reference), { paymentHash, attempt: 0 })
  t.deepEqual(peelAlong(htlc.onion, paymentHash, [payee]).payloads, [
    {
      type: 'final',
      amtToForward: 1_000_000n,
      outgoingCltvValue: 521,
      paymentData: { paymentSecret: named('secret'), totalMsat: 1_000_000n },
      paymentMetadata: named('meta'),
    },
  ])

  const added = stepPayment(state, { type: 'added', attempt: 0, result: { ok: true, value: undefined } }, world)
  t.is(added.state.payment, state.payment)
  t.deepEqual(added.effects, [])
  const done = stepPayment(
    added.state,
    { type: 'settled', attempt: 0, outcome: fulfilled },
    { ...world, now: 1_000_050 },
  )
  const payment = ended(done.effects)
  t.is(payment, done.state.payment)
  t.is(payment?.status, 'settled')
  t.deepEqual(payment?.preimage, preimage)
  t.is(payment?.endedAt, 1_000_050)
  assertStorable(t, done.state)
})

test('amounts and expiries are reckoned backwards over the hops of a hint', (t) => {
  const world = env([channel('a', bob, 2_000_000n)])
  const hops = [
    hint(bob, 11n),
    hint(carol, 12n, { feeBaseMsat: 500, feeProportionalMillionths: 10_000, cltvExpiryDelta: 9 }),
  ]
  const { state, effects } = begin(t, request({ routeHints: [hops] }, { maxFeeMsat: 100_000n }), world)
  const htlc = only(adds(effects))
  // Carol: 500 + 1 % of 1,000,000; bob: 1000 + 0.01 % of 1,010,500.
  t.is(htlc.amountMsat, 1_000_000n + 10_500n + 1_101n)
  t.is(htlc.cltvExpiry, 521 + 9 + 40)
  t.deepEqual(peelAlong(htlc.onion, paymentHash, [bob, carol, payee]).payloads.slice(0, 2), [
    { type: 'relay', amtToForward: 1_010_500n, outgoingCltvValue: 530, next: { type: 'channel', shortChannelId: 11n } },
    { type: 'relay', amtToForward: 1_000_000n, outgoingCltvValue: 521, next: { type: 'channel', shortChannelId: 12n } },
  ])
  t.deepEqual(partAmounts(only(state.payment.attempts).route), { amountMsat: 1_000_000n, feesMsat: 11_601n })
})

test('a hint is used from the last of its nodes that is a peer of ours', (t) => {
  const world = env([channel('a', carol, 2_000_000n)])
  const { effects } = begin(t, request({ routeHints: [[hint(bob, 11n), hint(carol, 12n)]] }), world)
  t.is(only(adds(effects)).amountMsat, 1_001_100n)
})

test('a shorter way goes first, then a cheaper one, then the one with more room', (t) => {
  const routeHints = [[hint(bob, 11n)], [hint(carol, 12n, { feeBaseMsat: 1 })]]
  const channels = [
    channel('b', bob, 9_000_000n),
    channel('cc', carol, 3_000_000n),
    channel('ccc', carol, 6_000_000n),
    channel('pp', payee, 2_000_000n),
  ]
  t.deepEqual(only(adds(begin(t, request({ routeHints }), env(channels)).effects)).channelId, named('pp'))
  const cheaper = begin(t, request({ routeHints }), env(channels.slice(0, 3)))
  t.deepEqual(only(adds(cheaper.effects)).channelId, named('ccc'))
})

test('a channel that is too poor or below its minimum is passed over', (t) => {
  const channels = [
    channel('bb', payee, 999_999n),
    channel('ccc', payee, 9_000_000n, { htlcMinimumMsat: 2_000_000n }),
    channel('dddd', payee, 1_000_000n),
  ]
  t.deepEqual(only(adds(begin(t, request(), env(channels)).effects)).channelId, named('dddd'))
})

test('a payment looks at a few of a thousand channels, and those of about the same room are taken in one order', (t) => {
  const thousand = Array.from({ length: 1_000 }, (_, i) => channel(`${i}`, payee, 5_000_000n + BigInt(i)))
  const listed = ownChannels(thousand)
  let seen = 0
  function* counted(channels: Iterable<OwnChannel>): Generator<OwnChannel> {
    for (const each of channels) {
      seen++
      yield each
    }
  }
  const channels: AnsweringWorld['channels'] = {
    byRoom: (peer, room) => counted(listed.byRoom(peer, room)),
    inTurn: (peer) => counted(listed.inTurn(peer)),
  }
  const { effects } = begin(t, request(), env(thousand, { channels }))
  t.deepEqual(only(adds(effects)).channelId, named('0'))
  t.true(seen < 10, `${seen}`)
  seen = 0
  // Sixteen parts are the most there may be: what they cannot carry is refused as soon.
  t.is(ended(begin(t, request({ amountMsat: 4_000_000_000n }), env(thousand, { channels })).effects)?.status, 'failed')
  t.true(seen < 60, `${seen}`)
})

test('BOLT 4, receiving failure codes — a failure that names a channel has the next way tried', (t) => {
  const world = env([channel('b', bob, 2_000_000n), channel('cc', carol, 2_000_000n)])
  const routeHints = [[hint(bob, 11n)], [hint(carol, 12n, { feeBaseMsat: 2000 })]]
  const { state, effects } = begin(t, request({ routeHints }), world)
  const first = only(adds(effects))
  t.deepEqual(first.channelId, named('b'))
  // BOLT 4 moves away from an update with it: one that comes all the same is no news of the channel.
  const failure: FailureMessage = { type: 'temporary_channel_failure' }
  const channelUpdate = signedUpdate(bob, { shortChannelId: 11n, feeBaseMsat: 0, timestamp: 2_000_000_000 })
  const outcome = failedWith(first, [bob], { ...failure, channelUpdate })
  const withUpdate = stepPayment(state, { type: 'settled', attempt: 0, outcome }, world)
  t.deepEqual(only(adds(withUpdate.effects)).channelId, named('cc'))
  const retried = stepPayment(state, { type: 'settled', attempt: 0, outcome: failedWith(first, [bob], failure) }, world)
  t.deepEqual(retried.state.payment.attempts[0]?.failure, { type: 'remote', hop: 0, message: failure })
  const second = only(adds(retried.effects))
  t.deepEqual(second.channelId, named('cc'))
  t.is(second.attempt, 1)
  assertStorable(t, retried.state)

  const gone = stepPayment(
    retried.state,
    { type: 'settled', attempt: 1, outcome: failedWith(second, [carol], { type: 'unknown_next_peer' }) },
    world,
  )
  t.is(ended(gone.effects)?.status, 'failed')
  t.deepEqual(ended(gone.effects)?.failure, { code: 'payment-failed', attempt: 1 })
})

test('the final expiry hides how far the payee is, alike in every attempt and as far as the route has room (BOLT 7)', (t) => {
  let drawn = 0
  const shadowDelta = () => 100 + drawn++
  const world = env([channel('b', bob, 2_000_000n), channel('cc', carol, 2_000_000n)], { shadowDelta })
  const routeHints = [[hint(bob, 11n)], [hint(carol, 12n, { cltvExpiryDelta: 1940 })]]
  const { state, effects } = begin(t, request({ routeHints }), world)
  const first = only(adds(effects))
  t.is(first.cltvExpiry, 521 + 100 + 40)
  const { payloads } = peelAlong(first.onion, request().target.paymentHash, [bob, payee])
  t.deepEqual(
    payloads.map(({ outgoingCltvValue }) => outgoingCltvValue),
    [621, 621],
  )
  const failure = failedWith(first, [bob], { type: 'temporary_channel_failure' })
  const retried = stepPayment(state, { type: 'settled', attempt: 0, outcome: failure }, world)
  // BOLT 4, max_htlc_cltv: 2016 blocks in all.
  t.is(only(adds(retried.effects)).cltvExpiry, 500 + 2016)
  t.is(drawn, 1)
})

test('BOLT 4, receiving failure codes — a node that fails as a whole is not gone through again', (t) => {
  const world = env([channel('b', bob, 2_000_000n), channel('bb', bob, 2_000_000n)])
  const { state, effects } = begin(t, request({ routeHints: [[hint(bob, 11n)], [hint(bob, 12n)]] }), world)
  const outcome = failedWith(only(adds(effects)), [bob], { type: 'temporary_node_failure' })
  t.is(ended(stepPayment(state, { type: 'settled', attempt: 0, outcome }, world).effects)?.status, 'failed')
})

test('BOLT 4, receiving failure codes — a relay that asks for more and proves it gets what it asks for, once', (t) => {
  const world = env([channel('b', bob, 2_000_000n)])
  const { state, effects } = begin(t, request({ routeHints: [[hint(bob, 11n)]] }), world)
  const channelUpdate = signedUpdate(bob, { shortChannelId: 11n, feeBaseMsat: 3000, cltvExpiryDelta: 50 })
  const failure: FailureMessage = { type: 'fee_insufficient', htlcMsat: 1_001_100n, channelUpdate }
  const first = failedWith(only(adds(effects)), [bob], failure)
  const retried = stepPayment(state, { type: 'settled', attempt: 0, outcome: first }, world)
  const htlc = only(adds(retried.effects))
  t.is(htlc.amountMsat, 1_003_100n)
  t.is(htlc.cltvExpiry, 521 + 50)
  assertStorable(t, retried.state)
  const again = failedWith(htlc, [bob], failure)
  t.is(
    ended(stepPayment(retried.state, { type: 'settled', attempt: 1, outcome: again }, world).effects)?.status,
    'failed',
  )
})

test('BOLT 4, receiving failure codes — an update that the relay did not sign, or of another channel, changes nothing', (t) => {
  const world = env([channel('b', bob, 2_000_000n)])
  for (const channelUpdate of [
    signedUpdate(carol, { shortChannelId: 11n }),
    signedUpdate(bob, { shortChannelId: 12n }),
  ]) {
    const { state, effects } = begin(t, request({ routeHints: [[hint(bob, 11n)]] }), world)
    const outcome = failedWith(only(adds(effects)), [bob], { type: 'fee_insufficient', htlcMsat: 1n, channelUpdate })
    t.is(ended(stepPayment(state, { type: 'settled', attempt: 0, outcome }, world).effects)?.status, 'failed')
  }
})

test('BOLT 4, receiving failure codes — what the payee refuses for good is not tried again', (t) => {
  const world = env([channel('a', payee, 2_000_000n), channel('bb', payee, 2_000_000n)])
  const { state, effects } = begin(t, request(), world)
  const failure: FailureMessage = { type: 'incorrect_or_unknown_payment_details', htlcMsat: 1_000_000n, height: 500 }
  const outcome = failedWith(only(adds(effects)), [payee], failure)
  const { effects: after } = stepPayment(state, { type: 'settled', attempt: 0, outcome }, world)
  t.deepEqual(ended(after)?.failure, { code: 'payment-failed', attempt: 0 })
})

test('BOLT 4, receiving failure codes — a passing trouble of the payee has another way tried', (t) => {
  const world = env([channel('a', payee, 2_000_000n), channel('bb', payee, 2_000_000n)])
  const { state, effects } = begin(t, request(), world)
  const outcome = failedWith(only(adds(effects)), [payee], { type: 'temporary_node_failure' })
  t.is(adds(stepPayment(state, { type: 'settled', attempt: 0, outcome }, world).effects).length, 1)
})

test('our channel refuses, drops or loses the HTLC: another is tried', (t) => {
  const world = env([channel('a', payee, 3_000_000n), channel('bb', payee, 2_000_000n)])
  for (const input of [
    { type: 'added', attempt: 0, result: { ok: false, error: { code: 'channel-offline' } } },
    { type: 'settled', attempt: 0, outcome: { type: 'not-sent' } },
    { type: 'settled', attempt: 0, outcome: { type: 'timed-out-on-chain' } },
  ] as const) {
    const { state } = begin(t, request(), world)
    const { effects, state: after } = stepPayment(state, input, world)
    t.deepEqual(only(adds(effects)).channelId, named('bb'))
    assertStorable(t, after)
  }
})

test('an onion that our peer could not read, and a failure that cannot be read, have another way tried', (t) => {
  const world = env([channel('a', payee, 3_000_000n), channel('bb', payee, 2_000_000n)])
  for (const failure of [
    { type: 'malformed', sha256OfOnion: named('onion'), failureCode: 0xc005 },
    { type: 'fail', reason: new Uint8Array(292) },
  ] as const) {
    const { state } = begin(t, request(), world)
    const outcome: HtlcOutcome = { type: 'failed', failure }
    const { effects, state: after } = stepPayment(state, { type: 'settled', attempt: 0, outcome }, world)
    t.deepEqual(only(adds(effects)).channelId, named('bb'))
    assertStorable(t, after)
  }
})

test('BOLT 4, multi-part payments — all parts have the hash, the secret and the total of the payment', (t) => {
  const world = env([channel('a', payee, 400_000n), channel('bb', bob, 700_000n), channel('ccc', carol, 500_000n)])
  const routeHints = [[hint(bob, 11n)], [hint(carol, 12n)]]
  const { state, effects } = begin(t, request({ routeHints }), world)
  const parts = adds(effects)
  t.deepEqual(
    parts.map(({ channelId }) => channelId),
    [named('a'), named('bb')],
  )
  t.deepEqual(
    parts.map(({ onion }, i) => peelAlong(onion, paymentHash, i === 0 ? [payee] : [bob, payee]).payloads.at(-1)),
    [400_000n, 600_000n].map((amtToForward) => ({
      type: 'final',
      amtToForward,
      outgoingCltvValue: 521,
      paymentData: { paymentSecret: named('secret'), totalMsat: 1_000_000n },
    })),
  )
  const one = stepPayment(state, { type: 'settled', attempt: 0, outcome: fulfilled }, world)
  t.deepEqual(one.effects, [])
  t.deepEqual(one.state.payment.preimage, preimage)
  const two = stepPayment(one.state, { type: 'settled', attempt: 1, outcome: fulfilled }, world)
  t.is(ended(two.effects)?.status, 'settled')
  t.deepEqual(
    ended(two.effects)?.attempts.map(({ status }) => status),
    ['settled', 'settled'],
  )
})

test('BOLT 4, multi-part payments — what is sent adds up to the total, and nothing is sent beyond it: a part that fails', (t) => {
  const world = env([channel('a', payee, 400_000n), channel('bb', bob, 700_000n), channel('ccc', carol, 700_000n)])
  const routeHints = [[hint(bob, 11n)], [hint(carol, 12n)]]
  const { state, effects } = begin(t, request({ routeHints }), world)
  const failure: FailureMessage = { type: 'temporary_channel_failure' }
  const outcome = failedWith(adds(effects)[1] as SendAddHtlc, [bob], failure)
  const retried = stepPayment(state, { type: 'settled', attempt: 1, outcome }, world)
  const part = only(adds(retried.effects))
  t.deepEqual(part.channelId, named('ccc'))
  t.is(partAmounts((retried.state.payment.attempts[2] as SentPayment['attempts'][0]).route).amountMsat, 600_000n)
})

test('a payment that cannot be completed ends when its other parts have come back', (t) => {
  const world = env([channel('a', payee, 400_000n), channel('bb', bob, 700_000n)])
  const { state, effects } = begin(t, request({ routeHints: [[hint(bob, 11n)]] }), world)
  const [direct, relayed] = adds(effects) as [SendAddHtlc, SendAddHtlc]
  const lost = failedWith(relayed, [bob], { type: 'temporary_channel_failure' })
  const waiting = stepPayment(state, { type: 'settled', attempt: 1, outcome: lost }, world)
  t.deepEqual(waiting.effects, [])
  t.is(waiting.state.payment.status, 'in-flight')
  const back = failedWith(direct, [payee], { type: 'mpp_timeout' })
  const done = stepPayment(waiting.state, { type: 'settled', attempt: 0, outcome: back }, world)
  t.deepEqual(ended(done.effects)?.failure, { code: 'payment-failed', attempt: 1 })
})

test('where nothing is left for a part, a payment starts over once its other parts have come back, for some minutes', (t) => {
  const before = env([channel('a', payee, 400_000n), channel('bb', bob, 700_000n)])
  const { state, effects } = begin(t, request({ routeHints: [[hint(bob, 11n)]] }), before)
  const [direct, relayed] = adds(effects) as [SendAddHtlc, SendAddHtlc]
  const lost = failedWith(relayed, [bob], { type: 'temporary_channel_failure' })
  const back = failedWith(direct, [payee], { type: 'mpp_timeout' })
  const afterwards = (waitedMs: number) => {
    const now = before.now + waitedMs
    const waiting = stepPayment(state, { type: 'settled', attempt: 1, outcome: lost }, { ...before, now })
    const world = env([channel('a', payee, 400_000n), channel('dd', payee, 700_000n)], { now })
    return stepPayment(waiting.state, { type: 'settled', attempt: 0, outcome: back }, world)
  }
  const again = afterwards(179_999)
  t.is(again.state.payment.status, 'in-flight')
  t.is(adds(again.effects).length, 2)
  t.deepEqual(ended(afterwards(180_000).effects)?.failure, { code: 'payment-failed', attempt: 1 })
})

test('parts that come back because others were missing are sent again for some minutes, and no longer', (t) => {
  const world = env([channel('a', payee, 600_000n), channel('bb', payee, 600_000n)])
  const { state, effects } = begin(t, request(), world)
  const [first, second] = adds(effects) as [SendAddHtlc, SendAddHtlc]
  const back = (before: SendState, htlc: SendAddHtlc, waitedMs: number) => {
    const outcome = failedWith(htlc, [payee], { type: 'mpp_timeout' })
    const now = world.now + waitedMs
    return stepPayment(before, { type: 'settled', attempt: htlc.attempt, outcome }, { ...world, now })
  }
  const again = back(state, first, 179_999)
  const third = only(adds(again.effects))
  const waiting = back(again.state, second, 180_000)
  t.deepEqual(waiting.effects, [])
  t.deepEqual(ended(back(waiting.state, third, 240_000).effects)?.failure, { code: 'payment-failed', attempt: 1 })
})

test('a part that is the whole amount lacks no others: where it comes back with mpp_timeout, another way is tried', (t) => {
  const world = env([channel('a', payee, 2_000_000n), channel('bb', payee, 2_000_000n)])
  const { state, effects } = begin(t, request(), world)
  const first = only(adds(effects))
  const outcome = failedWith(first, [payee], { type: 'mpp_timeout' })
  const retried = stepPayment(state, { type: 'settled', attempt: 0, outcome }, world)
  const second = only(adds(retried.effects))
  t.notDeepEqual(second.channelId, first.channelId)
  const last = failedWith(second, [payee], { type: 'mpp_timeout' })
  const done = stepPayment(retried.state, { type: 'settled', attempt: 1, outcome: last }, world)
  t.deepEqual(ended(done.effects)?.failure, { code: 'payment-failed', attempt: 1 })
})

test('BOLT 11, feature bits — a payment goes in parts only if basic_mpp is offered: it is never split', (t) => {
  const world = env([channel('a', payee, 600_000n), channel('bb', payee, 600_000n)])
  const { state, effects } = begin(t, request({ multiPart: false }), world)
  t.deepEqual(effects, [{ type: 'ended', payment: state.payment }])
  t.deepEqual(state.payment.failure, { code: 'insufficient-balance' })
})

test('a payment that cannot even start fails with the reason', (t) => {
  const failureOf = (asked: PaymentRequest, channels: readonly OwnChannel[]) =>
    ended(begin(t, asked, env(channels)).effects)?.failure?.code
  const routeHints = [[hint(bob, 11n, { feeBaseMsat: 10_001 })]]
  t.is(failureOf(request(), []), 'no-route')
  t.is(failureOf(request(), [channel('a', alice, 9_000_000n)]), 'no-route')
  t.is(failureOf(request(), [channel('a', payee, 9_000n)]), 'insufficient-balance')
  const full = channel('a', payee, 9_000n, { affordableMsat: 5_000_000n })
  t.is(failureOf(request(), [full]), 'peer-limit-reached')
  t.is(failureOf(request(), [{ ...full, affordableMsat: 999_999n }]), 'insufficient-balance')
  t.is(failureOf(request({ routeHints }), [channel('a', bob, 9_000_000n)]), 'fee-limit-exceeded')
  const far = [[hint(bob, 11n, { cltvExpiryDelta: 2000 })]]
  t.is(failureOf(request({ routeHints: far }), [channel('a', bob, 9_000_000n)]), 'expiry-too-far')
})

test('the only channel says that its balance, or what the peer takes, is the limit: so does the payment', (t) => {
  const said: Readonly<Record<string, PaymentFailure['code']>> = {
    'insufficient-balance': 'insufficient-balance',
    'htlc-value-in-flight-too-high': 'peer-limit-reached',
    'too-many-htlcs': 'peer-limit-reached',
    'channel-offline': 'payment-failed',
  }
  for (const [code, expected] of Object.entries(said)) {
    const world = env([channel('a', payee, 2_000_000n)])
    const { state } = begin(t, request(), world)
    const result = { ok: false, error: { code } } as const
    const { effects } = stepPayment(state, { type: 'added', attempt: 0, result }, world)
    t.is(ended(effects)?.failure?.code, expected)
  }
})

test('BOLT 4, payload format — metadata may be as long as the onion has room: and no longer', (t) => {
  const world = env([channel('a', payee, 2_000_000n)])
  const { state, effects } = begin(t, request({ paymentMetadata: new Uint8Array(1300) }), world)
  t.is(ended(effects)?.status, 'failed')
  t.deepEqual(state.payment.attempts[0]?.failure, { type: 'local', error: 'onion-too-long' })
})

test('no attempt is made for an invoice that expired meanwhile', (t) => {
  const world = env([channel('a', payee, 3_000_000n), channel('bb', payee, 2_000_000n)])
  const { state } = begin(t, request(), world)
  const late = { ...world, now: 2_000_000 }
  const { effects } = stepPayment(state, { type: 'settled', attempt: 0, outcome: { type: 'not-sent' } }, late)
  t.is(ended(effects)?.status, 'failed')
})

test('a payment is never made twice', (t) => {
  const world = env([channel('a', payee, 2_000_000n)])
  const { state } = begin(t, request({}, { key: 'k1' }), world)
  const inFlight = startPayment(state.payment, request({}, { key: 'k2' }), world)
  t.deepEqual(inFlight, { ok: false, error: { code: 'payment-in-flight', payment: state.payment } })
  t.deepEqual(startPayment(state.payment, request({}, { key: 'k1' }), world), {
    ok: true,
    value: { state: resting(state.payment), effects: [] },
  })
  t.false(startPayment({ ...state.payment, key: '' }, request(), world).ok)

  const { payment } = stepPayment(state, { type: 'settled', attempt: 0, outcome: fulfilled }, world).state
  t.deepEqual(startPayment(payment, request({}, { key: 'k2' }), world), {
    ok: false,
    error: { code: 'already-paid', payment },
  })
  t.deepEqual(startPayment(payment, request({}, { key: 'k1' }), world), {
    ok: true,
    value: { state: resting(payment), effects: [] },
  })
})

test('a payment that failed may be tried again, its attempts numbered on', (t) => {
  const world = env([channel('a', payee, 2_000_000n)])
  const { state } = begin(t, request(), world)
  const failed = stepPayment(state, { type: 'settled', attempt: 0, outcome: { type: 'not-sent' } }, world).state
  const again = startPayment(failed.payment, request(), world)
  t.true(again.ok)
  if (!again.ok) return
  t.is(only(adds(again.value.effects)).attempt, 1)
  // The old outcome is told once more.
  const told = stepPayment(again.value.state, { type: 'settled', attempt: 0, outcome: { type: 'not-sent' } }, world)
  t.is(told.state.payment, again.value.state.payment)
})

test('outcomes told twice, or of unknown attempts, change nothing', (t) => {
  const world = env([channel('a', payee, 2_000_000n)])
  const { state } = begin(t, request(), world)
  const done = stepPayment(state, { type: 'settled', attempt: 0, outcome: fulfilled }, world).state
  for (const attempt of [0, 7]) {
    const again = stepPayment(done, { type: 'settled', attempt, outcome: { type: 'not-sent' } }, world)
    t.is(again.state.payment, done.payment)
    t.deepEqual(again.effects, [])
  }
})

test('after a restart a held attempt is waited for', (t) => {
  const world = env([channel('a', payee, 2_000_000n)])
  const { state } = begin(t, request(), world)
  const resumed = stepPayment(resting(state.payment), { type: 'resumed', held: [0] }, world)
  t.is(resumed.state.payment, state.payment)
  t.deepEqual(resumed.effects, [])
  t.is(
    ended(stepPayment(resumed.state, { type: 'settled', attempt: 0, outcome: fulfilled }, world).effects)?.status,
    'settled',
  )
})

test('after a restart an attempt that nothing holds was never sent', (t) => {
  const { state } = begin(t, request(), env([channel('a', payee, 2_000_000n)]))
  // No peer is connected yet.
  const world = env([])
  const resumed = stepPayment(resting(state.payment), { type: 'resumed', held: [] }, world)
  t.is(ended(resumed.effects)?.status, 'failed')
  t.deepEqual(resumed.state.payment.attempts[0]?.failure, { type: 'local', error: 'interrupted' })
})

test('what is unsure since the database was put back sends nothing more, whatever comes back, until it is certain', (t) => {
  const world = env([channel('a', payee, 600_000n), channel('bb', payee, 600_000n)])
  const { state } = begin(t, request(), world)
  const unsure: SendState = { ...resting(state.payment), isUnsure: true }
  const settle = (before: SendState, attempt: number, outcome: HtlcOutcome) =>
    stepPayment(before, { type: 'settled', attempt, outcome }, world)
  const one = settle(unsure, 0, { type: 'timed-out-on-chain' })
  t.deepEqual(one.effects, [])
  t.is(one.state.payment.attempts[0]?.status, 'failed')
  const both = settle(one.state, 1, { type: 'timed-out-on-chain' })
  t.deepEqual(both.effects, [])
  t.is(both.state.payment.status, 'in-flight')
  // A failure that the row has may be that of an earlier try of the hash than the one that is out.
  const failed = { ...unsure, payment: { ...unsure.payment, failure: { code: 'no-route' } as const } }
  t.is(settle(settle(failed, 0, { type: 'not-sent' }).state, 1, { type: 'not-sent' }).state.payment.endedAt, undefined)
  t.is(ended(settle(one.state, 1, fulfilled).effects)?.status, 'settled')
  const certain = env([channel('c', payee, 2_000_000n)])
  t.is(adds(stepPayment(both.state, { type: 'resumed', held: [] }, certain).effects).length, 1)
})

test('a given route is gone once, as it is', (t) => {
  const route = {
    channelId: named('a'),
    hops: [
      { nodeId: bob.nodeId, shortChannelId: 1n, amountMsat: 600_500n, cltvExpiry: 600 },
      { nodeId: payee.nodeId, shortChannelId: 11n, amountMsat: 600_000n, cltvExpiry: 560 },
    ],
  }
  const world = env([channel('a', bob, 2_000_000n), channel('bb', payee, 2_000_000n)])
  const { state, effects } = begin(t, request({ route }), world)
  const htlc = only(adds(effects))
  t.is(htlc.amountMsat, 600_500n)
  t.is(htlc.cltvExpiry, 600)
  t.deepEqual(peelAlong(htlc.onion, paymentHash, [bob, payee]).payloads, [
    { type: 'relay', amtToForward: 600_000n, outgoingCltvValue: 560, next: { type: 'channel', shortChannelId: 11n } },
    {
      type: 'final',
      amtToForward: 600_000n,
      outgoingCltvValue: 560,
      paymentData: { paymentSecret: named('secret'), totalMsat: 1_000_000n },
    },
  ])
  t.is(ended(stepPayment(state, { type: 'settled', attempt: 0, outcome: fulfilled }, world).effects)?.status, 'settled')
  const failed = stepPayment(state, { type: 'settled', attempt: 0, outcome: { type: 'not-sent' } }, world)
  t.is(ended(failed.effects)?.status, 'failed')
})

test('BOLT 4, multi-part payments — without basic_mpp one HTLC brings the total', (t) => {
  const world = env([channel('a', payee, 2_000_000n)])
  const { effects } = begin(t, request({ multiPart: false }), world)
  const [payload] = peelAlong(only(adds(effects)).onion, paymentHash, [payee]).payloads
  t.like(payload, { amtToForward: 1_000_000n, paymentData: { totalMsat: 1_000_000n } })
})

test('given routes carry the parts of one payment, and what one of them lacks is not made up for', (t) => {
  const over = (name: string, amountMsat: bigint) => ({
    channelId: named(name),
    hops: [{ nodeId: payee.nodeId, shortChannelId: 1n, amountMsat, cltvExpiry: 560 }],
  })
  const world = env([channel('a', payee, 2_000_000n), channel('bb', payee, 2_000_000n)])
  const asked = { ...request({ route: over('a', 600_000n) }), moreRoutes: [over('bb', 300_000n), over('a', 100_000n)] }
  const started = startPayment(undefined, asked, world)
  if (!started.ok) throw new Error(started.error.code)
  const parts = adds(started.value.effects)
  t.deepEqual(
    parts.map(({ channelId, amountMsat }) => [channelId, amountMsat]),
    [
      [named('a'), 600_000n],
      [named('bb'), 300_000n],
      [named('a'), 100_000n],
    ],
  )
  for (const part of parts) {
    t.like(peelAlong(part.onion, paymentHash, [payee]).payloads[0], { paymentData: { totalMsat: 1_000_000n } })
  }
  const settle = (state: SendState, attempt: number, outcome: HtlcOutcome) =>
    stepPayment(state, { type: 'settled', attempt, outcome }, world)
  const { state } = started.value
  const whole = [0, 1, 2].reduce((step, id) => settle(step.state, id, fulfilled), { state, effects: [] } as ReturnType<
    typeof settle
  >)
  t.is(ended(whole.effects)?.status, 'settled')

  const lost = settle(state, 1, { type: 'not-sent' })
  t.deepEqual(lost.effects, [])
  const timedOut = failedWith(parts[0] as SendAddHtlc, [payee], { type: 'mpp_timeout' })
  const others = settle(lost.state, 0, timedOut)
  t.is(ended(others.effects), undefined)
  const done = settle(others.state, 2, failedWith(parts[2] as SendAddHtlc, [payee], { type: 'mpp_timeout' }))
  t.is(ended(done.effects)?.status, 'failed')
  assertStorable(t, done.state)
})

test('references name a payment and its attempt', (t) => {
  t.deepEqual(parsePaymentReference(paymentReference(paymentHash, 70_000)), { paymentHash, attempt: 70_000 })
})

// Whatever happens to the parts, in whatever order: never more under way or delivered than the total, never more fees than
// allowed, and a definite end once nothing is under way.
test('BOLT 4, multi-part payments — what is sent adds up to the total, and nothing is sent beyond it: over random outcomes', (t) => {
  const nodes = [bob, carol, dave]
  const room = fc.bigInt({ min: 0n, max: 900_000n })
  const plan = fc.record({
    direct: fc.array(room, { maxLength: 2 }),
    relayed: fc.array(room, { minLength: 1, maxLength: 3 }),
    amountMsat: fc.bigInt({ min: 1n, max: 1_500_000n }),
    choices: fc.array(fc.tuple(fc.nat(20), fc.nat(5)), { maxLength: 60 }),
  })
  fc.assert(
    fc.property(plan, ({ direct, relayed, amountMsat, choices }) => {
      const channels = [
        ...direct.map((spendable, i) => channel(`direct ${i}`, payee, spendable)),
        ...relayed.map((spendable, i) => channel(`relayed ${i}`, nodes[i] as TestNode, spendable)),
      ]
      const routeHints = nodes.map((node, i) => [hint(node, BigInt(11 + i))])
      const world = env(channels)
      const started = startPayment(undefined, request({ amountMsat, routeHints }), world)
      if (!started.ok) return t.fail()
      let { state } = started.value
      const open = [...adds(started.value.effects)]
      let end = ended(started.value.effects)
      const apply = (choice: number, kind: number): void => {
        const [htlc] = open.splice(choice % open.length, 1) as [SendAddHtlc]
        const own = channels.find(({ channelId }) => equalBytes(channelId, htlc.channelId)) as OwnChannel
        const peer = [payee, ...nodes].find(({ nodeId }) => equalBytes(nodeId, own.remoteNodeId)) as TestNode
        const temporary: FailureMessage = { type: 'temporary_channel_failure' }
        const step = stepPayment(
          state,
          kind === 0
            ? { type: 'added', attempt: htlc.attempt, result: { ok: false, error: { code: 'channel-offline' } } }
            : {
                type: 'settled',
                attempt: htlc.attempt,
                outcome: kind < 3 ? failedWith(htlc, [peer], temporary) : fulfilled,
              },
          world,
        )
        state = step.state
        open.push(...adds(step.effects))
        end ??= ended(step.effects)
        const live = state.payment.attempts
          .filter(({ status }) => status !== 'failed')
          .map(({ route }) => partAmounts(route))
        t.true(live.reduce((sum, part) => sum + part.amountMsat, 0n) <= amountMsat)
        t.true(live.reduce((sum, part) => sum + part.feesMsat, 0n) <= 10_000n)
      }
      for (const [choice, kind] of choices) if (open.length > 0) apply(choice, kind)
      while (open.length > 0) apply(0, 3)
      t.is(end, state.payment)
      t.is(state.payment.status, state.payment.preimage === undefined ? 'failed' : 'settled')
      assertStorable(t, state)
    }),
    { seed: 22, numRuns: 120 },
  )
})
