import { sha256 } from '../../core/src/crypto/hashes.ts'
import { secp256k1 } from '../../core/src/crypto/secp256k1.ts'
import { utf8Encode } from '../../core/src/lib/bytes.ts'
import { type Benchmark, perSecond } from './benchmark.ts'

const privateKey = sha256(utf8Encode('bench'))
const publicKey = secp256k1.publicKey(privateKey)
const digest = sha256(publicKey)
const signature = secp256k1.sign(digest, privateKey)

/** What the engine in use can do on one core. */
export const cryptoBenchmark: Benchmark = {
  figures: ['crypto.verify', 'crypto.sign', 'crypto.ecdh'],
  run: async () => [
    { name: 'crypto.verify', value: perSecond(() => secp256k1.verify(signature, digest, publicKey)), unit: '/s' },
    { name: 'crypto.sign', value: perSecond(() => secp256k1.sign(digest, privateKey)), unit: '/s' },
    { name: 'crypto.ecdh', value: perSecond(() => secp256k1.ecdh(publicKey, privateKey)), unit: '/s' },
  ],
}
