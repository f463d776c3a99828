import test from 'ava'
import fc from 'fast-check'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { seededRng } from '../lib/rng.ts'
import { decodeWith, encodeWith } from '../wire/codec/codec.ts'
import { vectorOfBits } from '../wire/features.ts'
import { type BlindedPath, blindedPath } from './blinded-path.ts'
import { type EncryptedData, encryptedData, padded } from './encrypted-data.ts'
import { BLINDED_ROUTE } from './fixtures/route-blinding-vectors.ts'
import { blindedPrivateKey, blindPath, type PathNode, unblind } from './route-blinding.ts'

const hops = BLINDED_ROUTE.hops

/** What a hop of the vector is told; its padding is of the length that the vector has. */
const dataOf = (hop: (typeof hops)[number]): EncryptedData => {
  const { features, ...data } = hop.data
  const [type, length = 0] = fromHex(hop.encodedTlvs)
  return {
    ...(type === 1 ? { padding: new Uint8Array(length) } : {}),
    ...data,
    ...('pathId' in data ? { pathId: fromHex(data.pathId) } : {}),
    ...('nextPathKeyOverride' in data ? { nextPathKeyOverride: fromHex(data.nextPathKeyOverride) } : {}),
    allowedFeatures: vectorOfBits(features),
    ...('unknownTlv' in hop
      ? { unknownTlvs: [{ type: hop.unknownTlv.type, value: fromHex(hop.unknownTlv.value) }] }
      : {}),
  } as EncryptedData
}

const nodes = hops.map((hop): PathNode => ({ nodeId: fromHex(hop.nodeId), data: dataOf(hop) }))

test('BOLT 4, route blinding — the data, keys and ids of the vector are made', (t) => {
  const made = [
    blindPath(fromHex(hops[0].sessionKey), nodes.slice(0, 2)),
    blindPath(fromHex(hops[2].sessionKey), nodes.slice(2)),
  ]
  t.deepEqual(
    nodes.map(({ data }) => toHex(encodeWith(encryptedData, data))),
    hops.map(({ encodedTlvs }) => encodedTlvs),
  )
  t.deepEqual(
    made.map(({ firstPathKey }) => toHex(firstPathKey)),
    [BLINDED_ROUTE.firstPathKey, hops[2].pathKey],
  )
  t.deepEqual(
    made.flatMap(({ path }) => path).map((hop) => [toHex(hop.blindedNodeId), toHex(hop.encryptedRecipientData)]),
    hops.map(({ blindedNodeId, encryptedData }) => [blindedNodeId, encryptedData]),
  )
})

test('BOLT 4, route blinding — each node of the vector reads its data, and finds the next path key, the override first', (t) => {
  let pathKey = fromHex(BLINDED_ROUTE.firstPathKey)
  for (const hop of hops) {
    t.is(toHex(pathKey), hop.pathKey)
    const nodeKey = fromHex(hop.privateKey)
    const key = blindedPrivateKey(nodeKey, pathKey)
    t.is(key && toHex(key), hop.blindedPrivateKey)
    t.is(key && toHex(secp256k1.publicKey(key)), hop.blindedNodeId)
    const unblinded = unblind(nodeKey, pathKey, fromHex(hop.encryptedData))
    t.deepEqual(unblinded, { ok: true, value: { data: dataOf(hop), nextPathKey: fromHex(hop.nextPathKey) } })
    if (unblinded.ok) pathKey = unblinded.value.nextPathKey
  }
})

const rng = seededRng(4)
const keys = Array.from({ length: 8 }, () => rng.bytes(32))

test('BOLT 4, route blinding — data that cannot be decrypted, are no stream or hold unknown even records are refused', (t) => {
  const nodeKey = keys[0] as Uint8Array
  const nodeId = secp256k1.publicKey(nodeKey)
  const sealed = (data: EncryptedData) => {
    const { firstPathKey, path } = blindPath(keys[1] as Uint8Array, [{ nodeId, data }])
    return { firstPathKey, encrypted: path[0]?.encryptedRecipientData ?? new Uint8Array(0) }
  }
  const refused = { ok: false, error: { code: 'unreadable-recipient-data' } } as const
  const { firstPathKey, encrypted } = sealed({ pathId: Uint8Array.of(1) })
  t.true(unblind(nodeKey, firstPathKey, encrypted).ok)
  t.deepEqual(unblind(keys[2] as Uint8Array, firstPathKey, encrypted), refused)
  t.deepEqual(unblind(nodeKey, secp256k1.publicKey(nodeKey), encrypted), refused)
  t.deepEqual(unblind(nodeKey, Uint8Array.of(2, ...new Uint8Array(32).fill(0xff)), encrypted), refused)
  t.deepEqual(unblind(nodeKey, firstPathKey, encrypted.subarray(1)), refused)
  t.deepEqual(unblind(nodeKey, firstPathKey, new Uint8Array(0)), refused)
  const even = sealed({ unknownTlvs: [{ type: 100n, value: new Uint8Array(0) }] })
  t.deepEqual(unblind(nodeKey, even.firstPathKey, even.encrypted), refused)
  const offCurve = sealed({ nextNodeId: nodeId })
  t.true(unblind(nodeKey, offCurve.firstPathKey, offCurve.encrypted).ok)
})

