import test from 'ava'
import fc from 'fast-check'
import { zbase32 } from '../lib/base32.ts'
import { toHex, utf8Encode } from '../lib/bytes.ts'
import { secp256k1 } from './secp256k1.ts'
import { signerOfMessage, signMessage } from './signed-message.ts'

// Made by nodes of LND, and held by Core Lightning's tests of `checkmessage` too.
const BY_OTHERS = [
  [
    'is this compatible?',
    'rbgfioj114mh48d8egqx8o9qxqw4fmhe8jbeeabdioxnjk8z3t1ma1hu1fiswpakgucwwzwo6ofycffbsqusqdimugbh41n1g698hr9t',
    '02b80cabdf82638aac86948e4c06e82064f547768dcef977677b9ea931ea75bab5',
  ],
  [
    'hi',
    'rnrphcjswusbacjnmmmrynh9pqip7sy5cx695h6mfu64iac6qmcmsd8xnsyczwmpqp9shqkth3h4jmkgyqu5z47jfn1q7gpxtaqpx4xg',
    '02de60d194e1ca5947b59fe8e2efd6aadeabfb67f2e89e13ae1a799c1e08e4a43b',
  ],
  [
    'hi',
    'ry8bbsopmduhxy3dr5d9ekfeabdpimfx95kagdem7914wtca79jwamtbw4rxh69hg7n6x9ty8cqk33knbxaqftgxsfsaeprxkn1k48p3',
    '022b8ece90ee891cbcdac0c1cc6af46b73c47212d8defbce80265ac81a6b794931',
  ],
] as const

test('signerOfMessage — finds whose the signatures of other nodes are', (t) => {
  for (const [message, signature, nodeId] of BY_OTHERS) {
    const signer = signerOfMessage(utf8Encode(message), signature)
    t.is(signer && toHex(signer), nodeId)
    const other = signerOfMessage(utf8Encode(`${message} `), signature)
    t.not(other && toHex(other), nodeId)
  }
})

test('signMessage — is read by signerOfMessage, and has 104 characters', (t) => {
  const privateKey = new Uint8Array(32).fill(7)
  const sign = (digest: Uint8Array) => secp256k1.signRecoverable(digest, privateKey)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (message) => {
      const signature = signMessage(message, sign)
      t.is(signature.length, 104)
      t.deepEqual(signerOfMessage(message, signature), secp256k1.publicKey(privateKey))
    }),
    { seed: 2, numRuns: 50 },
  )
})

test('signerOfMessage — any text is somebody’s signature or nobody’s, never thrown at', (t) => {
  const [[message, signature]] = BY_OTHERS
  const bytes = zbase32.decode(signature) ?? new Uint8Array(0)
  for (const header of [0, 27, 30, 33, 34, 255]) {
    t.is(signerOfMessage(utf8Encode(message), zbase32.encode(bytes.with(0, header))), undefined)
  }
  for (const text of ['', signature.slice(1), `${signature}y`, signature.toUpperCase(), 'y'.repeat(104)]) {
    t.is(signerOfMessage(utf8Encode(message), text), undefined)
  }
  fc.assert(
    fc.property(fc.string(), fc.uint8Array({ minLength: 65, maxLength: 65 }), (text, raw) => {
      t.is(signerOfMessage(utf8Encode(message), text), undefined)
      signerOfMessage(utf8Encode(message), zbase32.encode(raw.with(0, 31 + (raw[0] as number & 1))))
    }),
    { seed: 3, numRuns: 200 },
  )
})
