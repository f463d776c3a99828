import test from 'ava'
import fc from 'fast-check'
import { sha256 } from '../crypto/hashes.ts'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { seededRng } from '../lib/rng.ts'
import { encodeWith } from '../wire/codec/codec.ts'
import { restBytes, tu32, tu64 } from '../wire/codec/primitives.ts'
import { tlv, tlvStream } from '../wire/codec/tlv-stream.ts'
import type { WithUnknownTlvs } from '../wire/tlv-record.ts'
import { forwardedAmount, pathCosts } from './blinded-fees.ts'
import { curvePoint } from './blinded-path.ts'
import { blindedHops } from './blinded-payload.ts'
import type { EncryptedData } from './encrypted-data.ts'
import { BLINDED_ONION, PAID_PATH } from './fixtures/onion-vectors.ts'
import { encodeHopPayload } from './hop-payload.ts'
import { readPaymentOnion } from './payment-onion.ts'
import { createPaymentPath, type PaymentPathRelay } from './payment-path.ts'
import { blindPath } from './route-blinding.ts'
import { createOnion, type OnionHop } from './sphinx.ts'

const paymentHash = fromHex(BLINDED_ONION.associatedData)
const privateKeys = BLINDED_ONION.hops.map(({ privateKey }) => fromHex(privateKey))
const relays = PAID_PATH.hops.flatMap((hop) => ('relay' in hop ? [hop] : []))
const NO_LIMITS = { htlcMinimumMsat: 0n, htlcMaximumMsat: 2n ** 64n - 1n }

const created = (hops: readonly OnionHop[], sessionKey = fromHex(BLINDED_ONION.sessionKey)): Uint8Array => {
  const onion = createOnion({ sessionKey, hops, associatedData: paymentHash })
  if (!onion.ok) throw new Error(onion.error.code)
  return onion.value.packet
}

test('BOLT 4, blinded payments — the onion of the vector is made, from a path that somebody else has made', (t) => {
  const path = PAID_PATH.hops.map((hop) => ({
    blindedNodeId: fromHex(hop.blindedNodeId),
    encryptedRecipientData: fromHex(hop.encryptedData),
  }))
  const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = PAID_PATH.costs
  const { amountMsat, totalMsat, cltvExpiry } = PAID_PATH
  const fee = BigInt(feeBaseMsat) + (amountMsat * BigInt(feeProportionalMillionths)) / 1_000_000n
  const alice = encodeHopPayload({
    type: 'relay',
    amtToForward: amountMsat + fee,
    outgoingCltvValue: cltvExpiry + cltvExpiryDelta,
    next: { type: 'channel', shortChannelId: 10n },
  })
  const hops = [
    { nodeId: fromHex(BLINDED_ONION.hops[0].nodeId), payload: alice },
    ...blindedHops({ firstPathKey: fromHex(PAID_PATH.firstPathKey), path }, fromHex(PAID_PATH.firstNodeId), {
      amtToForward: amountMsat,
      outgoingCltvValue: cltvExpiry,
      totalAmountMsat: totalMsat,
    }),
  ]
  t.deepEqual(
    hops.map(({ nodeId, payload }) => [toHex(nodeId), toHex(Uint8Array.of(payload.length, ...payload))]),
    BLINDED_ONION.hops.map(({ nodeId, payload }) => [nodeId, payload]),
  )
  t.is(toHex(created(hops)), BLINDED_ONION.hops[0].packet)
})

