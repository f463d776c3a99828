import test from 'ava'
import { peelTrampolineOnion } from '../../onion/trampoline-onion.ts'
import { decodeTrampolinePayload } from '../../onion/trampoline-payload.ts'
import { vectorOfBits } from '../../wire/features.ts'
import { named, peelAlong, testNode } from '../fixtures/nodes.ts'
import type { RecipientPath } from './blinded-recipient.ts'
import { type PaymentRequest, payeeOf } from './payment.ts'
import { onionFor } from './route.ts'
import { channelsBeforeTrampoline } from './trampoline-recipient.ts'
import { byTrampoline } from './trampoline-request.ts'

const trampoline = testNode('trampoline')
const payee = testNode('payee')
const hash = named('hash')

const request: PaymentRequest = {
  target: {
    recipient: {
      type: 'node',
      nodeId: payee.nodeId,
      paymentSecret: named('secret'),
      paymentMetadata: Uint8Array.of(7),
      minFinalCltvExpiryDelta: 18,
      routeHints: [],
    },
    paymentHash: hash,
    amountMsat: 1_000_000n,
    multiPart: false,
  },
  maxFeeMsat: 10_001n,
  key: 'key',
}
const options = {
  nodeId: trampoline.nodeId,
  height: 500,
  sessionKey: named('inner session'),
  paymentSecret: named('outer secret'),
}

const made = () => {
  const by = byTrampoline(request, options)
  if (!by.ok) throw new Error(by.error.code)
  return by.value
}

test('BOLT 4, trampoline payments — each hop of the inner onion is told an amount and an expiry, the trampoline node who is next, and the payee the invoice’s secret', (t) => {
  const { recipient } = made().target
  if (recipient.type !== 'trampoline' || recipient.trampolineOnion === undefined) return t.fail()
  const amounts = { amtToForward: 1_000_000n, outgoingCltvValue: 521 }
  const first = peelTrampolineOnion(recipient.trampolineOnion, hash, trampoline.privateKey)
  if (!first.ok || first.value.nextPacket === undefined) return t.fail()
  t.deepEqual(decodeTrampolinePayload(first.value.payload, false), {
    ok: true,
    value: { type: 'trampoline-relay', ...amounts, nextNodeId: payee.nodeId },
  })
  const last = peelTrampolineOnion(first.value.nextPacket, hash, payee.privateKey)
  if (!last.ok) return t.fail()
  const paymentData = { paymentSecret: named('secret'), totalMsat: 1_000_000n }
  t.deepEqual(decodeTrampolinePayload(last.value.payload, true), {
    ok: true,
    value: { type: 'trampoline-final', ...amounts, paymentData, paymentMetadata: Uint8Array.of(7) },
  })
  t.deepEqual(recipient.innerSecrets, [first.value.sharedSecret, last.value.sharedSecret])
})

test('BOLT 4, trampoline payments — the last hop of the outer onion has the inner one, with another payment secret and another session key', (t) => {
  const { target } = made()
  const hop = { nodeId: trampoline.nodeId, amountMsat: target.amountMsat, cltvExpiry: 1_097 }
  const onion = onionFor({ channelId: named('ours'), hops: [hop] }, target, named('outer session'))
  if (!onion.ok) return t.fail(onion.error.code)
  const [payload] = peelAlong(onion.value.packet, hash, [trampoline]).payloads
  if (payload?.type !== 'trampoline-entry') return t.fail()
  t.deepEqual(payload.paymentData, { paymentSecret: named('outer secret'), totalMsat: 1_005_000n })
  // Of both onions the first point is that of the session key.
  t.notDeepEqual(payload.trampolineOnion.subarray(1, 34), onion.value.packet.subarray(1, 34))
})

test('half of the fees are for the trampoline node, and what is left is for the way to it', (t) => {
  const { target, maxFeeMsat } = made()
  t.is(target.amountMsat, 1_005_000n)
  t.is(maxFeeMsat, 5_001n)
  t.deepEqual(payeeOf(target), { nodeId: payee.nodeId, amountMsat: 1_000_000n })
  t.like(target.recipient, { finalExpiry: 521 + 576, latestExpiry: 500 + 2016 })
})

