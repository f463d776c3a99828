import { secp256k1 } from '../crypto/secp256k1.ts'
import { invariant } from '../lib/errors.ts'
import type { SignatureCheck } from './rules/signature-checks.ts'

const DIGEST = 32
const SIGNATURE = 64
const LENGTH = DIGEST + SIGNATURE + 33

/** Many checks in one array: to send three small arrays for each to another thread takes longer than a few of the checks. */
export const packChecks = (checks: readonly SignatureCheck[]): Uint8Array => {
  const packed = new Uint8Array(checks.length * LENGTH)
  for (const [i, { digest, signature, publicKey }] of checks.entries()) {
    packed.set(digest, i * LENGTH)
    packed.set(signature, i * LENGTH + DIGEST)
    packed.set(publicKey, i * LENGTH + DIGEST + SIGNATURE)
  }
  return packed
}

/** For each check 1 if the signature is valid, else 0. */
export const checkPacked = (packed: Uint8Array): Uint8Array => {
  invariant(packed.length % LENGTH === 0, 'these are no whole checks')
  const valid = new Uint8Array(packed.length / LENGTH)
  for (let i = 0; i < valid.length; i++) {
    const start = i * LENGTH
    const signature = packed.subarray(start + DIGEST, start + DIGEST + SIGNATURE)
    const publicKey = packed.subarray(start + DIGEST + SIGNATURE, start + LENGTH)
    valid[i] = secp256k1.verify(signature, packed.subarray(start, start + DIGEST), publicKey) ? 1 : 0
  }
  return valid
}
