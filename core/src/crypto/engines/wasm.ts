import { createRequire } from 'node:module'
import { sha256 } from '../hashes.ts'
import { multiplyScalars } from '../scalar.ts'
import type { Engine, RecoveryId } from './engine.ts'

type TinySecp256k1 = typeof import('tiny-secp256k1')

/** libsecp256k1 compiled to WebAssembly. */
export const loadWasm = (): Engine => {
  const tiny: TinySecp256k1 = createRequire(import.meta.url)('tiny-secp256k1')
  const found = (result: Uint8Array | null): Uint8Array => {
    if (result === null) throw new RangeError('no result')
    return result
  }
  return {
    name: 'libsecp256k1-wasm',
    sign: (digest, privateKey) => tiny.sign(digest, privateKey),
    // Strict: a high S is refused, as libsecp256k1 does by itself.
    verify: (signature, digest, publicKey) => tiny.verify(digest, publicKey, signature, true),
    publicKey: (privateKey) => found(tiny.pointFromScalar(privateKey, true)),
    ecdh: (publicKey, privateKey) => sha256(found(tiny.pointMultiply(publicKey, privateKey, true))),
    isPoint: (bytes) => tiny.isPointCompressed(bytes),
    pointAdd: (a, b) => tiny.pointAdd(a, b, true) ?? undefined,
    pointTweakAdd: (point, scalar) => tiny.pointAddScalar(point, scalar, true) ?? undefined,
    pointMultiply: (point, scalar) => tiny.pointMultiply(point, scalar, true) ?? undefined,
    scalarAdd: (a, b) => found(tiny.privateAdd(a, b)),
    scalarMultiply: multiplyScalars,
    signRecoverable: (digest, privateKey) => {
      const { signature, recoveryId } = tiny.signRecoverable(digest, privateKey)
      return { signature, recoveryId: recoveryId as RecoveryId }
    },
    recover: (signature, recoveryId, digest) => tiny.recover(digest, signature, recoveryId, true) ?? undefined,
  }
}
