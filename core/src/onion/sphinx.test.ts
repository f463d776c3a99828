import test from 'ava'
import fc from 'fast-check'
import { hmacSha256, sha256 } from '../crypto/hashes.ts'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { fromHex, toHex, utf8Encode } from '../lib/bytes.ts'
import { seededRng } from '../lib/rng.ts'
import { bigSize } from '../wire/codec/primitives.ts'
import { Reader } from '../wire/codec/reader.ts'
import { ONION } from './fixtures/onion-vectors.ts'
import { createOnion, type OnionHop, type PeeledOnion, peelOnion } from './sphinx.ts'

const withoutLength = (hex: string): Uint8Array => {
  const bytes = fromHex(hex)
  const reader = new Reader(bytes)
  const length = Number(bigSize.decode(reader))
  const payload = bytes.slice(reader.offset)
  if (payload.length !== length) throw new Error('a payload of another length')
  return payload
}

const hopsOf = (hops: readonly { readonly nodeId: string; readonly payload: string }[]): readonly OnionHop[] =>
  hops.map(({ nodeId, payload }) => ({ nodeId: fromHex(nodeId), payload: withoutLength(payload) }))

const create = (options: Parameters<typeof createOnion>[0]) => {
  const created = createOnion(options)
  if (!created.ok) throw new Error(created.error.code)
  return created.value
}

const peel = (options: Parameters<typeof peelOnion>[0]): PeeledOnion => {
  const peeled = peelOnion(options)
  if (!peeled.ok) throw new Error(peeled.error.code)
  return peeled.value
}

test('BOLT 4, packets — the onion of the vector is made, and each of its hops finds its payload: made, one payload longer than 252 bytes', (t) => {
  const { packet } = create({
    sessionKey: fromHex(ONION.sessionKey),
    associatedData: fromHex(ONION.associatedData),
    hops: hopsOf(ONION.hops),
  })
  t.is(toHex(packet), ONION.packet)
})

test('BOLT 4, packets — the onion of the vector is made, and each of its hops finds its payload: found, by the last one that it is the last', (t) => {
  let packet: Uint8Array | undefined = fromHex(ONION.packet)
  for (const [i, { privateKey, payload }] of ONION.hops.entries()) {
    if (packet === undefined) return t.fail()
    const peeled: PeeledOnion = peel({
      privateKey: fromHex(privateKey),
      packet,
      associatedData: fromHex(ONION.associatedData),
    })
    t.deepEqual(peeled.payload, withoutLength(payload))
    t.is(peeled.isFinal, i === ONION.hops.length - 1)
    packet = peeled.nextPacket
  }
  t.is(packet, undefined)
})

const keysOf = (count: number, seed: number): readonly Uint8Array[] => {
  const rng = seededRng(seed)
  return Array.from({ length: count }, () => rng.bytes(32))
}

test('BOLT 4, packets — every hop of any route peels its own payload and shares the origin’s secret, at any length', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 2, maxLength: 300 }), { minLength: 1, maxLength: 20 }),
      fc.uint8Array({ maxLength: 64 }),
      fc.integer({ min: 1, max: 1000 }),
      fc.nat(2000),
      (payloads, associatedData, seed, spare) => {
        const keys = keysOf(payloads.length, seed)
        const hops = payloads.map((payload, i) => ({
          nodeId: secp256k1.publicKey(keys[i] as Uint8Array),
          payload,
        }))
        const payloadsLength = payloads.reduce((sum, { length }) => sum + length + 32 + (length < 253 ? 1 : 3), spare)
        const { packet, sharedSecrets } = create({
          sessionKey: seededRng(seed + 1000).bytes(32),
          hops,
          associatedData,
          payloadsLength,
        })
        let current = packet
        for (const [i, privateKey] of keys.entries()) {
          t.is(current.length, payloadsLength + 66)
          const peeled = peel({ privateKey, packet: current, associatedData })
          t.deepEqual(peeled.payload, payloads[i])
          t.deepEqual(peeled.sharedSecret, sharedSecrets[i])
          t.is(peeled.isFinal, i === keys.length - 1)
          if (peeled.nextPacket !== undefined) current = peeled.nextPacket
        }
      },
    ),
    { numRuns: 40, seed: 5 },
  )
})

test('payloads that exceed the packet are refused', (t) => {
  const [key] = keysOf(1, 1)
  const hop = { nodeId: secp256k1.publicKey(key as Uint8Array), payload: new Uint8Array(1265) }
  const options = { sessionKey: key as Uint8Array, associatedData: new Uint8Array(32) }
  t.true(createOnion({ ...options, hops: [hop] }).ok)
  t.deepEqual(createOnion({ ...options, hops: [{ ...hop, payload: new Uint8Array(1266) }] }), {
    ok: false,
    error: { code: 'onion-too-long', length: 1301, available: 1300 },
  })
})

