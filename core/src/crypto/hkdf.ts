import { hmacSha256 } from './hashes.ts'

const ONE = Uint8Array.of(1)

/**
 * HKDF-SHA256 (RFC 5869) with an empty `info` and 64 bytes of output, in the two 32-byte halves that BOLT 8 uses.
 * `salt` is the chaining key.
 */
export const hkdfPair = (salt: Uint8Array, inputKeyMaterial: Uint8Array): readonly [Uint8Array, Uint8Array] => {
  const pseudoRandomKey = hmacSha256(salt, inputKeyMaterial)
  const first = hmacSha256(pseudoRandomKey, ONE)
  const secondInput = new Uint8Array(33)
  secondInput.set(first)
  secondInput[32] = 2
  return [first, hmacSha256(pseudoRandomKey, secondInput)]
}
