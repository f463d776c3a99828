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
  t.is(toHex(encodeSentPayment(wanting)), `${toHex(encodeSentPayment(plain))}${WRITTEN}`)
})

test('who wants nothing says nothing; one part at most is no parts', (t) => {
  t.deepEqual(wishing(target, NO_WISHES), target)
  t.is(mostParts(wishing(target, NO_WISHES), 5), mostParts(target, 5))
  t.deepEqual(wishing(target, { ...NO_WISHES, maxParts: 1 }), {
    ...target,
    multiPart: false,
    wishes: { ...NO_WISHES, maxParts: 1 },
  })
  t.deepEqual(wishing(target, WISHES).wishes, WISHES)
})

test('parts that are under way count among the most that there may be', (t) => {
  t.is(mostParts(target, 5), 11)
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
    maxParts: mostParts({ ...target, wishes }, 0),
    offered: [],
    underWay: [],
    lessons: { channels: [], nodes: [], hops: [], refused: [], ways: [], corrections: [] },
    height: 500,
    startedAt: 0,
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
  '02a40003000401f4000103ec0486f551b65bc1675dca913ee7f95e75e0d87667bbd05fcc358fa55c731f3e00020000000000000007ffffffffffffffff00030102807b5d4ab6dc4031e08e43746b04ef969b6ea37e3a844a06498c47258e6161f30000000003e800010000000000000009003b9aca000001000000000000000a0103ec0486f551b65bc1675dca913ee7f95e75e0d87667bbd05fcc358fa55c731f3e0012d687'
