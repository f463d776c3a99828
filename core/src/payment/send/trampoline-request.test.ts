import test from 'ava'
import { peelTrampolineOnion } from '../../onion/trampoline-onion.ts'
import { decodeTrampolinePayload } from '../../onion/trampoline-payload.ts'
import { named, peelAlong, testNode } from '../fixtures/nodes.ts'
import { type PaymentRequest, payeeOf } from './payment.ts'
import { onionFor } from './route.ts'
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
