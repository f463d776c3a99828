import test from 'ava'
import type { HtlcOutcome, SettleHtlcCommand } from '../channel/index.ts'
import { sha256 } from '../crypto/hashes.ts'
import { readAttribution } from '../onion/attribution-data.ts'
import type { FailureMessage } from '../onion/failure-message.ts'
import { createOnion } from '../onion/sphinx.ts'
import { named, peelAlong, sessionKeys, type TestNode, testNode } from './fixtures/nodes.ts'
import { ownChannels } from './fixtures/own-channels.ts'
import { type AnsweringWorld, answered, knownChannels } from './fixtures/route-answers.ts'
import { lessonsOf } from './send/lessons.ts'
import type { Attempt, OwnChannel, PaymentRequest } from './send/payment.ts'
import { decodeSentPayment, encodeSentPayment } from './send/payment-codec.ts'
import { resting, startPayment, stepPayment } from './send/send-machine.ts'
import type { SendAddHtlc, SendState } from './send/send-protocol.ts'
import { failureCommand, type UpstreamFailure, type UpstreamPlace } from './upstream-failure.ts'
import { fulfilCommand } from './upstream-fulfilment.ts'

const [bob, carol, dave, payee] = ['bob', 'carol', 'dave', 'payee'].map(testNode) as [
  TestNode,
  TestNode,
  TestNode,
  TestNode,
]
const way = [bob, carol, dave, payee]
const preimage = named('preimage')
const paymentHash = sha256(preimage)

const hint = ({ nodeId }: TestNode, shortChannelId: bigint) => ({
  nodeId,
  shortChannelId,
  feeBaseMsat: 1_000,
  feeProportionalMillionths: 0,
  cltvExpiryDelta: 40,
})
const request: PaymentRequest = {
  target: {
    recipient: {
      type: 'node',
      nodeId: payee.nodeId,
      paymentSecret: named('secret'),
      minFinalCltvExpiryDelta: 18,
      routeHints: [[hint(bob, 11n), hint(carol, 12n), hint(dave, 13n)]],
    },
    paymentHash,
    amountMsat: 1_000_000n,
    multiPart: false,
  },
  maxFeeMsat: 10_000n,
  key: '',
}
const own: OwnChannel = {
  channelId: named('ours'),
  remoteNodeId: bob.nodeId,
  shortChannelId: 1n,
  spendableMsat: 9_000_000n,
  affordableMsat: 9_000_000n,
  htlcMinimumMsat: 1n,
}

/** A payment of ours to the payee, offered. */
const offered = () => {
  const world: AnsweringWorld = {
    now: 1_000_000,
    height: 500,
    channels: ownChannels([own]),
    ...knownChannels([own]),
    nextHtlcId: () => 70n,
    shadowDelta: () => 0,
    sessionKey: sessionKeys(),
  }
  const started = startPayment(undefined, request, world)
  if (!started.ok) throw new Error(started.error.code)
  const { state, effects } = answered(started.value, world)
  const add = effects.find((effect): effect is SendAddHtlc => effect.type === 'add-htlc')
  if (add === undefined) throw new Error('not offered')
  const settle = (outcome: HtlcOutcome, from: SendState = state): SendState => {
    const step = stepPayment(from, { type: 'settled', attempt: 0, outcome }, world)
    return answered(step, world).state
  }
  return { state, secrets: peelAlong(add.onion, paymentHash, way).secrets, settle }
}

/** What a node gives to the one before it: what came, and its hold time, which is 1 for the first node, 2 for the second and so on. */
type Passed = Extract<SettleHtlcCommand, { readonly type: 'fail-htlc' | 'fulfil-htlc' }>
type Change = (node: number, passed: Passed) => Passed
const nothing: Change = (_, passed) => passed

const comeBack = (secrets: readonly Uint8Array[], from: number, failure?: FailureMessage, change = nothing): Passed => {
  let passed: Passed | undefined
  for (let node = from; node >= 0; node--) {
    const place: UpstreamPlace = { type: 'open', sharedSecret: secrets[node] as Uint8Array }
    const attribution = passed?.attribution && { attribution: passed.attribution }
    const told: UpstreamFailure =
      passed?.type === 'fail-htlc'
        ? { type: 'downstream', reason: passed.reason, ...attribution }
        : { type: 'own', failure: failure ?? { type: 'temporary_node_failure' } }
    const next =
      failure === undefined
        ? fulfilCommand(0n, { preimage, ...attribution }, node + 1, place)
        : failureCommand(0n, told, node + 1, place)
    passed = change(node, next as Passed)
  }
  if (passed === undefined) throw new Error('nobody')
  return passed
}

const outcomeOf = (passed: Passed): HtlcOutcome => {
  const attributed = passed.attribution && { attribution: passed.attribution }
  return passed.type === 'fail-htlc'
    ? { type: 'failed', failure: { type: 'fail', reason: passed.reason }, ...attributed }
    : { type: 'fulfilled', preimage: passed.preimage, onChain: false, ...attributed }
}

