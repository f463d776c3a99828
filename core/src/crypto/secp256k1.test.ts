import test from 'ava'
import fc from 'fast-check'
import { fromHex, toHex } from '../lib/bytes.ts'
import { checked, type Secp256k1 } from './engines/checked.ts'
import { loadNative } from './engines/native.ts'
import { loadNoble } from './engines/noble.ts'
import { loadWasm } from './engines/wasm.ts'
import { secp256k1 } from './secp256k1.ts'

const ENGINES: readonly Secp256k1[] = [checked(loadNative()), checked(loadWasm()), checked(loadNoble())]
const reference = ENGINES[0] as Secp256k1

const ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'
const ORDER_LESS_1 = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140'
const GENERATOR = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
const FIELD_PRIME = 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const privateKeys = bytes(32).filter((key) => reference.isPrivateKey(key))
const publicKeys = privateKeys.map((key) => reference.publicKey(key))

/** Scalars of every kind: most valid, some at or past the edges, some of the wrong length. */
const scalars = fc.oneof(
  { weight: 6, arbitrary: bytes(32) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(...['00'.repeat(32), `${'00'.repeat(31)}01`, ORDER_LESS_1, ORDER, 'ff'.repeat(32)])
      .map(fromHex),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 34 }) },
)
const points = fc.oneof(
  { weight: 6, arbitrary: publicKeys },
  { weight: 2, arbitrary: bytes(32).map((x) => Uint8Array.of(2, ...x)) },
  { weight: 1, arbitrary: publicKeys.map((point) => Uint8Array.of(4, ...point.subarray(1))) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(`02${FIELD_PRIME}`, `02${'00'.repeat(32)}`, `06${'11'.repeat(64)}`).map(fromHex),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 66 }) },
)

type Outcome = { readonly value: unknown } | { readonly thrown: string }

const outcomeOf = (run: () => unknown): Outcome => {
  try {
    const value = run()
    return { value: value instanceof Uint8Array ? toHex(value) : value }
  } catch (error) {
    return { thrown: String(error) }
  }
}

/** Holds that every engine gives one and the same outcome, and gives it back. */
const agree = (run: (engine: Secp256k1) => unknown): Outcome => {
  const outcomes = ENGINES.map((engine) => outcomeOf(() => run(engine)))
  const texts = outcomes.map((outcome) => JSON.stringify(outcome))
  for (const [i, text] of texts.entries()) {
    if (text !== texts[0]) throw new Error(`${ENGINES[i]?.name} gives ${text}, ${reference.name} ${texts[0]}`)
  }
  return outcomes[0] as Outcome
}

const properties = (numRuns: number) => ({ numRuns, seed: 20 })

test('the engine in use is the native one where it loads', (t) => {
  t.is(secp256k1.name, 'libsecp256k1-native')
  t.deepEqual(
    ENGINES.map(({ name }) => name),
    ['libsecp256k1-native', 'libsecp256k1-wasm', 'noble'],
  )
})

test('engines agree on public keys, and on which bytes are keys', (t) => {
  fc.assert(
    fc.property(scalars, points, (scalar, point) => {
      agree((engine) => engine.isPrivateKey(scalar))
      agree((engine) => engine.publicKey(scalar))
      agree((engine) => engine.isPublicKey(point))
    }),
    properties(150),
  )
  t.deepEqual(
    agree((engine) => engine.publicKey(fromHex(`${'00'.repeat(31)}01`))),
    { value: GENERATOR },
  )
})

test('engines make the same signatures, low S, and accept each other’s', (t) => {
  fc.assert(
    // Above the order a digest is reduced before the nonce is made by noble, and not by libsecp256k1: one in 2^128.
    fc.property(bytes(32), privateKeys, (digest, privateKey) => {
      agree((engine) => engine.sign(digest, privateKey))
      const signature = reference.sign(digest, privateKey)
      const publicKey = reference.publicKey(privateKey)
      t.deepEqual(
        agree((engine) => engine.verify(signature, digest, publicKey)),
        { value: true },
      )
      agree((engine) => {
        const signed = engine.signRecoverable(digest, privateKey)
        return `${toHex(signed.signature)} ${signed.recoveryId}`
      })
      const { recoveryId } = reference.signRecoverable(digest, privateKey)
      t.deepEqual(
        agree((engine) => engine.recover(signature, recoveryId, digest)),
        { value: toHex(publicKey) },
      )
    }),
    properties(60),
  )
})

test('sign throws the same on invalid keys and digests, in each engine', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 34 }), scalars, (digest, key) => {
      agree((engine) => engine.sign(digest, key))
    }),
    properties(50),
  )
  t.deepEqual(
    agree((engine) => engine.sign(new Uint8Array(32), fromHex(ORDER))),
    { thrown: 'RangeError: secp256k1 sign: invalid input' },
  )
})

test('verify is false, and never throws, on anything but a valid signature', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(bytes(64), fc.uint8Array({ maxLength: 80 })),
      fc.oneof(bytes(32), fc.uint8Array({ maxLength: 40 })),
      points,
      (signature, digest, point) => {
        t.deepEqual(
          agree((engine) => engine.verify(signature, digest, point)),
          { value: false },
        )
      },
    ),
    properties(60),
  )
})