test('a hop whose node id is no point is refused', (t) => {
  const [key] = keysOf(1, 1)
  const good = { nodeId: secp256k1.publicKey(key as Uint8Array), payload: new Uint8Array(2) }
  const bad = { nodeId: new Uint8Array(33).fill(2, 0, 1).fill(0xff, 1), payload: new Uint8Array(2) }
  t.deepEqual(createOnion({ sessionKey: key as Uint8Array, associatedData: new Uint8Array(32), hops: [good, bad] }), {
    ok: false,
    error: { code: 'invalid-node-id', hop: 1 },
  })
})

const vector = { privateKey: fromHex(ONION.hops[0].privateKey), associatedData: fromHex(ONION.associatedData) }

const changed = (position: number, value: number): Uint8Array => {
  const packet = fromHex(ONION.packet)
  packet[position] = value
  return packet
}

test('BOLT 4, packets — one of an unknown version, without a valid key or with a wrong HMAC is given back, and says which: version', (t) => {
  const packet = changed(0, 1)
  t.deepEqual(peelOnion({ ...vector, packet }), {
    ok: false,
    error: { code: 'invalid-onion-version', sha256OfOnion: sha256(packet), failureCode: 0xc004 },
  })
})

test('BOLT 4, packets — one of an unknown version, without a valid key or with a wrong HMAC is given back, and says which: key', (t) => {
  const packet = changed(1, 4)
  t.deepEqual(peelOnion({ ...vector, packet }), {
    ok: false,
    error: { code: 'invalid-onion-key', sha256OfOnion: sha256(packet), failureCode: 0xc006 },
  })
})

test('BOLT 4, packets — one of an unknown version, without a valid key or with a wrong HMAC is given back, and says which: HMAC', (t) => {
  const original = fromHex(ONION.packet)
  const cases = [40, 1333, 1334, 1365].map((at) => ({ ...vector, packet: changed(at, (original[at] as number) ^ 1) }))
  cases.push({ ...vector, packet: changed(1, (original[1] as number) ^ 1) })
  cases.push({ ...vector, packet: original, associatedData: new Uint8Array(32) })
  for (const options of cases) {
    t.deepEqual(peelOnion(options), {
      ok: false,
      error: { code: 'invalid-onion-hmac', sha256OfOnion: sha256(options.packet), failureCode: 0xc005 },
    })
  }
})

test('BOLT 4, packets — a payload of a reserved length, or that is not all there, is refused, and its origin can be told: reserved', (t) => {
  const [key] = keysOf(1, 9)
  const privateKey = key as Uint8Array
  const associatedData = new Uint8Array(32)
  for (const length of [0, 1]) {
    const hops = [{ nodeId: secp256k1.publicKey(privateKey), payload: new Uint8Array(length) }]
    const { packet, sharedSecrets } = create({ sessionKey: privateKey, hops, associatedData })
    t.deepEqual(peelOnion({ privateKey, packet, associatedData }), {
      ok: false,
      error: { code: 'invalid-onion-payload', sharedSecret: sharedSecrets[0] },
    })
  }
})

test('BOLT 4, packets — a payload of a reserved length, or that is not all there, is refused, and its origin can be told: not all there', (t) => {
  const [key] = keysOf(1, 9)
  const privateKey = key as Uint8Array
  const associatedData = new Uint8Array(32)
  const nodeId = secp256k1.publicKey(privateKey)
  const { packet, sharedSecrets } = create({
    sessionKey: privateKey,
    hops: [{ nodeId, payload: new Uint8Array(100) }],
    associatedData,
  })
  const prefixes = ['fd0005', 'fdfff0', 'fe00010000', 'ff0000000100000000', 'fd0514']
  for (const prefix of prefixes) {
    const forged = forge(packet, sharedSecrets[0] as Uint8Array, fromHex(prefix), associatedData)
    const peeled = peelOnion({ privateKey, packet: forged, associatedData })
    t.is(peeled.ok ? 'ok' : peeled.error.code, 'invalid-onion-payload', prefix)
  }
})

/** What an origin could send: the decrypted payloads begin with `prefix`, under a fresh HMAC. */
const forge = (packet: Uint8Array, secret: Uint8Array, prefix: Uint8Array, associatedData: Uint8Array): Uint8Array => {
  const forged = Uint8Array.from(packet)
  // The first decrypted bytes were 100, then zeroes: exclusive or turns them into the prefix.
  for (let i = 0; i < prefix.length; i++) {
    const known = i === 0 ? 100 : 0
    forged[34 + i] = (forged[34 + i] as number) ^ known ^ (prefix[i] as number)
  }
  const mu = hmacSha256(utf8Encode('mu'), secret)
  forged.set(hmacSha256(mu, forged.subarray(34, 1334), associatedData), 1334)
  return forged
}

test('random packets are refused, never thrown at', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1366, maxLength: 1366 }), fc.boolean(), (packet, withPoint) => {
      if (withPoint) packet.set(fromHex(`00${ONION.hops[1].nodeId}`))
      t.false(peelOnion({ ...vector, packet }).ok)
    }),
    { numRuns: 100, seed: 6 },
  )
})
