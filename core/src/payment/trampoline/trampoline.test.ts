import test from 'ava'
import fc from 'fast-check'
import { concat, toHex, u64be } from '../../lib/bytes.ts'
import { named, testNode } from '../fixtures/nodes.ts'
import type { Attempt, SentPayment } from '../send/payment.ts'
import { gather } from './gather.ts'
import { decodeTrampolineRelay, encodeTrampolineRelay } from './trampoline-codec.ts'
import type { TrampolineEnv, TrampolinePart, TrampolineRelayRecord } from './trampoline-protocol.ts'
import { parseTrampolineReference, trampolineReference } from './trampoline-reference.ts'
import { beginRecord, earnedMsat, endingOf, onwardPayment } from './trampoline-relay.ts'

const next = testNode('next')
const POLICY = { feeBaseMsat: 1_000n, feeProportionalMillionths: 1_000, cltvExpiryDelta: 144 }

const env = (more: Partial<TrampolineEnv> = {}): TrampolineEnv => ({
  now: 1_000_000,
  height: 500,
  policy: POLICY,
  canClaim: () => true,
  minCltvExpiryDelta: 9,
  recipientPaths: () => [],
  paymentSecret: () => named('outer secret'),
  ...more,
})

const ORDER = {
  type: 'node',
  nextNodeId: next.nodeId,
  amountMsat: 1_000_000n,
  cltvExpiry: 600,
  nextOnion: named('onion'),
} as const

/** A part of 1,010,000 msat, of which 1,000,000 are to go on. */
const part = (htlcId: bigint, amountMsat: bigint, more: Partial<TrampolinePart> = {}): TrampolinePart => ({
  channelId: named('channel'),
  htlcId,
  paymentHash: named('hash'),
  amountMsat,
  cltvExpiry: 800,
  outer: { amtToForward: amountMsat, outgoingCltvValue: 800, paymentSecret: named('secret'), totalMsat: 1_010_000n },
  order: ORDER,
  ...more,
})

const failuresOf = ({ failed }: ReturnType<typeof gather>) =>
  failed.map(({ htlc, failure }) => [htlc.htlcId, failure.type])

test('BOLT 4, trampoline payments — all parts have to be here before anything goes on', (t) => {
  const [first, second] = [part(1n, 10_000n), part(2n, 1_000_000n)]
  const waiting = gather([], first, env())
  t.deepEqual(waiting, { parts: [first], failed: [] })
  // Told again by its channel: it is here already.
  t.deepEqual(gather(waiting.parts, first, env()), { parts: [first], failed: [] })
  t.deepEqual(gather(waiting.parts, second, env()), { parts: [], failed: [], whole: [first, second] })
})

test('parts that name different totals, or ask for different things, are all given back', (t) => {
  const first = part(1n, 10_000n)
  const others = [
    part(2n, 1_000_000n, { outer: { ...first.outer, totalMsat: 2_000_000n } }),
    part(2n, 1_000_000n, { order: { ...first.order, amountMsat: 999_999n } }),
    part(2n, 1_000_000n, { order: { ...first.order, cltvExpiry: 601 } }),
    part(2n, 1_000_000n, { order: { ...ORDER, nextNodeId: testNode('other').nodeId } }),
  ]
  for (const other of others) {
    const gathered = gather([first], other, env())
    t.deepEqual(failuresOf(gathered), [
      [1n, 'invalid_onion_payload'],
      [2n, 'invalid_onion_payload'],
    ])
    t.deepEqual([gathered.parts, gathered.whole], [[], undefined])
  }
  // Some senders make an inner onion for each part.
  const another = part(2n, 1_000_000n, { order: { ...ORDER, nextOnion: named('another onion') } })
  t.is(gather([first], another, env()).whole?.length, 2)
})

test('what comes in over the total goes on as what it may cost, and what an HTLC carries beyond what it was to is no part of the total', (t) => {
  const generous = { ...part(1n, 1n).outer, amtToForward: 500_000n }
  const first = part(1n, 600_000n, { outer: generous })
  t.is(gather([], first, env()).whole, undefined)
  const all = gather([first], part(2n, 520_000n, { outer: { ...generous, amtToForward: 520_000n } }), env()).whole
  t.is(all?.length, 2)
  const request = onwardPayment(all ?? [], env())
  // 2,000 are ours, and 1,000,000 are to arrive.
  t.is(request.ok && request.value.maxFeeMsat, 118_000n)
})