test('a payee without a payment secret is not paid by trampoline', (t) => {
  const { paymentSecret: _, ...recipient } = { ...request.target.recipient, paymentSecret: undefined }
  const without = { ...request, target: { ...request.target, recipient } } as PaymentRequest
  t.deepEqual(byTrampoline(without, options), { ok: false, error: { code: 'recipient-not-supported' } })
})

/** A path of so many hops from the first one on. */
const pathOf = (name: string, hops: number): RecipientPath => ({
  introductionNodeId: testNode(name).nodeId,
  firstPathKey: testNode(`${name} key`).nodeId,
  path: Array.from({ length: hops }, (_, at) => ({
    blindedNodeId: testNode(`${name} ${at}`).nodeId,
    encryptedRecipientData: new Uint8Array(60).fill(at),
  })),
  feeBaseMsat: 1,
  feeProportionalMillionths: 2,
  cltvExpiryDelta: 80 + hops,
  htlcMinimumMsat: 1n,
  htlcMaximumMsat: 10_000_000n,
})

const overPaths = (paths: readonly RecipientPath[], multiPart = true) => {
  const recipient = { type: 'blinded', nodeId: payee.nodeId, paths } as const
  return byTrampoline({ ...request, target: { ...request.target, recipient, multiPart } }, options)
}

test('BOLT 4, trampoline payments — a payee of blinded paths is paid by telling some of them to the last trampoline node', (t) => {
  // The second has no room besides the first.
  const by = overPaths([pathOf('one', 2), pathOf('two', 6), pathOf('three', 1)])
  if (!by.ok) return t.fail(by.error.code)
  const { recipient, multiPart, amountMsat } = by.value.target
  t.true(multiPart)
  t.is(amountMsat, 1_005_000n)
  if (recipient.type !== 'trampoline' || recipient.trampolineOnion === undefined) return t.fail()
  // What leaves the trampoline node expires by the longest path's blocks after what the payee gets.
  t.is(recipient.finalExpiry, 503 + 82 + 576)
  t.deepEqual(recipient.payee, { nodeId: payee.nodeId, amountMsat: 1_000_000n })
  const peeled = peelTrampolineOnion(recipient.trampolineOnion, hash, trampoline.privateKey)
  if (!peeled.ok) return t.fail()
  t.true(peeled.value.isFinal)
  const payload = decodeTrampolinePayload(peeled.value.payload, true)
  t.like(payload, { ok: true, value: { type: 'to-blinded-paths', amtToForward: 1_000_000n, outgoingCltvValue: 503 } })
  if (!payload.ok || payload.value.type !== 'to-blinded-paths') return t.fail()
  t.deepEqual(payload.value.features, vectorOfBits([17]))
  t.deepEqual(
    payload.value.paths.map(({ path, payinfo }) => [path.path.length, payinfo.cltvExpiryDelta]),
    [
      [2, 82],
      [1, 81],
    ],
  )
  t.true(channelsBeforeTrampoline(recipient) >= 3)
})

test('a payee that takes no parts is not said to, and paths that no onion holds are not tried', (t) => {
  const one = overPaths([pathOf('one', 1)], false)
  if (!one.ok || one.value.target.recipient.type !== 'trampoline') return t.fail()
  const { trampolineOnion = new Uint8Array(0) } = one.value.target.recipient
  const peeled = peelTrampolineOnion(trampolineOnion, hash, trampoline.privateKey)
  const payload = peeled.ok ? decodeTrampolinePayload(peeled.value.payload, true) : undefined
  t.true(payload?.ok && payload.value.type === 'to-blinded-paths' && payload.value.features === undefined)
  t.deepEqual(overPaths([pathOf('long', 9)]), { ok: false, error: { code: 'paths-too-long' } })
})
