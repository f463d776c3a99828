import test from 'ava'
import type { Invoice } from '../../invoice/invoice.ts'
import { seededRng } from '../../lib/rng.ts'
import { named, testNode } from '../../payment/fixtures/nodes.ts'
import type { PaymentRequest } from '../../payment/send/payment.ts'
import { vectorOfBits } from '../../wire/features.ts'
import { trampolinePayment } from './trampoline-payment.ts'

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
const world = { rng: seededRng(1), height: () => 500 }

const by = (bits: readonly number[], nodeId = testNode('trampoline').nodeId) =>
  trampolinePayment({ features: vectorOfBits(bits) } as Invoice, request, nodeId, world)

test('BOLT 4, trampoline payments — a payee is paid by trampoline only if it offers that', (t) => {
  t.true(by([8, 14, 57]).ok)
  t.true(by([8, 14, 56]).ok)
  t.like(by([8, 14]), { ok: false, error: { code: 'trampoline-not-possible', field: 'trampoline' } })
  // The prototype of older wallets is another protocol.
  t.like(by([8, 14, 149]), { ok: false, error: { code: 'trampoline-not-possible' } })
})

test('a payee is no trampoline node on the way to itself', (t) => {
  t.like(by([57], payee.nodeId), { ok: false, error: { code: 'trampoline-not-possible' } })
})
