import test from 'ava'
import { toHex } from '../../lib/bytes.ts'
import { named, testNode } from '../fixtures/nodes.ts'
import { payments } from '../fixtures/rows-v5.ts'
import { answerProblem } from './answer-problem.ts'
import type { PaymentTarget, Route, SentPayment } from './payment.ts'
import { decodeSentPayment, encodeSentPayment } from './payment-codec.ts'
import type { RouteQuestion } from './route-question.ts'
import { mostParts, NO_WISHES, wishing } from './route-wishes.ts'
import type { RouteWishes } from './wishes.ts'

const [bob, carol] = [testNode('bob').nodeId, testNode('carol').nodeId]

const target: PaymentTarget = {
  recipient: { type: 'node', nodeId: carol, minFinalCltvExpiryDelta: 18, routeHints: [] },
  paymentHash: named('hash'),
  amountMsat: 1_000n,
  multiPart: true,
}

const WISHES: RouteWishes = {
  maxParts: 3,
  maxHops: 4,
  maxCltvExpiryDelta: 500,
  excludedNodes: [bob],
  excludedChannels: [7n, 2n ** 64n - 1n],
  weights: [
    { nodeId: carol, factor: 0.001 },
    { shortChannelId: 9n, factor: 1_000 },
    { shortChannelId: 10n, from: bob, factor: 1.234567 },
  ],
}

test('what the payer wants is in the row of the payment, and the row of one that wants nothing is as long as before', (t) => {
  const [{ value } = { value: undefined }] = payments
  const plain = value as SentPayment
  const wanting = { ...plain, target: { ...plain.target, wishes: WISHES } }
  t.deepEqual(decodeSentPayment(encodeSentPayment(wanting)), { ok: true, value: wanting })
  t.is(encodeSentPayment(plain)[0], 5)
  t.is(encodeSentPayment(wanting)[0], 6)
  t.is(toHex(encodeSentPayment(wanting)), WRITTEN)
})

test('who wants nothing says nothing; one part at most is no parts', (t) => {
  t.deepEqual(wishing(target, NO_WISHES), target)
  t.deepEqual(wishing(target, { ...NO_WISHES, maxParts: 1 }), {
    ...target,
    multiPart: false,
    wishes: { ...NO_WISHES, maxParts: 1 },
  })
  t.deepEqual(wishing(target, WISHES).wishes, WISHES)
})

test('parts that are under way count among the most that there may be', (t) => {
  t.is(mostParts(target, 5), 16)
  const few = wishing(target, WISHES)
  t.deepEqual(
    [0, 1, 2, 3].map((underWay) => mostParts(few, underWay)),
    [3, 2, 1, 1],
  )
  t.is(mostParts({ ...few, multiPart: false }, 0), 1)
})

test('an answer against the wishes is none to the question', (t) => {
  const question = (wishes: RouteWishes): RouteQuestion => ({
    id: 1,
    target: { ...target, wishes },
    remainingMsat: 1_000n,
    feeBudgetMsat: 100n,
    offered: [],
    underWay: [],
    lessons: { channels: [], nodes: [], hops: [], refused: [], ways: [], corrections: [] },
    height: 500,
    shadowDelta: 0,
  })
  const route: Route = {
    channelId: named('own'),
    hops: [
      { nodeId: bob, shortChannelId: 7n, amountMsat: 1_010n, cltvExpiry: 560 },
      { nodeId: carol, shortChannelId: 8n, amountMsat: 1_000n, cltvExpiry: 520 },
    ],
  }
  const problem = (wishes: Partial<RouteWishes>, routes = [route]) =>
    answerProblem(question({ ...NO_WISHES, ...wishes }), routes, { peerOf: () => bob })
  t.is(problem({}), undefined)
  t.regex(problem({ excludedNodes: [bob] }) ?? '', /^a route by way of/)
  t.is(problem({ excludedChannels: [7n] }), 'a route over 7, which was to be left out')
  t.is(problem({ excludedChannels: [8n] }), 'a route over 8, which was to be left out')
  t.is(problem({ maxHops: 1 }), '2 channels where there may be 1')
  t.is(problem({ maxCltvExpiryDelta: 59 }), 'a first expiry that is too far')
  t.is(problem({ maxParts: 1 }, [route, route]), '2 routes where there may be 1')
})

// Never change the bytes: a payment that is under way goes on with what it was begun with.
const WRITTEN =
  '060003eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee015e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e0100030a0a0a120001000102b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0000000000000000b000003e8000000640028aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaafe000f424001010000018bd01c5680000101000a6c6e6263727435307531014e00d10d60ee4cd00d0d49a4b574d77a4f5a0bff0ed0526d751b532c78afaf9d5e4347dff2e81eb85bc021a6db3a3a74f4e44dc84d2709ac3b9e1793b3b7ca3dd75d2c68a69d5d97fe313cb0340862656e6368c003e18a405791c58257c327cd01688e7a31f35858700a3d5468ade611cdad8bb35232d9f97ffb3668e69da9154000007d0000000c800a01404241008e5ccdf6b4f7f54f662c7e92ada2f767e34d767664567634454ad77a04f8a74f54a41906bbe74436cfc3a1bc5f8e1601f86d6b9bee2bbfedf2931dcf133a916700ebf7a000010006636f66666565010003000401f4000103ec0486f551b65bc1675dca913ee7f95e75e0d87667bbd05fcc358fa55c731f3e00020000000000000007ffffffffffffffff00030102807b5d4ab6dc4031e08e43746b04ef969b6ea37e3a844a06498c47258e6161f30000000003e800010000000000000009003b9aca000001000000000000000a0103ec0486f551b65bc1675dca913ee7f95e75e0d87667bbd05fcc358fa55c731f3e0012d687fd271000056b65792d310000018bcfe5680000000300c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c100020102b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0010000000000000007fe000f468c000002310001000000000000000bfe000f424000000209002051515151515151515151515151515151515151515151515151515151515151510000018bcfe56801020101000000041007000001c801c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c200010000fe00061a8000000209002052525252525252525252525252525252525252525252525252525252525252520000018bcfe56802000001c902c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c300010000fe000927c000000209002053535353535353535353535353535353535353535353535353535353535353530000018bcfe5680202010000086e6f742d73656e7401ca03000000'