const attemptOf = ({ payment }: SendState): Attempt => {
  const [attempt] = payment.attempts
  if (attempt === undefined) throw new Error('no attempt')
  return attempt
}

const FAILURE: FailureMessage = { type: 'temporary_channel_failure' }

test('BOLT 4, attribution data — who pays an HTLC, or fails it, adds its hold time to zeroes', (t) => {
  for (const failure of [undefined, FAILURE]) {
    const { secrets } = offered()
    const place = { type: 'open', sharedSecret: secrets[0] as Uint8Array } as const
    const command =
      failure === undefined
        ? fulfilCommand(0n, { preimage }, 3, place)
        : failureCommand(0n, { type: 'own', failure }, 3, place)
    if (command.type === 'fail-malformed-htlc' || command.attribution === undefined) return t.fail()
    const failed = command.type === 'fail-htlc' ? { failurePacket: command.reason, originIndex: 0 } : undefined
    t.deepEqual(readAttribution(secrets.slice(0, 1), command.attribution, failed), { holdTimes: [3] })
  }
})

test('BOLT 4, attribution data — a relay adds its hold time to what came from downstream, or to zeroes: as the origin of the payment reads it', (t) => {
  const paid = offered()
  t.deepEqual(attemptOf(paid.settle(outcomeOf(comeBack(paid.secrets, 3)))).attribution, { holdTimes: [1, 2, 3, 4] })
  for (const from of [0, 1, 2, 3]) {
    const { secrets, settle } = offered()
    const attempt = attemptOf(settle(outcomeOf(comeBack(secrets, from, FAILURE))))
    t.deepEqual(attempt.attribution, { holdTimes: [1, 2, 3, 4].slice(0, from + 1) })
    t.like(attempt.failure, { type: 'remote', hop: from })
  }
  // Dave knows nothing of it: what is behind him is not learnt, and he takes nothing from those before him.
  const silent: Change = (node, { attribution, ...passed }) =>
    node >= 2 || attribution === undefined ? (passed as Passed) : ({ ...passed, attribution } as Passed)
  const { secrets, settle } = offered()
  t.deepEqual(attemptOf(settle(outcomeOf(comeBack(secrets, 3, undefined, silent)))).attribution, {
    holdTimes: [1, 2],
    brokenAt: 2,
  })
})

test('BOLT 4, attribution data — a failure that the next node could not read the onion of is attributed as ours', (t) => {
  const { secrets } = offered()
  const failure = { type: 'invalid_onion_hmac', sha256OfOnion: named('onion') } as const
  const passed = comeBack(secrets, 0, failure)
  if (passed.type !== 'fail-htlc' || passed.attribution === undefined) return t.fail()
  const failed = { failurePacket: passed.reason, originIndex: 0 }
  t.deepEqual(readAttribution(secrets, passed.attribution, failed), { holdTimes: [1] })
})

test('BOLT 4, attribution data — where a blinded path begins we attribute a failure as ours, and a fulfilment as a relay does; within one nothing', (t) => {
  const { secrets } = offered()
  const [ours, theirs] = secrets as [Uint8Array, Uint8Array]
  const downstream = comeBack([named('other'), theirs], 1, FAILURE)
  if (downstream.type !== 'fail-htlc' || downstream.attribution === undefined) return t.fail()
  const { reason, attribution } = downstream
  const sha256OfOnion = named('onion')
  const introduction = { type: 'introduction', sharedSecret: ours, sha256OfOnion } as const
  const failed = failureCommand(0n, { type: 'downstream', reason, attribution }, 7, introduction)
  t.deepEqual(failed, failureCommand(0n, { type: 'own', failure: FAILURE }, 7, introduction))
  if (failed.type !== 'fail-htlc' || failed.attribution === undefined) return t.fail()
  t.deepEqual(readAttribution(secrets, failed.attribution, { failurePacket: failed.reason, originIndex: 0 }), {
    holdTimes: [7],
  })
  const paid = fulfilCommand(0n, { preimage }, 7, introduction)
  t.deepEqual(readAttribution(secrets, paid.attribution ?? new Uint8Array(920)), { holdTimes: [7], brokenAt: 1 })
  const within = { type: 'within-path', sha256OfOnion } as const
  t.false('attribution' in fulfilCommand(0n, { preimage, attribution }, 7, within))
  t.false('attribution' in failureCommand(0n, { type: 'downstream', reason, attribution }, 7, within))
})