test('a part that could not be claimed any more does not count', (t) => {
  const [lost, second] = [part(1n, 10_000n), part(2n, 1_000_000n)]
  const canClaim = ({ htlcId }: { readonly htlcId: bigint }) => htlcId !== 1n
  const gathered = gather([lost], second, env({ canClaim }))
  t.deepEqual(gathered.parts, [second])
  t.deepEqual(failuresOf(gathered), [[1n, 'temporary_trampoline_failure']])
  t.deepEqual(failuresOf(gather([], lost, env({ canClaim }))), [[1n, 'temporary_trampoline_failure']])
})

test('a part that carries less, or expires earlier, than its sender meant is given back', (t) => {
  const short = part(1n, 9_999n, { outer: { ...part(1n, 10_000n).outer } })
  t.deepEqual(failuresOf(gather([], short, env())), [[1n, 'final_incorrect_htlc_amount']])
  t.deepEqual(failuresOf(gather([], part(1n, 10_000n, { cltvExpiry: 799 }), env())), [
    [1n, 'final_incorrect_cltv_expiry'],
  ])
  const refusal = { type: 'temporary_channel_failure' } as const
  t.deepEqual(failuresOf(gather([], part(1n, 10_000n, { refusal }), env())), [[1n, 'temporary_channel_failure']])
})

test('BOLT 4, trampoline payments — a node that is none fails the HTLC', (t) => {
  t.deepEqual(failuresOf(gather([], part(1n, 10_000n), env({ policy: undefined }))), [[1n, 'invalid_onion_payload']])
})

test('BOLT 4, trampoline payments — what goes on has a payment secret of its own: it may cost what came in less our fee, and expires before it by our blocks', (t) => {
  const request = onwardPayment([part(1n, 10_000n), part(2n, 1_000_000n, { cltvExpiry: 790 })], env())
  t.true(request.ok)
  if (!request.ok) return
  const { target, maxFeeMsat } = request.value
  // 1,000 and 0.1 % of 1,000,000 are ours.
  t.is(maxFeeMsat, 8_000n)
  t.is(target.amountMsat, 1_000_000n)
  t.true(target.multiPart)
  t.like(target.recipient, {
    type: 'trampoline',
    nodeId: next.nodeId,
    paymentSecret: named('outer secret'),
    trampolineOnion: named('onion'),
    finalExpiry: 600,
    latestExpiry: 790 - 144,
  })
})

test('BOLT 4, trampoline payments — too low a fee, or too few blocks, are answered with what it takes', (t) => {
  const insufficient = {
    type: 'trampoline_fee_or_expiry_insufficient',
    feeBaseMsat: 1_000,
    feeProportionalMillionths: 1_000,
    cltvExpiryDelta: 144,
  } as const
  const { order } = part(1n, 1n)
  const refused = [
    [part(1n, 1_001_999n)],
    [part(1n, 1_010_000n, { cltvExpiry: 743 })],
    [part(1n, 1_010_000n, { order: { ...order, cltvExpiry: 508 } })],
    [part(1n, 1_010_000n, { order: { ...order, amountMsat: 0n } })],
  ]
  for (const parts of refused) t.deepEqual(onwardPayment(parts, env()), { ok: false, error: insufficient })
  t.true(onwardPayment([part(1n, 1_002_000n, { cltvExpiry: 744 })], env()).ok)
  t.true(onwardPayment([part(1n, 1_010_000n, { order: { ...order, cltvExpiry: 509 } })], env()).ok)
})

const attempt = (id: number, status: Attempt['status'], more: Partial<Attempt> = {}): Attempt => ({
  id,
  route: {
    channelId: named('out'),
    hops: [
      { nodeId: testNode('peer').nodeId, amountMsat: 1_005_000n, cltvExpiry: 640 },
      { nodeId: next.nodeId, shortChannelId: 7n, amountMsat: 1_000_000n, cltvExpiry: 600 },
    ],
  },
  sessionKey: named('session'),
  startedAt: 1,
  status,
  ...more,
})

