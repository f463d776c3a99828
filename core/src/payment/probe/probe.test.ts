import test from 'ava'
import { toHex } from '../../lib/bytes.ts'
import { named, testNode } from '../fixtures/nodes.ts'
import type { Route, SentPayment } from '../send/payment.ts'
import { paymentReference } from '../send/payment-reference.ts'
import { startPayment } from '../send/send-machine.ts'
import { trampolineReference } from '../trampoline/trampoline-reference.ts'
import { MAX_PROBING, mayProbe, type ProbeRecord, probeRequest } from './probe.ts'
import { decodeProbe, encodeProbe } from './probe-codec.ts'
import { parseProbeReference, probeReference } from './probe-reference.ts'

const [bob, carol] = [testNode('bob'), testNode('carol')]
const route: Route = {
  channelId: named('own'),
  hops: [
    { nodeId: bob.nodeId, shortChannelId: 1n, amountMsat: 1_001n, cltvExpiry: 560 },
    { nodeId: carol.nodeId, shortChannelId: 2n, amountMsat: 1_000n, cltvExpiry: 520 },
  ],
}

const begin = (parts: number) => {
  const request = probeRequest({
    destination: carol.nodeId,
    amountMsat: 1_000n * BigInt(parts),
    feesMsat: BigInt(parts),
    routes: [route, ...Array.from({ length: parts - 1 }, () => route)],
    paymentHash: named('hash'),
    paymentSecret: named('secret'),
    key: 'key',
  })
  const started = startPayment(undefined, request, {
    now: 1_700_000_000_000,
    height: 500,
    peerOf: () => bob.nodeId,
    questionId: () => 0,
    shadowDelta: () => 0,
    nextHtlcId: () => 3n,
    sessionKey: () => named('session'),
  })
  if (!started.ok) throw new Error(started.error.code)
  return started.value
}

const begun = (parts: number): SentPayment => begin(parts).state.payment

test('a probe is sent over its routes at once, and no question is asked for another', (t) => {
  const { state, effects } = begin(3)
  t.is(state.payment.attempts.length, 3)
  t.deepEqual(
    effects.map(({ type }) => type),
    ['add-htlc', 'add-htlc', 'add-htlc'],
  )
})

test('the row of a probe is read back, and written to the byte', (t) => {
  for (const record of [{ payment: begun(1) }, { owner: 'prober', payment: begun(2) }]) {
    t.deepEqual(decodeProbe(encodeProbe(record)), { ok: true, value: record })
  }
  t.is(toHex(encodeProbe({ owner: 'prober', payment: begun(1) })), WRITTEN)
})

test('one who asks has so many parts out, whatever others have', (t) => {
  const { operator, plugin } = MAX_PROBING
  const live: ProbeRecord[] = [{ owner: 'a', payment: begun(10) }]
  t.true(mayProbe(live, 'a', plugin - 10))
  t.false(mayProbe(live, 'a', plugin - 9))
  t.true(mayProbe(live, 'b', plugin))
  t.true(mayProbe(live, undefined, operator))
  t.false(mayProbe([...live, { payment: begun(1) }], undefined, operator))
  const [probe] = live
  const back = probe?.payment.attempts.map((attempt) => ({ ...attempt, status: 'failed' as const })) ?? []
  t.true(
    mayProbe([{ owner: 'a', payment: { ...begun(10), attempts: back } }], 'a', plugin),
    'what is back counts no more',
  )
})

test('what a channel knows a probe by is told from what it knows payments and relays by', (t) => {
  const paymentHash = named('hash')
  t.deepEqual(parseProbeReference(probeReference(paymentHash, 7)), { paymentHash, attempt: 7 })
  t.is(parseProbeReference(paymentReference(paymentHash, 7)), undefined)
  t.is(parseProbeReference(trampolineReference({ channelId: named('own'), htlcId: 1n }, 7)), undefined)
})

// It stays readable for as long as a probe of an earlier version may be under way: never change the bytes.
const WRITTEN =
  '0101000670726f626572000001a7050002807b5d4ab6dc4031e08e43746b04ef969b6ea37e3a844a06498c47258e6161f3012bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b00000000d04b98f48e8f8bcc15c6ae5ac050801cd6dcfd428fb5f9e65c4e16e7807340fafd03e80000015b3975651c3cab92d044c096dc30a1c2d9525497457472de48c51ecb363d1f4a000203ec0486f551b65bc1675dca913ee7f95e75e0d87667bbd05fcc358fa55c731f3e01000000000000000100000000000003e90000023002807b5d4ab6dc4031e08e43746b04ef969b6ea37e3a844a06498c47258e6161f301000000000000000200000000000003e80000020800000100036b65790000018bcfe56800000001005b3975651c3cab92d044c096dc30a1c2d9525497457472de48c51ecb363d1f4a00020103ec0486f551b65bc1675dca913ee7f95e75e0d87667bbd05fcc358fa55c731f3e010000000000000001fd03e90000023000010000000000000002fd03e80000020800203f3af1ecebbd1410ab417ec0d27bbfcb5d340e177ae159b59fc8626c2dfd91750000018bcfe568000000010301000000'