test('BOLT 4, attribution data — a trampoline node is the last one of the outer onion, whose origin reads its hold time', (t) => {
  const { secrets } = offered()
  const sharedSecret = secrets[0] as Uint8Array
  const place = { type: 'trampoline', sharedSecret, innerSecret: named('inner') } as const
  const failed = failureCommand(0n, { type: 'own', failure: FAILURE }, 7, place)
  if (failed.type !== 'fail-htlc' || failed.attribution === undefined) return t.fail()
  t.deepEqual(readAttribution([sharedSecret], failed.attribution, { failurePacket: failed.reason }), {
    holdTimes: [7],
  })
  const paid = fulfilCommand(0n, { preimage }, 7, place)
  t.deepEqual(readAttribution([sharedSecret], paid.attribution ?? new Uint8Array(920)), { holdTimes: [7] })
})

test('BOLT 4, attribution data — false data keep nobody from a preimage or a failure', (t) => {
  const garbage = new Uint8Array(920).fill(5)
  for (const failure of [undefined, FAILURE]) {
    const { secrets, settle } = offered()
    const state = settle(outcomeOf({ ...comeBack(secrets, 1, failure), attribution: garbage }))
    const attempt = attemptOf(state)
    t.deepEqual(attempt.attribution, { holdTimes: [], brokenAt: 0 })
    if (failure === undefined) t.deepEqual(state.payment.preimage, preimage)
    else t.deepEqual(attempt.failure, { type: 'remote', hop: 1, message: FAILURE })
  }
})

/** Flips a bit of what this node passes on of the failure, which it has told the truth of. */
const garbling =
  (culprit: number): Change =>
  (node, passed) =>
    node === culprit && passed.type === 'fail-htlc'
      ? { ...passed, reason: passed.reason.map((byte, at) => (at === 100 ? byte ^ 1 : byte)) }
      : passed

test('BOLT 4, attribution data — an unreadable failure counts against the channel where it was changed, and not against the way before it', (t) => {
  const scids = [1n, 11n, 12n, 13n]
  for (const culprit of [1, 2, 3]) {
    const { secrets, settle } = offered()
    const attempt = attemptOf(settle(outcomeOf(comeBack(secrets, 3, FAILURE, garbling(culprit)))))
    t.deepEqual(attempt.failure, { type: 'unreadable' })
    t.is(attempt.attribution?.brokenAt, culprit)
    const { hops, ways } = lessonsOf([attempt], 1_000n)
    t.deepEqual(hops, [{ nodeId: way[culprit - 1]?.nodeId, shortChannelId: scids[culprit] }])
    t.deepEqual(ways, [])
  }
})

test('BOLT 4, attribution data — where our peer may have changed it, or nobody tells, an unreadable failure counts against the whole way', (t) => {
  const peer = offered()
  const first = attemptOf(peer.settle(outcomeOf(comeBack(peer.secrets, 3, FAILURE, garbling(0)))))
  const { secrets, settle } = offered()
  const { attribution: _, ...bare } = comeBack(secrets, 3, FAILURE, garbling(2))
  const second = attemptOf(settle(outcomeOf(bare as Passed)))
  for (const attempt of [first, second]) {
    t.deepEqual(attempt.failure, { type: 'unreadable' })
    const { hops, ways, channels } = lessonsOf([attempt], 1_000n)
    t.deepEqual([hops, channels, ways.length], [[], [], 1])
  }
})

test('what came back is read after a restart as before it, and is kept with the attempt', (t) => {
  const { state, secrets, settle } = offered()
  const row = decodeSentPayment(encodeSentPayment(state.payment))
  if (!row.ok) return t.fail(row.error.code)
  for (const failure of [undefined, FAILURE]) {
    const outcome = outcomeOf(comeBack(secrets, 2, failure))
    const ended = settle(outcome, resting(row.value))
    t.deepEqual(attemptOf(ended), attemptOf(settle(outcome)))
    t.deepEqual(decodeSentPayment(encodeSentPayment(ended.payment)), { ok: true, value: ended.payment })
  }
})

test('a failure that leaves no room for attribution data goes upstream without, and whole', (t) => {
  const [sharedSecret] = offered().secrets as [Uint8Array]
  const place = { type: 'open', sharedSecret } as const
  for (const length of [64_567, 64_568]) {
    const command = failureCommand(0n, { type: 'downstream', reason: new Uint8Array(length) }, 1, place)
    if (command.type !== 'fail-htlc') return t.fail()
    t.is(command.reason.length, length)
    t.is(command.attribution !== undefined, length === 64_567)
  }
})

test('attribution data — an onion of the longest route has its first 20 hold times read', (t) => {
  const nodes = Array.from({ length: 22 }, (_, at) => testNode(`node ${at}`))
  const onion = createOnion({
    sessionKey: named('session'),
    hops: nodes.map(({ nodeId }) => ({ nodeId, payload: new Uint8Array(2) })),
    associatedData: paymentHash,
  })
  if (!onion.ok) return t.fail(onion.error.code)
  const { sharedSecrets } = onion.value
  const { attribution } = comeBack(sharedSecrets, 21)
  t.is(readAttribution(sharedSecrets, attribution ?? new Uint8Array(920)).holdTimes.length, 20)
})