const datas: fc.Arbitrary<EncryptedData> = fc.record(
  {
    shortChannelId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    pathId: fc.uint8Array({ maxLength: 600 }),
    allowedFeatures: fc.uint8Array({ maxLength: 20 }),
  },
  { requiredKeys: [], noNullPrototype: true },
)

test('BOLT 4, route blinding — all nodes get data of one length', (t) => {
  const lengths = (path: readonly EncryptedData[]) =>
    new Set(path.map((data) => encodeWith(encryptedData, data).length))
  fc.assert(
    fc.property(fc.array(datas, { minLength: 1, maxLength: 8 }), (path) => {
      const filled = padded(path)
      t.is(lengths(filled).size, 1)
      t.deepEqual(
        filled.map(({ padding: _, ...data }) => data),
        path,
      )
    }),
    { seed: 11, numRuns: 300 },
  )
  // One byte cannot be filled up, nor can 255 and 256.
  for (const missing of [1, 2, 254, 255, 256, 257]) {
    const pair = [{ pathId: new Uint8Array(300) }, { pathId: new Uint8Array(300 - missing) }]
    t.is(lengths(padded(pair)).size, 1, `${missing}`)
  }
})

const points = keys.map((key) => secp256k1.publicKey(key))
const somePoint = fc.constantFrom(...points)
const paths: fc.Arbitrary<BlindedPath> = fc.record(
  {
    firstNodeId: fc.oneof(
      somePoint.map((nodeId) => ({ type: 'pubkey' as const, nodeId })),
      fc
        .tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constantFrom(0 as const, 1 as const))
        .map(([shortChannelId, direction]) => ({ type: 'sciddir' as const, shortChannelId, direction })),
    ),
    firstPathKey: somePoint,
    path: fc.array(
      fc.record(
        { blindedNodeId: somePoint, encryptedRecipientData: fc.uint8Array({ maxLength: 100 }) },
        { noNullPrototype: true },
      ),
      { minLength: 1, maxLength: 6 },
    ),
  },
  { noNullPrototype: true },
)

test('BOLT 4, route blinding — a path is written and read; one of no hops, or with a point off the curve, is refused', (t) => {
  fc.assert(
    fc.property(paths, (path) => {
      t.deepEqual(decodeWith(blindedPath, encodeWith(blindedPath, path)), { ok: true, value: path })
    }),
    { seed: 12, numRuns: 100 },
  )
  const [point] = points as [Uint8Array]
  const head = [...point, ...point]
  const off = [2, ...new Uint8Array(32).fill(0xff)]
  const code = (bytes: readonly number[]) => {
    const decoded = decodeWith(blindedPath, Uint8Array.from(bytes))
    return decoded.ok ? 'ok' : decoded.error.code
  }
  t.is(code([...head, 1, ...point, 0, 0]), 'ok')
  t.is(code([...head, 0]), 'invalid-value')
  t.is(code([...off, ...point, 1, ...point, 0, 0]), 'invalid-point')
  t.is(code([...point, ...off, 1, ...point, 0, 0]), 'invalid-point')
  t.is(code([...head, 1, ...off, 0, 0]), 'invalid-point')
  t.is(code([...head, 2, ...point, 0, 0]), 'truncated')
  t.is(code([]), 'truncated')
})

test('BOLT 4, route blinding — any bytes are read or refused, never thrown at', (t) => {
  const nodeKey = keys[0] as Uint8Array
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 33, maxLength: 33 }), (bytes, key) => {
      decodeWith(blindedPath, bytes)
      decodeWith(encryptedData, bytes)
      unblind(nodeKey, key, bytes)
      blindedPrivateKey(nodeKey, key)
    }),
    { seed: 13, numRuns: 1000 },
  )
  t.pass()
})