test('BOLT 4, blinded payments — each node of the vector finds what to relay, by which terms, and to whom', (t) => {
  let htlc: { amountMsat: bigint; cltvExpiry: number; pathKey?: Uint8Array } = {
    amountMsat: 200_000n,
    cltvExpiry: 749_200,
  }
  let packet: Uint8Array = fromHex(BLINDED_ONION.hops[0].packet)
  for (const [at, { packet: expected }] of BLINDED_ONION.hops.entries()) {
    t.is(toHex(packet), expected)
    const read = readPaymentOnion(packet, paymentHash, htlc, privateKeys[at] as Uint8Array)
    if (!read.ok) return t.fail(read.error.reason)
    const { payload, nextPacket, isFinal } = read.value
    t.is(isFinal, at === 4)
    const hop = PAID_PATH.hops[at - 1]
    if (payload.type === 'relay') {
      t.deepEqual(payload, {
        type: 'relay',
        amtToForward: 110_125n,
        outgoingCltvValue: 749_150,
        next: { type: 'channel', shortChannelId: 10n },
      })
      htlc = { amountMsat: payload.amtToForward, cltvExpiry: payload.outgoingCltvValue }
    } else if (payload.type === 'blinded-relay' && hop !== undefined && 'relay' in hop) {
      t.deepEqual(payload.next, { type: 'channel', shortChannelId: hop.shortChannelId })
      t.is(toHex(payload.nextPathKey), hop.nextPathKey)
      t.is(payload.outgoingCltvValue, htlc.cltvExpiry - hop.relay.cltvExpiryDelta)
      htlc = {
        amountMsat: payload.amtToForward,
        cltvExpiry: payload.outgoingCltvValue,
        pathKey: payload.nextPathKey,
      }
    } else {
      t.deepEqual(payload, {
        type: 'blinded-final',
        amtToForward: PAID_PATH.amountMsat,
        outgoingCltvValue: PAID_PATH.cltvExpiry,
        totalMsat: PAID_PATH.totalMsat,
        pathId: fromHex(PAID_PATH.hops[3].pathId),
      })
    }
    if (nextPacket !== undefined) packet = nextPacket
  }
  t.deepEqual([htlc.amountMsat, htlc.cltvExpiry], [PAID_PATH.amountMsat, PAID_PATH.cltvExpiry])
})

test('BOLT 4, blinded payments — the costs of a path are added up from its end: those of the vector', (t) => {
  const path = relays.map(({ relay }) => ({ relay, ...NO_LIMITS }))
  t.like(pathCosts(path, { minFinalCltvExpiryDelta: 0, ...NO_LIMITS }), { ok: true, value: PAID_PATH.costs })
})

test('BOLT 4, blinded payments — the costs of a path are added up from its end: what it carries is what is left of its narrowest channel', (t) => {
  const relayOf = (htlcMaximumMsat: bigint, feeBaseMsat: number) => ({
    relay: { cltvExpiryDelta: 1, feeProportionalMillionths: 10_000, feeBaseMsat },
    htlcMinimumMsat: 1n,
    htlcMaximumMsat,
  })
  const most = (atRecipient: bigint, ...path: readonly ReturnType<typeof relayOf>[]) => {
    const costs = pathCosts(path, { minFinalCltvExpiryDelta: 1, htlcMinimumMsat: 1n, htlcMaximumMsat: atRecipient })
    return costs.ok ? costs.value.htlcMaximumMsat : undefined
  }
  // Of the first channel's million the second node keeps 1,000 and then one in 101.
  t.is(most(10n ** 7n, relayOf(1_000_000n, 0), relayOf(5_000_000n, 1000)), 989_109n)
  t.is(most(10n ** 7n, relayOf(5_000_000n, 0), relayOf(900_000n, 1000)), 900_000n)
  t.is(most(800_000n, relayOf(1_000_000n, 0), relayOf(5_000_000n, 1000)), 800_000n)
  t.is(most(800_000n), 800_000n)
  t.is(most(10n ** 7n, relayOf(999n, 0), relayOf(5_000_000n, 1000)), 0n)
})

const u32 = fc.nat(0xffffffff)
const relayTerms = fc.record({
  cltvExpiryDelta: fc.nat(1000),
  feeProportionalMillionths: fc.oneof(fc.nat(10_000), u32),
  feeBaseMsat: fc.oneof(fc.nat(10_000), u32),
})

test('BOLT 4, blinded payments — the costs of a path are added up from its end: what is paid by them suffices', (t) => {
  fc.assert(
    fc.property(
      fc.array(relayTerms, { maxLength: 6 }),
      fc.array(fc.bigInt({ min: 1n, max: 10n ** 12n }), { minLength: 7, maxLength: 7 }),
      fc.bigInt({ min: 0n, max: 10n ** 12n }),
      (terms, limits, wanted) => {
        const path = terms.map((relay, at) => ({ relay, htlcMinimumMsat: 7n, htlcMaximumMsat: limits[at] as bigint }))
        const end = { minFinalCltvExpiryDelta: 18, htlcMinimumMsat: 1n, htlcMaximumMsat: limits[6] as bigint }
        const costs = pathCosts(path, end)
        if (!costs.ok) return t.is(costs.error.code, 'path-too-costly')
        const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta, ...range } = costs.value
        t.is(range.htlcMinimumMsat, terms.length > 0 ? 7n : 1n)
        t.is(cltvExpiryDelta, 18 + terms.reduce((sum, each) => sum + each.cltvExpiryDelta, 0))
        const amount = wanted % (range.htlcMaximumMsat + 1n)
        const paid = amount + BigInt(feeBaseMsat) + (amount * BigInt(feeProportionalMillionths)) / 1_000_000n
        const arrived = terms.reduce<bigint>((left, relay) => forwardedAmount(relay, left) ?? -1n, paid)
        t.true(arrived >= amount)
        return undefined
      },
    ),
    { seed: 21, numRuns: 500 },
  )
})