const record = (more: Partial<SentPayment> = {}): TrampolineRelayRecord => {
  const parts = [part(1n, 10_000n), part(2n, 1_000_000n)]
  const request = onwardPayment(parts, env())
  if (!request.ok) throw new Error(request.error.type)
  const { target, maxFeeMsat, key } = request.value
  const payment = {
    target,
    maxFeeMsat,
    key,
    startedAt: 1,
    status: 'in-flight',
    attempts: [],
    nextAttemptId: 0,
  } as const
  return { ...beginRecord(parts, { ...payment, ...more }), paid: [{ attempt: 0, htlcId: 9n }] }
}

test('what came in is fulfilled as soon as the preimage is known, though a part is still out', (t) => {
  const preimage = named('preimage')
  const attempts = [attempt(0, 'settled'), attempt(1, 'pending')]
  t.deepEqual(endingOf(record({ attempts, preimage }), POLICY), { type: 'fulfil', preimage })
  t.is(earnedMsat(record({ attempts: [attempt(0, 'settled'), attempt(1, 'failed')] })), 5_000n)
  const halves = attempts.map((each): Attempt => {
    const { channelId, hops } = each.route
    return { ...each, route: { channelId, hops: hops.map((hop) => ({ ...hop, amountMsat: hop.amountMsat / 2n })) } }
  })
  t.is(earnedMsat(record({ attempts: halves })), 5_000n, 'what is out may still be taken')
})

test('what came in is given back only once the payment has ended: before that, whatever has failed, it is held', (t) => {
  const failed = attempt(0, 'failed', { failure: { type: 'on-chain' } })
  t.is(endingOf(record({ attempts: [failed, attempt(1, 'pending')] }), POLICY), undefined)
  t.is(
    endingOf(record({ attempts: [failed, attempt(1, 'pending')], failure: { code: 'payment-failed' } }), POLICY),
    undefined,
  )
  const ended = { attempts: [failed], failure: { code: 'payment-failed', attempt: 0 }, endedAt: 2 } as const
  t.deepEqual(endingOf(record(ended), POLICY), {
    type: 'fail',
    failure: { type: 'own', failure: { type: 'temporary_trampoline_failure' } },
  })
})

test('BOLT 4, trampoline payments — a failure before the next trampoline node is told in our own words, and one of that node is passed on as it came', (t) => {
  const told = (more: Partial<SentPayment>) => {
    const ending = endingOf(record({ endedAt: 2, ...more }), POLICY)
    if (ending?.type !== 'fail') throw new Error('it has not failed')
    return ending.failure
  }
  t.deepEqual(told({ failure: { code: 'no-route' } }), { type: 'own', failure: { type: 'unknown_next_trampoline' } })
  // A way was there before.
  t.deepEqual(told({ failure: { code: 'no-route' }, attempts: [attempt(0, 'failed')] }), {
    type: 'own',
    failure: { type: 'temporary_trampoline_failure' },
  })
  // 10,000 msat were offered for 1,000,000: 1 %.
  t.like(told({ failure: { code: 'fee-limit-exceeded' } }), {
    failure: {
      type: 'trampoline_fee_or_expiry_insufficient',
      feeProportionalMillionths: 20_000,
      cltvExpiryDelta: 200,
    },
  })
  // 200 blocks were offered.
  t.like(told({ failure: { code: 'expiry-too-far' } }), {
    failure: {
      type: 'trampoline_fee_or_expiry_insufficient',
      feeProportionalMillionths: 10_000,
      cltvExpiryDelta: 400,
    },
  })
  const reason = named('encrypted')
  const beyond = attempt(3, 'failed', { failure: { type: 'beyond', reason } })
  t.deepEqual(told({ attempts: [beyond], failure: { code: 'payment-failed', attempt: 3 } }), {
    type: 'downstream',
    reason,
  })
})

