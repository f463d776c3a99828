import test from 'ava'
import type { HtlcOutcome } from '../../channel/state/effects.ts'
import { sha256 } from '../../crypto/hashes.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import { createFailureOnion } from '../../onion/failure-onion.ts'
import { readPaymentOnion } from '../../onion/payment-onion.ts'
import { createPaymentPath, type PaymentPathRelay } from '../../onion/payment-path.ts'
import { named, sessionKeys, type TestNode, testNode } from '../fixtures/nodes.ts'
import { ownChannels } from '../fixtures/own-channels.ts'
import { type AnsweringWorld, answered, knownChannels } from '../fixtures/route-answers.ts'
import type { Step } from '../step.ts'
import { answerProblem } from './answer-problem.ts'
import { type BlindedRecipient, channelsBefore, type RecipientPath } from './blinded-recipient.ts'
import { chooseRoutes } from './choose-routes.ts'
import { type OwnChannel, type PaymentTarget, partAmounts } from './payment.ts'
import { decodeSentPayment, encodeSentPayment } from './payment-codec.ts'
import { recipientPaths } from './recipient-paths.ts'
import type { RouteQuestion } from './route-question.ts'
import { startPayment, stepPayment } from './send-machine.ts'
import type { SendAddHtlc, SendingEffect, SendState } from './send-protocol.ts'

const [us, bob, dave, payee] = ['us', 'bob', 'dave', 'payee'].map(testNode) as [TestNode, TestNode, TestNode, TestNode]
const preimage = named('preimage')
const paymentHash = sha256(preimage)
const signer = testNode('who signs the invoice').nodeId

const relayBy = (node: TestNode, more: Partial<PaymentPathRelay> = {}): PaymentPathRelay => ({
  nodeId: node.nodeId,
  next: { type: 'channel', shortChannelId: 5n },
  relay: { feeBaseMsat: 1000, feeProportionalMillionths: 1000, cltvExpiryDelta: 40 },
  htlcMinimumMsat: 1000n,
  htlcMaximumMsat: 90_000_000n,
  ...more,
})

const made = (relays: readonly PaymentPathRelay[], name = 'path') => {
  const path = createPaymentPath(named(name), relays, {
    nodeId: payee.nodeId,
    pathId: named('path id'),
    maxCltvExpiry: 2000,
    minFinalCltvExpiryDelta: 18,
    htlcMinimumMsat: 1n,
    htlcMaximumMsat: 2n ** 64n - 1n,
  })
  if (!path.ok) throw new Error(path.error.code)
  return { path: path.value.path, payinfo: path.value.costs }
}

const resolver = { nodeId: us.nodeId, nodeKey: us.privateKey, endOf: () => undefined, peerBy: () => undefined }
const recipientOf = (...paths: readonly ReturnType<typeof made>[]): BlindedRecipient => ({
  type: 'blinded',
  nodeId: signer,
  paths: recipientPaths(paths, resolver),
})

const channel = (name: string, peer: TestNode, spendableMsat: bigint): OwnChannel => ({
  channelId: named(name),
  remoteNodeId: peer.nodeId,
  shortChannelId: 77n,
  spendableMsat,
  affordableMsat: spendableMsat,
  htlcMinimumMsat: 1n,
})

const world = (...channels: readonly OwnChannel[]): AnsweringWorld => ({
  now: 1_000_000,
  height: 500,
  channels: ownChannels(channels),
  ...knownChannels(channels),
  nextHtlcId: () => 70n,
  shadowDelta: () => 0,
  sessionKey: sessionKeys(),
})

const target = (recipient: BlindedRecipient, more: Partial<PaymentTarget> = {}): PaymentTarget => ({
  recipient,
  paymentHash,
  amountMsat: 1_000_000n,
  multiPart: true,
  ...more,
})

type SendStep = Step<SendState, SendingEffect>

const begin = (to: PaymentTarget, env: AnsweringWorld, maxFeeMsat = 10_000n): SendStep => {
  const started = startPayment(undefined, { target: to, maxFeeMsat, key: '' }, env)
  if (!started.ok) throw new Error(started.error.code)
  return answered(started.value, env)
}
const adds = ({ effects }: SendStep): readonly SendAddHtlc[] => effects.filter((effect) => effect.type === 'add-htlc')

const failing = (attempt: number, failure: HtlcOutcome) => ({ type: 'settled', attempt, outcome: failure }) as const

/** What the payee reads of an HTLC that went by one relay, whose first node also read it. */
const delivered = (add: SendAddHtlc | undefined, relay: TestNode) => {
  if (add === undefined) throw new Error('nothing was sent')
  const first = readPaymentOnion(add.onion, paymentHash, add, relay.privateKey)
  if (!first.ok || first.value.payload.type !== 'blinded-relay') throw new Error('not for a path')
  const { amtToForward: amountMsat, outgoingCltvValue: cltvExpiry, nextPathKey: pathKey } = first.value.payload
  const packet = first.value.nextPacket ?? new Uint8Array(0)
  const last = readPaymentOnion(packet, paymentHash, { amountMsat, cltvExpiry, pathKey }, payee.privateKey)
  if (!last.ok || last.value.payload.type !== 'blinded-final') throw new Error('not for the payee')
  return { ...last.value.payload, amountMsat, cltvExpiry, secrets: [first.value.sharedSecret, last.value.sharedSecret] }
}