const rng = seededRng(9)
const [bobKey, carolKey, sessionKey, onionSession] = Array.from({ length: 4 }, () => rng.bytes(32)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
]
const bob = secp256k1.publicKey(bobKey)
const carol = secp256k1.publicKey(carolKey)
const relay = { cltvExpiryDelta: 40, feeProportionalMillionths: 1000, feeBaseMsat: 1000 }
const pathId = Uint8Array.of(1, 2, 3)
const end = {
  nodeId: carol,
  pathId,
  maxCltvExpiry: 1000,
  minFinalCltvExpiryDelta: 20,
  ...NO_LIMITS,
  htlcMinimumMsat: 500n,
}
const viaBob: PaymentPathRelay = {
  nodeId: bob,
  next: { type: 'channel', shortChannelId: 5n },
  relay,
  htlcMinimumMsat: 1000n,
  htlcMaximumMsat: 10n ** 9n,
}

test('BOLT 4, blinded payments — a path that we make names its next nodes, relays and constraints, and leads to us', (t) => {
  for (const next of [viaBob.next, { type: 'node', nodeId: carol }] as const) {
    const made = createPaymentPath(sessionKey, [{ ...viaBob, next }], end)
    if (!made.ok) return t.fail()
    const { path, costs } = made.value
    t.deepEqual(costs, {
      feeBaseMsat: 1000,
      feeProportionalMillionths: 1000,
      cltvExpiryDelta: 60,
      htlcMinimumMsat: 1000n,
      htlcMaximumMsat: 10n ** 9n,
    })
    t.deepEqual(path.firstNodeId, { type: 'pubkey', nodeId: bob })
    t.is(new Set(path.path.map((hop) => hop.encryptedRecipientData.length)).size, 1)
    const part = { amtToForward: 100_000n, outgoingCltvValue: 900, totalAmountMsat: 100_000n }
    const packet = created(blindedHops(path, bob, part), onionSession)
    const atBob = readPaymentOnion(packet, paymentHash, { amountMsat: 101_100n, cltvExpiry: 1060 }, bobKey)
    if (!atBob.ok || atBob.value.payload.type !== 'blinded-relay') return t.fail()
    const { payload, nextPacket = packet } = atBob.value
    t.like(payload, { amtToForward: 100_000n, outgoingCltvValue: 1020, next })
    const atCarol = readPaymentOnion(
      nextPacket,
      paymentHash,
      { amountMsat: 100_000n, cltvExpiry: 1020, pathKey: payload.nextPathKey },
      carolKey,
    )
    t.like(atCarol, { ok: true, value: { payload: { type: 'blinded-final', pathId, totalMsat: 100_000n } } })
    // A block later, or one millisatoshi less, the constraints refuse it at the first node.
    const late = readPaymentOnion(packet, paymentHash, { amountMsat: 101_100n, cltvExpiry: 1061 }, bobKey)
    t.like(late, { ok: false, error: { reason: 'route-expired' } })
    const little = readPaymentOnion(packet, paymentHash, { amountMsat: 999n, cltvExpiry: 1060 }, bobKey)
    t.like(little, { ok: false, error: { reason: 'amount-below-minimum' } })
  }
})

test('BOLT 4, blinded payments — a path may begin with us', (t) => {
  const made = createPaymentPath(sessionKey, [], end)
  if (!made.ok) return t.fail()
  const part = { amtToForward: 700n, outgoingCltvValue: 900, totalAmountMsat: 700n }
  const packet = created(blindedHops(made.value.path, carol, part), onionSession)
  const read = readPaymentOnion(packet, paymentHash, { amountMsat: 700n, cltvExpiry: 1020 }, carolKey)
  t.like(read, { ok: true, value: { isFinal: true, payload: { type: 'blinded-final', pathId, amtToForward: 700n } } })
})

