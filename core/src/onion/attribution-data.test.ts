import test from 'ava'
import fc from 'fast-check'
import { hmacSha256 } from '../crypto/hashes.ts'
import { concat, fromHex, toHex } from '../lib/bytes.ts'
import { ATTRIBUTION_DATA_LENGTH } from '../wire/messages/channel-operation.ts'
import { addAttribution, readAttribution } from './attribution-data.ts'
import { createFailureOnion, wrapFailureOnion } from './failure-onion.ts'
import { FAILURE_ATTRIBUTION, FULFILMENT_ATTRIBUTION, HOLD_TIMES } from './fixtures/attribution-vectors.ts'
import { SHARED_SECRETS, TRACE } from './fixtures/failure-vectors.ts'
import { onionKey } from './onion-keys.ts'

const secrets = SHARED_SECRETS.map(fromHex)
const content = fromHex(TRACE.content)
const rawPacket = concat(hmacSha256(onionKey('um', secrets[4] as Uint8Array), content), content)

test('BOLT 4, attribution data — what each hop sends upstream is that of the trace: with a failure', (t) => {
  let data: Uint8Array | undefined
  let failurePacket = rawPacket
  const sent = secrets.toReversed().map((sharedSecret, back) => {
    data = addAttribution({ sharedSecret, holdTime: HOLD_TIMES[4 - back] as number, failurePacket }, data)
    failurePacket = wrapFailureOnion(sharedSecret, failurePacket)
    return toHex(data)
  })
  t.deepEqual(sent, [...FAILURE_ATTRIBUTION])
})

test('BOLT 4, attribution data — what each hop sends upstream is that of the trace: with a fulfilment', (t) => {
  let data: Uint8Array | undefined
  const sent = secrets.toReversed().map((sharedSecret, back) => {
    data = addAttribution({ sharedSecret, holdTime: HOLD_TIMES[4 - back] as number }, data)
    return toHex(data)
  })
  t.deepEqual(sent, [...FULFILMENT_ATTRIBUTION])
})

test('BOLT 4, attribution data — the origin reads the hold times of the trace', (t) => {
  const failurePacket = fromHex(TRACE.packets[4])
  const expected = { holdTimes: [...HOLD_TIMES] }
  t.deepEqual(readAttribution(secrets, fromHex(FAILURE_ATTRIBUTION[4]), { failurePacket, originIndex: 4 }), expected)
  t.deepEqual(readAttribution(secrets, fromHex(FAILURE_ATTRIBUTION[4]), { failurePacket }), expected)
  t.deepEqual(readAttribution(secrets, fromHex(FULFILMENT_ATTRIBUTION[4])), expected)
})

const secretLists = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: 27 })

/** The way back from a hop, each having held the HTLC for its number plus one; `change` may alter what a hop sends. */
const wayBack = (
  sharedSecrets: readonly Uint8Array[],
  originIndex: number,
  change: (hop: number, data: Uint8Array) => Uint8Array | undefined = (_hop, data) => data,
) => {
  let failurePacket = createFailureOnion(sharedSecrets[originIndex] as Uint8Array, { type: 'mpp_timeout' })
  let inner = wrapFailureOnion(sharedSecrets[originIndex] as Uint8Array, failurePacket)
  let data: Uint8Array | undefined
  for (let hop = originIndex; hop >= 0; hop--) {
    const sharedSecret = sharedSecrets[hop] as Uint8Array
    data = change(hop, addAttribution({ sharedSecret, holdTime: hop + 1, failurePacket: inner }, data))
    failurePacket = wrapFailureOnion(sharedSecret, inner)
    inner = failurePacket
  }
  return { failurePacket, data: data ?? new Uint8Array(ATTRIBUTION_DATA_LENGTH) }
}

test('BOLT 4, attribution data — the origin reads every hop’s time up to the one that failed, and of at most 20 hops', (t) => {
  fc.assert(
    fc.property(secretLists, fc.nat(), (sharedSecrets, at) => {
      const originIndex = at % sharedSecrets.length
      const { failurePacket, data } = wayBack(sharedSecrets, originIndex)
      const { holdTimes, brokenAt } = readAttribution(sharedSecrets, data, { failurePacket, originIndex })
      t.is(brokenAt, undefined)
      t.deepEqual(
        holdTimes,
        Array.from({ length: Math.min(originIndex + 1, 20) }, (_, hop) => hop + 1),
      )
    }),
    { numRuns: 40, seed: 1 },
  )
})

test('BOLT 4, attribution data — the origin reads every hop’s time up to the one that failed, and of at most 20 hops: the longest route', (t) => {
  const sharedSecrets = Array.from({ length: 27 }, (_, hop) => new Uint8Array(32).fill(hop))
  for (const originIndex of [18, 19, 20, 26]) {
    const { failurePacket, data } = wayBack(sharedSecrets, originIndex)
    const { holdTimes, brokenAt } = readAttribution(sharedSecrets, data, { failurePacket, originIndex })
    t.deepEqual([holdTimes.length, brokenAt], [Math.min(originIndex + 1, 20), undefined])
  }
})

test('BOLT 4, attribution data — a change is found at the hop that received it, or at the one that made it', (t) => {
  fc.assert(
    fc.property(secretLists, fc.nat(), fc.nat(ATTRIBUTION_DATA_LENGTH - 1), (sharedSecrets, at, byte) => {
      const hops = Math.min(sharedSecrets.length, 20)
      const liar = at % hops
      const { failurePacket, data } = wayBack(sharedSecrets, sharedSecrets.length - 1, (hop, sent) =>
        hop === liar ? sent.with(byte, (sent[byte] as number) ^ 1) : sent,
      )
      const { holdTimes, brokenAt = hops } = readAttribution(sharedSecrets, data, { failurePacket })
      // What is changed beyond the length of this route covers nothing.
      t.true(brokenAt >= liar)
      t.is(holdTimes.length, brokenAt)
    }),
    { numRuns: 40, seed: 2 },
  )
})

test('BOLT 4, attribution data — a hop without support breaks what is behind it, and nothing before it', (t) => {
  const { failurePacket, data } = wayBack(secrets, 4, (hop, sent) => (hop === 2 ? undefined : sent))
  t.deepEqual(readAttribution(secrets, data, { failurePacket }), { holdTimes: [1, 2], brokenAt: 2 })
})

test('BOLT 4, attribution data — any data are read, and never thrown at', (t) => {
  fc.assert(
    fc.property(
      secretLists,
      fc.uint8Array({ minLength: ATTRIBUTION_DATA_LENGTH, maxLength: ATTRIBUTION_DATA_LENGTH }),
      fc.option(fc.record({ failurePacket: fc.uint8Array({ maxLength: 400 }) }), { nil: undefined }),
      (sharedSecrets, data, failure) => {
        const { brokenAt } = readAttribution(sharedSecrets, data, failure)
        t.is(brokenAt, 0)
      },
    ),
    { numRuns: 100, seed: 3 },
  )
})
