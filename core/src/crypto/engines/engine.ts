/**
 * What each engine does, for inputs whose form was already checked (see `checked.ts`): keys and scalars are in range, points are 33 bytes
 * with a prefix of 2 or 3 but may be off the curve. If an engine cannot do something, it may throw or return `undefined`, whichever it
 * likes.
 */
export interface Engine {
  readonly name: EngineName
  readonly sign: (digest: Uint8Array, privateKey: Uint8Array) => Uint8Array
  readonly verify: (signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array) => boolean
  readonly publicKey: (privateKey: Uint8Array) => Uint8Array
  readonly ecdh: (publicKey: Uint8Array, privateKey: Uint8Array) => Uint8Array
  readonly isPoint: (bytes: Uint8Array) => boolean
  readonly pointAdd: (a: Uint8Array, b: Uint8Array) => Uint8Array | undefined
  readonly pointTweakAdd: (point: Uint8Array, scalar: Uint8Array) => Uint8Array | undefined
  readonly pointMultiply: (point: Uint8Array, scalar: Uint8Array) => Uint8Array | undefined
  readonly scalarAdd: (a: Uint8Array, b: Uint8Array) => Uint8Array
  readonly scalarMultiply: (a: Uint8Array, b: Uint8Array) => Uint8Array
  readonly signRecoverable: (digest: Uint8Array, privateKey: Uint8Array) => RecoverableSignature
  readonly recover: (signature: Uint8Array, recoveryId: RecoveryId, digest: Uint8Array) => Uint8Array | undefined
}

export type EngineName = 'libsecp256k1-native' | 'libsecp256k1-wasm' | 'noble'

/** The parity of R's y coordinate. */
export type RecoveryId = 0 | 1

interface RecoverableSignature {
  /** 64 bytes, compact, low S. */
  readonly signature: Uint8Array
  readonly recoveryId: RecoveryId
}
