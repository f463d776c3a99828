import { createRequire } from 'node:module'
import { hmacSha256, sha256 } from '../hashes.ts'
import { addScalars, multiplyScalars } from '../scalar.ts'
import type { Engine, RecoveryId } from './engine.ts'

type Noble = typeof import('@noble/secp256k1')

// BOLT digests are signed as they are: the library would hash them once more by default.
const AS_IS = { prehash: false } as const
const AS_IS_RECOVERABLE = { prehash: false, format: 'recovered' } as const

/** Pure JavaScript: works everywhere, forty times slower than native. */
export const loadNoble = (): Engine => {
  const noble: Noble = createRequire(import.meta.url)('@noble/secp256k1')
  noble.hashes.sha256 = sha256
  noble.hashes.hmacSha256 = hmacSha256
  const point = (bytes: Uint8Array) => noble.Point.fromBytes(bytes)
  const number = (bytes: Uint8Array): bigint => noble.etc.bytesToNumberBE(bytes)
  const isZero = (scalar: bigint): boolean => scalar === 0n

  return {
    name: 'noble',
    sign: (digest, privateKey) => noble.sign(digest, privateKey, AS_IS),
    verify: (signature, digest, publicKey) => noble.verify(signature, digest, publicKey, AS_IS),
    publicKey: (privateKey) => noble.getPublicKey(privateKey, true),
    ecdh: (publicKey, privateKey) => sha256(noble.getSharedSecret(privateKey, publicKey, true)),
    isPoint: (bytes) => noble.utils.isValidPublicKey(bytes, true),
    pointAdd: (a, b) => {
      const sum = point(a).add(point(b))
      return sum.is0() ? undefined : sum.toBytes(true)
    },
    pointTweakAdd: (bytes, scalar) => {
      const tweak = number(scalar)
      const start = point(bytes)
      const sum = isZero(tweak) ? start : start.add(noble.Point.BASE.multiply(tweak))
      return sum.is0() ? undefined : sum.toBytes(true)
    },
    pointMultiply: (bytes, scalar) => point(bytes).multiply(number(scalar)).toBytes(true),
    scalarAdd: addScalars,
    scalarMultiply: multiplyScalars,
    signRecoverable: (digest, privateKey) => {
      const recovered = noble.sign(digest, privateKey, AS_IS_RECOVERABLE)
      return { signature: recovered.slice(1), recoveryId: recovered[0] as RecoveryId }
    },
    recover: (signature, recoveryId, digest) => {
      const recovered = new Uint8Array(65)
      recovered[0] = recoveryId
      recovered.set(signature, 1)
      return noble.recoverPublicKey(recovered, digest, AS_IS)
    },
  }
}
