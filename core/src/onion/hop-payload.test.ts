import test from 'ava'
import fc from 'fast-check'
import { fromHex, toHex } from '../lib/bytes.ts'
import { decodeHopPayload, encodeHopPayload, type HopPayload } from './hop-payload.ts'

const secret = '24a33562c54507a9334e79f0dc4f17d407e6d7c61f0e2f3d0d38599502f61704'

// The payloads of BOLT 4's onion-test.json, without their length, and what they say.
const RELAY: readonly (readonly [string, HopPayload])[] = [
  [
    '02023a98040205dc06080000000000000001',
    { type: 'relay', amtToForward: 15_000n, outgoingCltvValue: 1500, next: { type: 'channel', shortChannelId: 1n } },
  ],
  [
    '020230d4040204e206080000000000000003',
    { type: 'relay', amtToForward: 12_500n, outgoingCltvValue: 1250, next: { type: 'channel', shortChannelId: 3n } },
  ],
]

for (const [hex, payload] of RELAY) {
  test(`BOLT 4, payload format — those of the vector are read and written: relay ${hex}`, (t) => {
    t.deepEqual(decodeHopPayload(fromHex(hex), false), { ok: true, value: payload })
    t.is(toHex(encodeHopPayload(payload)), hex)
  })
}

test('BOLT 4, payload format — those of the vector are read and written: final, with payment data and an unknown odd record', (t) => {
  const hex = `02022710040203e80822${secret}2710fd012d022a2a`
  const payload: HopPayload = {
    type: 'final',
    amtToForward: 10_000n,
    outgoingCltvValue: 1000,
    paymentData: { paymentSecret: fromHex(secret), totalMsat: 10_000n },
    unknownTlvs: [{ type: 301n, value: Uint8Array.of(0x2a, 0x2a) }],
  }
  t.deepEqual(decodeHopPayload(fromHex(hex), true), { ok: true, value: payload })
  t.is(toHex(encodeHopPayload(payload)), hex)
})

test('a final payload needs neither payment data nor metadata to be read', (t) => {
  t.deepEqual(decodeHopPayload(fromHex('02010104010a'), true), {
    ok: true,
    value: { type: 'final', amtToForward: 1n, outgoingCltvValue: 10 },
  })
})

test('bLIP 3 — the preimage of a keysend payment is read and written, and one of another length is rejected', (t) => {
  const hex = `02010104010aff0000000146c6616c20${secret}`
  const payload: HopPayload = {
    type: 'final',
    amtToForward: 1n,
    outgoingCltvValue: 10,
    keysendPreimage: fromHex(secret),
  }
  t.deepEqual(decodeHopPayload(fromHex(hex), true), { ok: true, value: payload })
  t.is(toHex(encodeHopPayload(payload)), hex)
  t.is(rejected('02010104010aff0000000146c6616c0120', true), 'invalid-onion-payload 5482373484 6')
  t.is(rejected(hex, false), 'invalid-onion-payload 5482373484 6')
})

test('payment metadata come through whole', (t) => {
  const payload: HopPayload = {
    type: 'final',
    amtToForward: 0n,
    outgoingCltvValue: 0,
    paymentMetadata: Uint8Array.of(1, 2, 3),
  }
  t.deepEqual(decodeHopPayload(encodeHopPayload(payload), true), { ok: true, value: payload })
})

const rejected = (hex: string, isFinal: boolean): string => {
  const decoded = decodeHopPayload(fromHex(hex), isFinal)
  return decoded.ok ? 'ok' : `${decoded.error.code} ${decoded.error.tlvType} ${decoded.error.offset}`
}

test('BOLT 4, payload format — one without amount or expiry, or at a relay without a channel, is refused: named by its type', (t) => {
  t.is(rejected('04010a', true), 'invalid-onion-payload 2 0')
  t.is(rejected('020101', true), 'invalid-onion-payload 4 0')
  t.is(rejected('02010104010a', false), 'invalid-onion-payload 6 0')
})

test('BOLT 4, payload format — a path key outside of a blinded route is refused', (t) => {
  for (const isFinal of [true, false]) {
    const rest = isFinal ? '' : '06080000000000000001'
    t.is(
      rejected(`02010104010a${rest}0c21${'02'.repeat(33)}`, isFinal)
        .split(' ', 2)
        .join(' '),
      'invalid-onion-payload 12',
    )
  }
})

test('an unknown even record is rejected, named by its type and place', (t) => {
  t.is(rejected('02010104010a0a00', true), 'invalid-onion-payload 10 6')
  t.is(rejected('02010104010a1200', true), 'invalid-onion-payload 18 6')
  t.is(rejected('02010104010aff0000000146c6616e00', true), 'invalid-onion-payload 5482373486 6')
})

test('a record that is malformed, out of order or cut off is rejected', (t) => {
  t.is(rejected('02020001040100', true), 'invalid-onion-payload 2 0')
  t.is(rejected('02010104010a06070000000000000001', false).startsWith('invalid-onion-payload 6 6'), true)
  t.is(rejected('04010a020101', true), 'invalid-onion-payload 2 3')
  t.is(rejected('02010104', true).startsWith('invalid-onion-payload'), true)
  t.is(rejected('fd', true), 'invalid-onion-payload 0 0')
})

const records = fc.record(
  {
    paymentMetadata: fc.uint8Array({ maxLength: 50 }),
    keysendPreimage: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  },
  { requiredKeys: [] },
)
const u64 = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn })
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const payloads: fc.Arbitrary<HopPayload> = fc.oneof(
  fc.record({
    type: fc.constant('relay' as const),
    amtToForward: u64,
    outgoingCltvValue: u32,
    next: fc.record({ type: fc.constant('channel' as const), shortChannelId: u64 }),
  }),
  fc
    .tuple(u64, u32, u64, fc.uint8Array({ minLength: 32, maxLength: 32 }), records)
    .map(([amtToForward, outgoingCltvValue, totalMsat, paymentSecret, others]) => ({
      type: 'final' as const,
      amtToForward,
      outgoingCltvValue,
      paymentData: { paymentSecret, totalMsat },
      ...others,
    })),
)

test('payloads round-trip', (t) => {
  fc.assert(
    fc.property(payloads, (payload) => {
      t.deepEqual(decodeHopPayload(encodeHopPayload(payload), payload.type === 'final'), { ok: true, value: payload })
    }),
    { seed: 9 },
  )
})

test('any bytes are read or rejected, never thrown at', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, isFinal) => {
      decodeHopPayload(bytes, isFinal)
    }),
    { seed: 10, numRuns: 2000 },
  )
  t.pass()
})
