import test from 'ava'
import fc from 'fast-check'
import { fromHex, toHex } from '../lib/bytes.ts'
import { seededRng } from '../lib/rng.ts'
import { scriptToAddress } from './address.ts'
import { schnorrVectors } from './fixtures/bip340.ts'
import { NETWORKS } from './network.ts'
import { p2tr } from './script.ts'
import {
  SIGHASH_DEFAULT,
  schnorrSign,
  schnorrVerify,
  taprootOutputKey,
  taprootSighash,
  taprootTweakedPrivateKey,
  xOnly,
} from './taproot.ts'
import type { Tx } from './transaction.ts'

// BIP 86: account 0, first receiving address and first change address.
const BIP86 = [
  [
    'cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115',
    'a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c',
    'bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr',
  ],
  [
    '399f1b2f4393f29a18c937859c5dd8a77350103157eb880f02e8c08214277cef',
    '882d74e5d0572d5a816cef0041a96b6c1de832f6f9676d9605c44d5e9a97d3dc',
    'bc1p3qkhfews2uk44qtvauqyr2ttdsw7svhkl9nkm9s9c3x4ax5h60wqwruhk7',
  ],
] as const

test('taprootOutputKey — BIP 86 vectors', (t) => {
  for (const [internal, output, address] of BIP86) {
    t.is(toHex(taprootOutputKey(fromHex(internal))), output)
    t.is(scriptToAddress(p2tr(fromHex(output)), NETWORKS.mainnet), address)
  }
})

test('a key-path spend — the tweaked key signs what the output key verifies', (t) => {
  const rng = seededRng(1)
  // BIP 341, wallet vectors: the first private key and its internal key.
  const privateKey = fromHex('6b973d88838f27366ed61c9ad6367663045cb456e28335c109e30717ae0c6baa')
  const internal = fromHex('d6889cb081036e0faefa3a35157ad71086b123b2b144b649798b494c300a961d')
  const outputKey = taprootOutputKey(internal)
  t.is(toHex(outputKey), '53a1f6e454df1aa2776a2814a721372d6258050de330b3c6d10ee8f4e0dda343')
  const tweaked = taprootTweakedPrivateKey(privateKey)
  t.is(toHex(tweaked), '2405b971772ad26915c8dcdf10f238753a9b837e5f8e6a86fd7c0cce5b7296d9')
  const tx: Tx = {
    version: 2,
    inputs: [{ outpoint: { txid: rng.bytes(32), index: 1 }, sequence: 0, scriptSig: new Uint8Array(0), witness: [] }],
    outputs: [{ amount: 9_000n, script: p2tr(outputKey) }],
    lockTime: 0,
  }
  const prevouts = [{ amount: 10_000n, script: p2tr(outputKey) }]
  const digest = taprootSighash({ tx, inputIndex: 0, prevouts, sighashType: SIGHASH_DEFAULT })
  const signature = schnorrSign(digest, tweaked, rng.bytes(32))
  t.true(schnorrVerify(signature, digest, outputKey))
  t.false(schnorrVerify(signature, digest, internal))
  t.false(schnorrVerify(signature.subarray(1), digest, outputKey))
  const otherAmount = taprootSighash({
    tx,
    inputIndex: 0,
    prevouts: [{ ...prevouts[0], amount: 1n } as never],
    sighashType: 0,
  })
  t.false(schnorrVerify(signature, otherAmount, outputKey))
  t.deepEqual(xOnly(fromHex(`02${toHex(internal)}`)), internal)
})

test('schnorrSign, schnorrVerify — BIP 340 vectors', (t) => {
  for (const { signer, publicKey, message, signature, fault } of schnorrVectors) {
    t.is(schnorrVerify(fromHex(signature), fromHex(message), fromHex(publicKey)), fault === undefined, fault)
    if (signer === undefined) continue
    const made = schnorrSign(fromHex(message), fromHex(signer.privateKey), fromHex(signer.auxiliary))
    t.is(toHex(made), signature)
  }
})

test('schnorrVerify — any bytes are no signature, never thrown at', (t) => {
  const bytes = fc.uint8Array({ maxLength: 70 })
  const signatures = fc.oneof(bytes, fc.uint8Array({ minLength: 64, maxLength: 64 }))
  const [{ message, publicKey }] = schnorrVectors as [(typeof schnorrVectors)[number]]
  fc.assert(
    fc.property(signatures, bytes, bytes, (signature, digest, key) => {
      t.false(schnorrVerify(signature, fromHex(message), fromHex(publicKey)))
      t.false(schnorrVerify(signature, digest, key))
      t.false(schnorrVerify(new Uint8Array(64).fill(0xff), digest, fromHex(publicKey)))
    }),
    { seed: 1, numRuns: 300 },
  )
})
