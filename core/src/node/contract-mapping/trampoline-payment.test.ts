import test from 'ava'
import { equalBytes } from '../../lib/bytes.ts'
import { seededRng } from '../../lib/rng.ts'
import { named, testNode } from '../../payment/fixtures/nodes.ts'
import type { PaymentRequest } from '../../payment/send/payment.ts'
import { vectorOfBits } from '../../wire/features.ts'
import type { MappingContext } from './context.ts'
import { payeeProblem, trampolinePayment } from './trampoline-payment.ts'

const payee = testNode('payee')
const request: PaymentRequest = {
  target: {
    recipient: {
      type: 'node',
      nodeId: payee.nodeId,
      paymentSecret: named('secret'),
      minFinalCltvExpiryDelta: 18,
      routeHints: [],
    },
    paymentHash: named('hash'),
    amountMsat: 1_000_000n,
    multiPart: true,
  },
  maxFeeMsat: 10_000n,
  key: '',
}
const trampoline = testNode('trampoline')
const known = testNode('announced')

/** The trampoline node is a peer that shows these bits; another one is announced. */
const world = (bits: readonly number[]) =>
  ({
    options: { rng: seededRng(1) },
    height: () => 500,
    peerDirectory: {
      get: (nodeId: Uint8Array) =>
        equalBytes(nodeId, trampoline.nodeId) ? { connection: { remoteFeatures: vectorOfBits(bits) } } : undefined,
    },
    gossip: {
      featuresOf: (nodeId: Uint8Array) => (equalBytes(nodeId, known.nodeId) ? vectorOfBits([57]) : undefined),
    },
  }) as unknown as MappingContext

const refused = { ok: false, error: { code: 'trampoline-not-possible', field: 'trampoline' } }

test('BOLT 4, trampoline payments — a payee is paid by trampoline only if it offers that', (t) => {
  for (const bits of [
    [8, 14, 57],
    [8, 14, 56],
  ])
    t.is(payeeProblem(vectorOfBits(bits)), undefined)
  t.like(payeeProblem(vectorOfBits([8, 14])), refused.error)
  // The prototype of older wallets is another protocol.
  t.like(payeeProblem(vectorOfBits([8, 14, 149])), refused.error)
})

test('BOLT 4, trampoline payments — a node that does not say that it is a trampoline node is paid by as none', (t) => {
  t.true(trampolinePayment(request, trampoline.nodeId, world([57])).ok)
  t.like(trampolinePayment(request, trampoline.nodeId, world([149])), refused)
  t.true(trampolinePayment(request, known.nodeId, world([])).ok)
  t.like(trampolinePayment(request, testNode('nobody').nodeId, world([57])), refused)
})

test('a payee is no trampoline node on the way to itself', (t) => {
  t.like(trampolinePayment(request, payee.nodeId, world([57])), refused)
})