test('BOLT 4, sending over blinded paths — a part is paid to the first node of a path, which is told the path key; what the path asks for is added', (t) => {
  const [add, ...others] = adds(begin(target(recipientOf(made([relayBy(bob)]))), world(channel('a', bob, 9_000_000n))))
  t.deepEqual(others, [])
  // 1,000 and 1 in 1,000; 40 and 18 blocks, and three of ours.
  t.like(add, { channelId: named('a'), amountMsat: 1_002_000n, cltvExpiry: 561 })
  t.like(delivered(add, bob), {
    amountMsat: 1_000_000n,
    amtToForward: 1_000_000n,
    totalMsat: 1_000_000n,
    cltvExpiry: 521,
    // BOLT 4: the height, and what we add to it.
    outgoingCltvValue: 503,
    pathId: named('path id'),
  })
})

test('BOLT 4, sending over blinded paths — parts go over several paths, none beyond what its path takes, and fees stay within the limit', (t) => {
  const narrow = { htlcMaximumMsat: 701_701n }
  const recipient = recipientOf(made([relayBy(bob, narrow)], 'one'), made([relayBy(dave, narrow)], 'two'))
  const env = world(channel('a', bob, 9_000_000n), channel('b', dave, 9_000_000n))
  const parts = adds(begin(target(recipient), env))
  t.deepEqual(
    parts.map(({ channelId }, at) => [channelId, delivered(parts[at], at === 0 ? bob : dave).amountMsat]),
    [
      [named('a'), 701_701n],
      [named('b'), 298_299n],
    ],
  )
  t.is(parts.reduce((sum, { amountMsat }) => sum + amountMsat, 0n) <= 1_010_000n, true)
  const one = begin(target(recipient, { multiPart: false }), env)
  t.deepEqual(adds(one), [])
  // Both bases are 2,000, and the parts together 1,000.
  t.is(adds(begin(target(recipient), env, 2_998n)).length, 0)
  t.is(adds(begin(target(recipient), env, 3_000n)).length, 2)
  const little = recipientOf(made([relayBy(bob, { htlcMinimumMsat: 1_000_001n })]))
  t.deepEqual(begin(target(little), env).state.payment.failure, { code: 'insufficient-balance' })
})

test('BOLT 4, sending over blinded paths — what fails inside counts against the path, and not against its first node', (t) => {
  const recipient = recipientOf(made([relayBy(bob)], 'one'), made([relayBy(bob)], 'two'))
  const env = world(channel('a', bob, 9_000_000n))
  const first = begin(target(recipient), env)
  const invalid: FailureMessage = { type: 'invalid_onion_blinding', sha256OfOnion: named('onion') }
  const reasonBy = (step: SendStep): Uint8Array =>
    createFailureOnion(delivered(adds(step)[0], bob).secrets[0] as Uint8Array, invalid)
  const failed = (step: SendStep, attempt: number): SendStep =>
    answered(
      stepPayment(
        step.state,
        failing(attempt, { type: 'failed', failure: { type: 'fail', reason: reasonBy(step) } }),
        env,
      ),
      env,
    )
  const second = failed(first, 0)
  t.deepEqual(
    second.state.payment.attempts.map(({ route }) => route.hops.at(-1)?.shortChannelId),
    [0n, 1n],
  )
  // Neither path is left.
  const third = failed(second, 1)
  t.like(third.state.payment, { status: 'failed', failure: { code: 'payment-failed', attempt: 1 } })
  t.like(third.state.payment.attempts[1]?.failure, { type: 'remote', hop: 0, message: invalid })
})

test('BOLT 4, sending over blinded paths — where the path begins with the payee, a refusal of it is final', (t) => {
  const recipient = recipientOf(made([], 'one'), made([], 'two'))
  const env = world(channel('a', payee, 9_000_000n))
  const step = begin(target(recipient), env)
  const [add] = adds(step)
  if (add === undefined) return t.fail()
  const read = readPaymentOnion(add.onion, paymentHash, add, payee.privateKey)
  if (!read.ok) return t.fail(read.error.reason)
  t.like(read.value, { isFinal: true, payload: { type: 'blinded-final', totalMsat: 1_000_000n } })
  const reason = createFailureOnion(read.value.sharedSecret, {
    type: 'incorrect_or_unknown_payment_details',
    htlcMsat: 1_000_000n,
    height: 500,
  })
  const { state } = stepPayment(step.state, failing(0, { type: 'failed', failure: { type: 'fail', reason } }), env)
  t.like(state.payment, { status: 'failed', failure: { code: 'payment-failed', attempt: 0 } })
})

