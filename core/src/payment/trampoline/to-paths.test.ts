import test from 'ava'
import type { PaymentBlindedPath } from '../../onion/blinded-payinfo.ts'
import { readPaymentOnion } from '../../onion/payment-onion.ts'
import { createPaymentPath } from '../../onion/payment-path.ts'
import { createTrampolineOnion } from '../../onion/trampoline-onion.ts'
import { encodeTrampolinePayload } from '../../onion/trampoline-payload.ts'
import { vectorOfBits } from '../../wire/features.ts'
import { named, testNode } from '../fixtures/nodes.ts'
import { ownChannels } from '../fixtures/own-channels.ts'
import { chooseRoutes } from '../send/choose-routes.ts'
import { lessonsOf } from '../send/lessons.ts'
import type { PaymentRequest } from '../send/payment.ts'
import { recipientPaths } from '../send/recipient-paths.ts'
import { onionFor } from '../send/route.ts'
import { readEntry } from './read-entry.ts'
import { decodeTrampolineRelay, encodeTrampolineRelay } from './trampoline-codec.ts'
import type { ToRecipientPaths, TrampolineEnv, TrampolinePart } from './trampoline-protocol.ts'
import { beginRecord, onwardPayment } from './trampoline-relay.ts'

const [us, dave, payee] = [testNode('us'), testNode('dave'), testNode('payee')]
const hash = named('hash')
const resolver = { nodeId: us.nodeId, nodeKey: us.privateKey, endOf: () => undefined, peerBy: () => undefined }

/** From dave to the payee; dave takes 1,000 msat, and 40 blocks with the payee's 18. */
const path = (features: readonly number[] = []): PaymentBlindedPath => {
  const relay = {
    nodeId: dave.nodeId,
    next: { type: 'channel', shortChannelId: 5n },
    relay: { feeBaseMsat: 1_000, feeProportionalMillionths: 0, cltvExpiryDelta: 40 },
    htlcMinimumMsat: 1n,
    htlcMaximumMsat: 90_000_000n,
  } as const
  const made = createPaymentPath(named('path'), [relay], {
    nodeId: payee.nodeId,
    pathId: named('path id'),
    maxCltvExpiry: 2_000,
    minFinalCltvExpiryDelta: 18,
    htlcMinimumMsat: 1n,
    htlcMaximumMsat: 2n ** 64n - 1n,
  })
  if (!made.ok) throw new Error(made.error.code)
  return { path: made.value.path, payinfo: { ...made.value.costs, features: vectorOfBits(features) } }
}

const env: TrampolineEnv = {
  now: 1_000_000,
  height: 500,
  policy: { feeBaseMsat: 1_000n, feeProportionalMillionths: 1_000, cltvExpiryDelta: 144 },
  canClaim: () => true,
  minCltvExpiryDelta: 9,
  recipientPaths: (paths) => recipientPaths(paths, resolver),
  paymentSecret: () => named('outer secret'),
}

const part = (more: Partial<ToRecipientPaths> = {}, cltvExpiry = 800): TrampolinePart => ({
  channelId: named('channel'),
  htlcId: 1n,
  paymentHash: hash,
  amountMsat: 1_010_000n,
  cltvExpiry,
  outer: { amtToForward: 1_010_000n, outgoingCltvValue: cltvExpiry, totalMsat: 1_010_000n },
  order: { type: 'paths', amountMsat: 1_000_000n, cltvExpiry: 503, paths: [path()], ...more },
})

const onward = (...given: Parameters<typeof part>): PaymentRequest => {
  const made = onwardPayment([part(...given)], env)
  if (!made.ok) throw new Error(made.error.type)
  return made.value
}