test('verify is false for zero, overflowing, swapped and changed parts of a good signature', (t) => {
  const privateKey = new Uint8Array(32).fill(3)
  const digest = new Uint8Array(32).fill(4)
  const publicKey = reference.publicKey(privateKey)
  const signature = reference.sign(digest, privateKey)
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)]
  const bad = [
    [new Uint8Array(32), s],
    [r, new Uint8Array(32)],
    [fromHex(ORDER), s],
    [r, fromHex(ORDER)],
    [r, fromHex('ff'.repeat(32))],
    [s, r],
  ].map(([first, second]) => Uint8Array.of(...(first as Uint8Array), ...(second as Uint8Array)))
  for (const signature of bad) {
    t.deepEqual(
      agree((engine) => engine.verify(signature, digest, publicKey)),
      { value: false },
    )
  }
})

test('verify is false for the high-S twin of a good signature', (t) => {
  const privateKey = new Uint8Array(32).fill(5)
  const digest = new Uint8Array(32).fill(6)
  const signature = reference.sign(digest, privateKey)
  const high = BigInt(`0x${ORDER}`) - BigInt(`0x${toHex(signature.subarray(32))}`)
  const twin = fromHex(toHex(signature.subarray(0, 32)) + high.toString(16).padStart(64, '0'))
  const publicKey = reference.publicKey(privateKey)
  t.deepEqual(
    agree((engine) => engine.verify(twin, digest, publicKey)),
    { value: false },
  )
  // Its S negated, its recovery id flipped: the same key.
  const { recoveryId } = reference.signRecoverable(digest, privateKey)
  t.deepEqual(
    agree((engine) => engine.recover(twin, 1 - recoveryId, digest)),
    { value: toHex(publicKey) },
  )
})

test('engines agree on ecdh, and both sides reach the same secret', (t) => {
  fc.assert(
    fc.property(points, scalars, (point, scalar) => {
      agree((engine) => engine.ecdh(point, scalar))
    }),
    properties(60),
  )
  const [a, b] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)]
  t.deepEqual(reference.ecdh(reference.publicKey(a), b), reference.ecdh(reference.publicKey(b), a))
})

test('engines agree on sums and products of points and scalars, valid or not', (t) => {
  fc.assert(
    fc.property(points, points, scalars, scalars, (p, q, a, b) => {
      agree((engine) => engine.pointAdd(p, q))
      agree((engine) => engine.pointTweakAdd(p, a))
      agree((engine) => engine.pointMultiply(p, a))
      agree((engine) => engine.scalarAdd(a, b))
      agree((engine) => engine.scalarMultiply(a, b))
    }),
    properties(100),
  )
  t.pass()
})

test('a result at infinity, and a sum of scalars that is zero, throw in each engine', (t) => {
  const one = fromHex(`${'00'.repeat(31)}01`)
  const minusOne = fromHex(ORDER_LESS_1)
  const generator = fromHex(GENERATOR)
  const negated = fromHex(GENERATOR.replace(/^02/, '03'))
  const infinite: readonly ((engine: Secp256k1) => unknown)[] = [
    (engine) => engine.pointAdd(generator, negated),
    (engine) => engine.pointTweakAdd(generator, minusOne),
    (engine) => engine.pointMultiply(generator, new Uint8Array(32)),
    (engine) => engine.scalarAdd(one, minusOne),
    (engine) => engine.scalarMultiply(one, new Uint8Array(32)),
  ]
  for (const run of infinite) t.true('thrown' in agree(run))
  t.deepEqual(
    agree((engine) => engine.pointTweakAdd(generator, new Uint8Array(32))),
    { value: GENERATOR },
  )
  t.deepEqual(
    agree((engine) => engine.pointAdd(generator, generator)),
    agree((engine) => engine.pointTweakAdd(generator, one)),
  )
})

test('arguments are left as they were', (t) => {
  for (const engine of ENGINES) {
    const [a, b] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)]
    engine.scalarAdd(a, b)
    engine.scalarMultiply(a, b)
    const point = engine.publicKey(a)
    const copy = Uint8Array.from(point)
    engine.pointTweakAdd(point, b)
    engine.pointMultiply(point, b)
    engine.sign(b, a)
    t.deepEqual([a, b, point], [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8), copy])
  }
})

test('engines agree on what can be recovered from arbitrary signatures', (t) => {
  fc.assert(
    fc.property(
      fc.oneof({ weight: 5, arbitrary: bytes(64) }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 70 }) }),
      fc.integer({ min: -1, max: 5 }),
      bytes(32),
      (signature, recoveryId, digest) => {
        agree((engine) => engine.recover(signature, recoveryId, digest))
      },
    ),
    properties(80),
  )
  t.pass()
})

test('RFC 6979 — the deterministic signature of a known key and digest', (t) => {
  // SHA-256 of "Satoshi Nakamoto" under key 1, as bitcoin's implementations have published it.
  const digest = fromHex('a0dc65ffca799873cbea0ac274015b9526505daaaed385155425f7337704883e')
  t.deepEqual(
    agree((engine) => engine.sign(digest, fromHex(`${'00'.repeat(31)}01`))),
    {
      value:
        '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
    },
  )
})
