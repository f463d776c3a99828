import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import type { Engine, RecoveryId } from './engine.ts'

const require = createRequire(import.meta.url)

/** What we use of the package `secp256k1`, which has no types. */
interface Binding {
  contextRandomize(seed: Uint8Array): void
  privateKeyTweakAdd(key: Uint8Array, tweak: Uint8Array): Uint8Array
  privateKeyTweakMul(key: Uint8Array, tweak: Uint8Array): Uint8Array
  publicKeyVerify(publicKey: Uint8Array): boolean
  publicKeyCreate(privateKey: Uint8Array): Uint8Array
  publicKeyCombine(publicKeys: readonly Uint8Array[]): Uint8Array
  publicKeyTweakAdd(publicKey: Uint8Array, tweak: Uint8Array): Uint8Array
  publicKeyTweakMul(publicKey: Uint8Array, tweak: Uint8Array): Uint8Array
  ecdsaSign(digest: Uint8Array, privateKey: Uint8Array): { readonly signature: Uint8Array; readonly recid: number }
  ecdsaVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean
  ecdsaRecover(signature: Uint8Array, recoveryId: number, digest: Uint8Array): Uint8Array
  ecdh(publicKey: Uint8Array, privateKey: Uint8Array): Uint8Array
}

/** libsecp256k1 as a native addon. Throws where no prebuilt binary fits and none was compiled. */
export const loadNative = (): Engine => {
  // Not the package's index: that one falls back in silence to `elliptic`, which is slow.
  const binding: Binding = require('secp256k1/bindings.js')
  binding.contextRandomize(randomBytes(32))
  return {
    name: 'libsecp256k1-native',
    sign: (digest, privateKey) => binding.ecdsaSign(digest, privateKey).signature,
    verify: (signature, digest, publicKey) => binding.ecdsaVerify(signature, digest, publicKey),
    publicKey: (privateKey) => binding.publicKeyCreate(privateKey),
    ecdh: (publicKey, privateKey) => binding.ecdh(publicKey, privateKey),
    isPoint: (bytes) => binding.publicKeyVerify(bytes),
    pointAdd: (a, b) => binding.publicKeyCombine([a, b]),
    pointTweakAdd: (point, scalar) => binding.publicKeyTweakAdd(point, scalar),
    pointMultiply: (point, scalar) => binding.publicKeyTweakMul(point, scalar),
    // The binding writes the result over its first argument.
    scalarAdd: (a, b) => binding.privateKeyTweakAdd(Uint8Array.from(a), b),
    scalarMultiply: (a, b) => binding.privateKeyTweakMul(Uint8Array.from(a), b),
    signRecoverable: (digest, privateKey) => {
      const { signature, recid } = binding.ecdsaSign(digest, privateKey)
      return { signature, recoveryId: recid as RecoveryId }
    },
    recover: (signature, recoveryId, digest) => binding.ecdsaRecover(signature, recoveryId, digest),
  }
}