test('the last trampoline node reads the paths of a recipient that knows nothing of trampoline', (t) => {
  const amounts = { amtToForward: 1_000_000n, outgoingCltvValue: 503 }
  const features = vectorOfBits([17])
  const payload = encodeTrampolinePayload({ type: 'to-blinded-paths', ...amounts, paths: [path()], features })
  const onion = createTrampolineOnion({
    sessionKey: named('session'),
    hops: [{ nodeId: us.nodeId, payload }],
    paymentHash: hash,
  })
  if (!onion.ok) return t.fail(onion.error.code)
  const entry = {
    type: 'trampoline-entry',
    amtToForward: 1_010_000n,
    outgoingCltvValue: 800,
    trampolineOnion: onion.value.packet,
  } as const
  const { found, innerSecret } = readEntry(entry, hash, 800, us.privateKey)
  t.deepEqual(innerSecret, onion.value.sharedSecrets[0])
  t.like(found, { ok: true, value: { type: 'trampoline', order: { type: 'paths', amountMsat: 1_000_000n, features } } })
})

test('BOLT 4, trampoline payments — a payment with paths of its recipient goes on over these', (t) => {
  const { target, maxFeeMsat } = onward()
  t.is(target.amountMsat, 1_000_000n)
  t.is(maxFeeMsat, 8_000n)
  t.like(target.recipient, { type: 'blinded', expires: { finalExpiry: 503, latestExpiry: 656 } })
  const channel = { channelId: named('ours'), remoteNodeId: dave.nodeId, shortChannelId: 9n, htlcMinimumMsat: 1n }
  const rich = { ...channel, spendableMsat: 9_000_000n, affordableMsat: 9_000_000n }
  const question = {
    id: 1,
    target,
    startedAt: 0,
    remainingMsat: target.amountMsat,
    feeBudgetMsat: maxFeeMsat,
    maxParts: 16,
    offered: [],
    underWay: [],
    lessons: lessonsOf([], 0n),
    height: 500,
    shadowDelta: 0,
  }
  const found = chooseRoutes(question, ownChannels([rich]))
  if (!found.ok) return t.fail(found.error.code)
  const [route] = found.value
  if (route === undefined) return t.fail()
  const delta = path().payinfo.cltvExpiryDelta
  t.like(route.hops[0], { amountMsat: 1_001_000n, cltvExpiry: 503 + delta })
  const onion = onionFor(route, target, named('outer session'))
  if (!onion.ok) return t.fail(onion.error.code)
  const atDave = readPaymentOnion(
    onion.value.packet,
    hash,
    { amountMsat: 1_001_000n, cltvExpiry: 503 + delta },
    dave.privateKey,
  )
  t.like(atDave, { ok: true, value: { payload: { type: 'blinded-relay', amtToForward: 1_000_000n } } })
})

test('a recipient of whom nothing is said is paid in one part, and over no path that asks for what we do not know', (t) => {
  t.false(onward().target.multiPart)
  t.true(onward({ features: vectorOfBits([17]) }).target.multiPart)
  const { recipient } = onward({ paths: [path([100]), path([101])] }).target
  t.is(recipient.type === 'blinded' && recipient.paths.length, 1)
  for (const paths of [[path([100])], []]) {
    t.deepEqual(onwardPayment([part({ paths })], env), { ok: false, error: { type: 'unknown_next_trampoline' } })
  }
})

test('what goes over a path expires by the blocks of the path later than what reaches its recipient', (t) => {
  const delta = path().payinfo.cltvExpiryDelta
  const isTaken = (asked: number, cltvExpiry: number) =>
    onwardPayment([part({ cltvExpiry: asked }, cltvExpiry)], env).ok
  t.true(isTaken(509 - delta, 800))
  t.false(isTaken(508 - delta, 800))
  t.true(isTaken(600, 600 + delta + 144))
  t.false(isTaken(600, 600 + delta + 143))
})

test('a relay to paths is read back from its row', (t) => {
  const { target, maxFeeMsat, key } = onward({ features: vectorOfBits([17]) })
  const payment = {
    target,
    maxFeeMsat,
    key,
    startedAt: 1,
    status: 'in-flight',
    attempts: [],
    nextAttemptId: 0,
  } as const
  const value = beginRecord([part()], payment)
  t.deepEqual(decodeTrampolineRelay(encodeTrampolineRelay(value)), { ok: true, value })
})