test('a payment over blinded paths is read back, and keeps nothing of the paths once it has ended', (t) => {
  const env = world(channel('a', bob, 9_000_000n))
  const step = begin(target(recipientOf(made([relayBy(bob)]))), env)
  t.deepEqual(decodeSentPayment(encodeSentPayment(step.state.payment)), { ok: true, value: step.state.payment })
  const { state } = stepPayment(step.state, failing(0, { type: 'fulfilled', preimage, onChain: false }), env)
  t.deepEqual(state.payment.target.recipient, { type: 'blinded', nodeId: signer, paths: [] })
  t.deepEqual(decodeSentPayment(encodeSentPayment(state.payment)), { ok: true, value: state.payment })
})

test('an answer is held against the paths: their first nodes, fees, blocks and limits', (t) => {
  const recipient = recipientOf(made([relayBy(bob)]))
  const channels = [channel('a', bob, 9_000_000n)]
  const question: RouteQuestion = {
    id: 1,
    startedAt: 0,
    target: target(recipient),
    remainingMsat: 1_000_000n,
    feeBudgetMsat: 10_000n,
    maxParts: 16,
    offered: [],
    underWay: [],
    lessons: { channels: [], nodes: [], hops: [], refused: [], ways: [], corrections: [] },
    height: 500,
    shadowDelta: 0,
  }
  const found = chooseRoutes(question, ownChannels(channels))
  if (!found.ok) return t.fail(found.error.code)
  const [route] = found.value
  const [first, last] = route?.hops ?? []
  if (route === undefined || first === undefined || last === undefined) return t.fail()
  t.is(partAmounts(route).feesMsat, 2_000n)
  const problem = (...hops: readonly (typeof first)[]): string | undefined =>
    answerProblem(question, [{ ...route, hops }], knownChannels(channels))
  t.is(problem(first, last), undefined)
  t.is(problem(first, { ...last, shortChannelId: 1n }), 'a route over a path that there is not')
  t.is(problem(last), `${Buffer.from(named('a')).toString('hex')} does not lead to the first hop`)
  const stranger = { ...first, nodeId: dave.nodeId, shortChannelId: 9n }
  t.is(problem(first, stranger, last), 'a route to another node than the one that its path begins at')
  t.is(problem({ ...first, amountMsat: 1_001_999n }, last), 'too small a fee for a path')
  t.is(problem({ ...first, cltvExpiry: first.cltvExpiry - 1 }, last), 'too few blocks for a path')
  t.is(
    problem({ ...first, amountMsat: 99_000_000n }, { ...last, amountMsat: 90_000_001n }),
    'a part that its path does not take',
  )
})

test('BOLT 4, sending over blinded paths — a path may begin at an end of a channel; one that begins with us is entered at its second node', (t) => {
  const relays = [relayBy(us, { next: { type: 'channel', shortChannelId: 8n } }), relayBy(bob)]
  const path = made(relays)
  const own = { ...resolver, peerBy: (id: bigint) => (id === 8n ? bob.nodeId : undefined) }
  const [entered] = recipientPaths([path], own)
  const behind = made([relayBy(bob)]).payinfo
  t.like(entered, { introductionNodeId: bob.nodeId, cltvExpiryDelta: behind.cltvExpiryDelta })
  t.deepEqual([entered?.feeBaseMsat, entered?.feeProportionalMillionths], [1000, 1000])
  const recipient: BlindedRecipient = { type: 'blinded', nodeId: signer, paths: entered === undefined ? [] : [entered] }
  const [add] = adds(begin(target(recipient), world(channel('a', bob, 9_000_000n))))
  t.is(delivered(add, bob).amountMsat, 1_000_000n)

  const named_ = {
    ...path,
    path: { ...path.path, firstNodeId: { type: 'sciddir', shortChannelId: 3n, direction: 1 } as const },
  }
  t.deepEqual(recipientPaths([named_], resolver), [])
  const endOf = (id: bigint, direction: number) => (id === 3n && direction === 1 ? dave.nodeId : undefined)
  t.like(recipientPaths([named_], { ...resolver, endOf }), [{ introductionNodeId: dave.nodeId }])
  // Ours alone, or to nobody that we know.
  t.deepEqual(recipientPaths([path], resolver), [])
  t.deepEqual(recipientPaths([made([])], { ...resolver, nodeId: payee.nodeId, nodeKey: payee.privateKey }), [])
  t.is(
    recipientPaths(
      Array.from({ length: 9 }, (_, at) => made([relayBy(bob)], `path ${at}`)),
      resolver,
    ).length,
    6,
  )
})

test('BOLT 4, sending over blinded paths — a path takes room in the onion, and one that no onion holds is not used', (t) => {
  const [short] = recipientOf(made([relayBy(bob)])).paths
  t.true(short !== undefined && channelsBefore(short) > 10)
  const long = made(Array.from({ length: 14 }, () => relayBy(bob)))
  t.deepEqual(recipientPaths([long], resolver), [])
  const [middle] = recipientPaths([made(Array.from({ length: 10 }, () => relayBy(bob)))], resolver)
  t.true(middle !== undefined && channelsBefore(middle) < 10 && channelsBefore(middle as RecipientPath) > 0)
})