// What a payer could write: the records of a blinded payload, and others.
interface Written extends WithUnknownTlvs {
  readonly amtToForward?: bigint | undefined
  readonly outgoingCltvValue?: number | undefined
  readonly shortChannelId?: Uint8Array | undefined
  readonly data?: Uint8Array | undefined
  readonly pathKey?: Uint8Array | undefined
  readonly total?: bigint | undefined
  readonly odd?: Uint8Array | undefined
}

const written = tlvStream<Written>({
  amtToForward: tlv(2, tu64),
  outgoingCltvValue: tlv(4, tu32),
  shortChannelId: tlv(6, restBytes),
  data: tlv(10, restBytes),
  pathKey: tlv(12, curvePoint),
  total: tlv(18, tu64),
  odd: tlv(301, restBytes),
})

const HTLC = { amountMsat: 5000n, cltvExpiry: 500 }
const GOOD_RELAY: EncryptedData = { shortChannelId: 5n, paymentRelay: relay }
const FINAL = { amtToForward: 4000n, outgoingCltvValue: 490, total: 4000n }

/** Carol's answer to an onion with these records and these data; with `within`, its path key came in the message. */
const atCarol = (
  data: EncryptedData,
  records: Written,
  { isFinal = false, within = true, htlc = HTLC }: { isFinal?: boolean; within?: boolean; htlc?: typeof HTLC } = {},
) => {
  const { firstPathKey, path } = blindPath(sessionKey, [{ nodeId: carol, data }])
  const encrypted = path[0]?.encryptedRecipientData ?? new Uint8Array(0)
  const payload = encodeWith(written, { data: encrypted, ...(within ? {} : { pathKey: firstPathKey }), ...records })
  const nodeId = within ? (path[0]?.blindedNodeId ?? carol) : carol
  const hops = [{ nodeId, payload }, ...(isFinal ? [] : [{ nodeId: bob, payload }])]
  const packet = created(hops, onionSession)
  const read = readPaymentOnion(packet, paymentHash, within ? { ...htlc, pathKey: firstPathKey } : htlc, carolKey)
  if (read.ok) return read.value.payload.type
  const { error } = read
  // Within the path and at its first node it is told in one way, whatever it is.
  const told =
    error.type === 'malformed'
      ? error.failureCode === 0xc018 && toHex(error.sha256OfOnion) === toHex(sha256(packet))
      : error.failure.type === 'invalid_onion_blinding'
  return `${told ? error.type : 'told otherwise'} ${error.reason}`
}

const FAULTS: readonly (readonly [
  rule: string,
  reason: string,
  data: EncryptedData,
  records: Written,
  options?: Parameters<typeof atCarol>[2],
])[] = [
  [
    'an expiry beyond the path’s',
    'route-expired',
    { ...GOOD_RELAY, paymentConstraints: { maxCltvExpiry: 499, htlcMinimumMsat: 0n } },
    {},
  ],
  [
    'an amount below the minimum',
    'amount-below-minimum',
    { ...GOOD_RELAY, paymentConstraints: { maxCltvExpiry: 500, htlcMinimumMsat: 5001n } },
    {},
  ],
  ['an unknown feature, an odd one too', 'unknown-feature', { ...GOOD_RELAY, allowedFeatures: Uint8Array.of(2) }, {}],
  ['two next nodes', 'two-next-nodes', { ...GOOD_RELAY, nextNodeId: bob }, {}],
  ['another record beside the data', 'other-records', GOOD_RELAY, { amtToForward: 1n }],
  ['an odd record beside the data', 'other-records', GOOD_RELAY, { odd: Uint8Array.of(1) }],
  ['an unknown even record', 'malformed-payload', GOOD_RELAY, { shortChannelId: new Uint8Array(8) }],
  ['no next node', 'missing-records', { paymentRelay: relay }, {}],
  ['no payment_relay', 'missing-records', { shortChannelId: 5n }, {}],
  [
    'a fee above the amount',
    'fee-insufficient',
    { shortChannelId: 5n, paymentRelay: { ...relay, feeBaseMsat: 5001 } },
    {},
  ],
  [
    'an expiry that leaves no time',
    'expiry-too-soon',
    { shortChannelId: 5n, paymentRelay: { ...relay, cltvExpiryDelta: 501 } },
    {},
  ],
  ['data that are for somebody else', 'unreadable-recipient-data', GOOD_RELAY, { data: new Uint8Array(40) }],
  [
    'no amount for the recipient',
    'missing-records',
    { pathId },
    { ...FINAL, amtToForward: undefined },
    { isFinal: true },
  ],
  [
    'no expiry for the recipient',
    'missing-records',
    { pathId },
    { ...FINAL, outgoingCltvValue: undefined },
    { isFinal: true },
  ],
  ['no total for the recipient', 'missing-records', { pathId }, { ...FINAL, total: undefined }, { isFinal: true }],
  [
    'another record for the recipient',
    'other-records',
    { pathId },
    { ...FINAL, odd: Uint8Array.of(1) },
    { isFinal: true },
  ],
  [
    'less than the recipient is told',
    'amount-below-payload',
    { pathId },
    { ...FINAL, amtToForward: 5001n },
    { isFinal: true },
  ],
  [
    'an expiry before the one that the recipient is told',
    'expiry-below-payload',
    { pathId },
    { ...FINAL, outgoingCltvValue: 501 },
    { isFinal: true },
  ],
]

