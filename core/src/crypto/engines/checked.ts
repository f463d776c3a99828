import type { PrivateKey, PublicKey, Signature } from '../../lib/ids.ts'
import { isNonZeroScalar, isScalar } from '../scalar.ts'
import type { Engine, EngineName, RecoveryId } from './engine.ts'

/**
 * secp256k1 as the node uses it. Public keys are 33-byte compressed points, private keys and scalars 32 bytes, digests 32
 * bytes, signatures 64 bytes. `verify`, `recover`, `isPublicKey` and `isPrivateKey` answer for any bytes. The others throw a
 * `RangeError` on an invalid input or result: keys from outside are checked with `isPublicKey` where they come in.
 */
export interface Secp256k1 {
  readonly name: EngineName
  /** Deterministic (RFC 6979), low S. */
  sign(digest: Uint8Array, privateKey: PrivateKey): Signature
  /** False for anything but a valid signature with a low S. */
  verify(signature: Signature, digest: Uint8Array, publicKey: PublicKey): boolean
  publicKey(privateKey: PrivateKey): PublicKey
  /** SHA-256 of the compressed shared point: 32 bytes. */
  ecdh(publicKey: PublicKey, privateKey: PrivateKey): Uint8Array
  isPublicKey(bytes: Uint8Array): boolean
  isPrivateKey(bytes: Uint8Array): boolean
  pointAdd(a: PublicKey, b: PublicKey): PublicKey
  /** point + scalar * G; the scalar may be zero. */
  pointTweakAdd(point: PublicKey, scalar: Uint8Array): PublicKey
  pointMultiply(point: PublicKey, scalar: Uint8Array): PublicKey
  /** a + b modulo the order; neither operand nor the sum may be zero. */
  scalarAdd(a: Uint8Array, b: Uint8Array): Uint8Array
  /** a * b modulo the order; neither operand may be zero. */
  scalarMultiply(a: Uint8Array, b: Uint8Array): Uint8Array
  signRecoverable(
    digest: Uint8Array,
    privateKey: PrivateKey,
  ): { readonly signature: Signature; readonly recoveryId: RecoveryId }
  /** The public key that made the signature (S may be high), `undefined` when there is none. */
  recover(signature: Signature, recoveryId: number, digest: Uint8Array): PublicKey | undefined
}

const looksLikePoint = (bytes: Uint8Array): boolean => bytes.length === 33 && (bytes[0] === 2 || bytes[0] === 3)

/** Gives an engine the behaviour that all engines share on inputs that are not valid. */
export const checked = (engine: Engine): Secp256k1 => {
  const compute = <T>(operation: string, valid: boolean, run: () => T | undefined): T => {
    let result: T | undefined
    try {
      if (valid) result = run()
    } catch {
      // Each engine complains in its own words: ours are below.
    }
    if (result === undefined) throw new RangeError(`secp256k1 ${operation}: invalid input`)
    return result
  }

  return {
    name: engine.name,
    sign: (digest, privateKey) =>
      compute('sign', digest.length === 32 && isNonZeroScalar(privateKey), () => engine.sign(digest, privateKey)),
    verify: (signature, digest, publicKey) => {
      if (signature.length !== 64 || digest.length !== 32 || !looksLikePoint(publicKey)) return false
      try {
        return engine.verify(signature, digest, publicKey)
      } catch {
        return false
      }
    },
    publicKey: (privateKey) => compute('publicKey', isNonZeroScalar(privateKey), () => engine.publicKey(privateKey)),
    ecdh: (publicKey, privateKey) =>
      compute('ecdh', looksLikePoint(publicKey) && isNonZeroScalar(privateKey), () =>
        engine.ecdh(publicKey, privateKey),
      ),
    isPublicKey: (bytes) => looksLikePoint(bytes) && engine.isPoint(bytes),
    isPrivateKey: isNonZeroScalar,
    pointAdd: (a, b) => compute('pointAdd', looksLikePoint(a) && looksLikePoint(b), () => engine.pointAdd(a, b)),
    pointTweakAdd: (point, scalar) =>
      compute('pointTweakAdd', looksLikePoint(point) && isScalar(scalar), () => engine.pointTweakAdd(point, scalar)),
    pointMultiply: (point, scalar) =>
      compute('pointMultiply', looksLikePoint(point) && isNonZeroScalar(scalar), () =>
        engine.pointMultiply(point, scalar),
      ),
    scalarAdd: (a, b) =>
      compute('scalarAdd', isNonZeroScalar(a) && isNonZeroScalar(b), () => {
        const sum = engine.scalarAdd(a, b)
        return isNonZeroScalar(sum) ? sum : undefined
      }),
    scalarMultiply: (a, b) =>
      compute('scalarMultiply', isNonZeroScalar(a) && isNonZeroScalar(b), () => engine.scalarMultiply(a, b)),
    signRecoverable: (digest, privateKey) =>
      compute('signRecoverable', digest.length === 32 && isNonZeroScalar(privateKey), () =>
        engine.signRecoverable(digest, privateKey),
      ),
    recover: (signature, recoveryId, digest) => {
      if (signature.length !== 64 || digest.length !== 32) return undefined
      // Ids 2 and 3 say that R's x coordinate is above the order, which no honest signature will ever meet (1 in 2^127), and
      // the engines check them differently.
      if (recoveryId !== 0 && recoveryId !== 1) return undefined
      if (!isNonZeroScalar(signature.subarray(0, 32)) || !isNonZeroScalar(signature.subarray(32))) return undefined
      try {
        return engine.recover(signature, recoveryId, digest)
      } catch {
        return undefined
      }
    },
  }
}