const ROWS: readonly string[] = [
  '01d04b98f48e8f8bcc15c6ae5ac050801cd6dcfd428fb5f9e65c4e16e7807340fa000269e36568cd8b4659389b9fcfbe1167547f6421e78168bfb439dada2ffddb0146000000000000000100000000000027100000032069e36568cd8b4659389b9fcfbe1167547f6421e78168bfb439dada2ffddb0146000000000000000200000000000f424000000320000000bb05030350f84e5acce0ac6c71fe4e7847d2be05694ee65cdb8cef9b151c43dc85e0c788017e2ec6960027015eb87cd149775e114f72ae197fac86e0c19e2d3fdf69b85231010020288971671685b8da56623362c82e1ead68186c5150a35e3b35b5ef74cd7ceebc0000000000025800000290000000d04b98f48e8f8bcc15c6ae5ac050801cd6dcfd428fb5f9e65c4e16e7807340fafe000f424001010000000000102ca0000000fd1f4000000000000000000001000000000000000001000000000000000009',
  '01d04b98f48e8f8bcc15c6ae5ac050801cd6dcfd428fb5f9e65c4e16e7807340fa000269e36568cd8b4659389b9fcfbe1167547f6421e78168bfb439dada2ffddb0146000000000000000100000000000027100000032069e36568cd8b4659389b9fcfbe1167547f6421e78168bfb439dada2ffddb0146000000000000000200000000000f4240000003200000021d05030350f84e5acce0ac6c71fe4e7847d2be05694ee65cdb8cef9b151c43dc85e0c788017e2ec6960027015eb87cd149775e114f72ae197fac86e0c19e2d3fdf69b85231010020288971671685b8da56623362c82e1ead68186c5150a35e3b35b5ef74cd7ceebc0000000000025800000290000000d04b98f48e8f8bcc15c6ae5ac050801cd6dcfd428fb5f9e65c4e16e7807340fafe000f424001010000000000102ca0000000fd1f400000000000000000000100000200762069bc07a6e1b5df123a5ae7bd91c10daa04694fbaa17fba0cd6a8dcce8f22000201023d40702560b198b824015f7c7c43d36bb169959dc6e0251bc98e46f4dbfc8dd100fe000f55c80000028000010000000000000007fe000f42400000025800203f3af1ecebbd1410ab417ec0d27bbfcb5d340e177ae159b59fc8626c2dfd917500000000000000010100010401762069bc07a6e1b5df123a5ae7bd91c10daa04694fbaa17fba0cd6a8dcce8f22000201023d40702560b198b824015f7c7c43d36bb169959dc6e0251bc98e46f4dbfc8dd100fe000f55c80000028000010000000000000007fe000f42400000025800203f3af1ecebbd1410ab417ec0d27bbfcb5d340e177ae159b59fc8626c2dfd917500000000000000010201040020954d1bb83d80bb6f6e746b28f0de3ec4c4ed980cfe67ed23a9159cd464ff339a000201107661134f21fc7c02223d50ab9eb3600bc3ffc3712423a1e47bb1f9a9dbf55f00000001000000000000000009',
]

test('a relay’s row is read back', (t) => {
  const attempts = [
    attempt(0, 'settled', { firstHtlcId: 4n }),
    attempt(1, 'failed', { failure: { type: 'beyond', reason: named('encrypted') } }),
  ]
  const values = [record(), record({ attempts, preimage: named('preimage'), nextAttemptId: 2 })]
  for (const value of values) t.deepEqual(decodeTrampolineRelay(encodeTrampolineRelay(value)), { ok: true, value })
  // As it was written once, it stays readable.
  t.deepEqual(values.map(encodeTrampolineRelay).map(toHex), ROWS)
})

test('the reference of a relay’s attempt is none of a payment of ours', (t) => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (htlcId, attempt) => {
        const relay = { channelId: named('channel'), htlcId }
        t.deepEqual(parseTrampolineReference(trampolineReference(relay, attempt)), { relay, attempt })
      },
    ),
  )
  t.is(parseTrampolineReference(concat(named('hash'), u64be(1n).subarray(4))), undefined)
})