test('BOLT 4, blinded payments — what the reader of a payload refuses, and tells in one way only: all that it checks', (t) => {
  t.is(atCarol(GOOD_RELAY, {}), 'blinded-relay')
  t.is(atCarol(GOOD_RELAY, {}, { within: false }), 'blinded-relay')
  t.is(atCarol({ pathId }, FINAL, { isFinal: true }), 'blinded-final')
  t.is(
    atCarol({ pathId, allowedFeatures: new Uint8Array(2) }, FINAL, { isFinal: true, within: false }),
    'blinded-final',
  )
  for (const [rule, reason, data, records, options] of FAULTS) {
    t.is(atCarol(data, records, options), `malformed ${reason}`, rule)
    t.is(atCarol(data, records, { ...options, within: false }), `own ${reason}`, rule)
  }
})

test('BOLT 4, blinded payments — what the reader of a payload refuses, and tells in one way only: keys at the wrong place', (t) => {
  t.is(atCarol(GOOD_RELAY, { pathKey: bob }), 'malformed path-key-twice')
  t.is(atCarol(GOOD_RELAY, { pathKey: undefined }, { within: false }), 'own no-path-key')
  // A path key in the message, and a payload that is not blinded.
  t.is(atCarol(GOOD_RELAY, { data: undefined, ...FINAL }), 'malformed payload-not-blinded')
  const packet = created([{ nodeId: carol, payload: encodeWith(written, FINAL) }], onionSession)
  const noPoint = Uint8Array.of(2, ...new Uint8Array(32).fill(0xff))
  const refused = (pathKey: Uint8Array | undefined) => {
    const read = readPaymentOnion(packet, paymentHash, { ...HTLC, pathKey }, carolKey)
    return read.ok ? read.value.payload.type : `${read.error.type} ${read.error.reason}`
  }
  t.is(refused(undefined), 'own undefined')
  t.is(refused(noPoint), 'malformed invalid-path-key')
  t.is(refused(bob), 'malformed invalid-onion')
})

test('BOLT 4, blinded payments — a path key in a payload that is not blinded is an unknown record', (t) => {
  const payload = encodeWith(written, { amtToForward: 4000n, outgoingCltvValue: 490, pathKey: bob })
  const read = readPaymentOnion(created([{ nodeId: carol, payload }], onionSession), paymentHash, HTLC, carolKey)
  t.like(read, { ok: false, error: { type: 'own', failure: { type: 'invalid_onion_payload', tlvType: 12n } } })
})

test('BOLT 4, blinded payments — any onion is read or refused, never thrown at', (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.option(fc.uint8Array({ minLength: 33, maxLength: 33 }), { nil: undefined }),
      fc.boolean(),
      (payload, pathKey, isFinal) => {
        const hops = [{ nodeId: carol, payload }, ...(isFinal ? [] : [{ nodeId: bob, payload }])]
        readPaymentOnion(created(hops, onionSession), paymentHash, HTLC, carolKey)
        readPaymentOnion(created(hops, onionSession), paymentHash, { ...HTLC, pathKey }, carolKey)
      },
    ),
    { seed: 22, numRuns: 300 },
  )
  t.pass()
})
