import { createHmac } from 'node:crypto'
import { concat, u32be, utf8Encode } from '../lib/bytes.ts'
import type { PrivateKey } from '../lib/ids.ts'
import { secp256k1 } from './secp256k1.ts'

/**
 * A private key of a BIP 32 tree of which only hardened children are taken. It exists beside the library that the wallet
 * uses because it computes no public keys: a channel's six keys cost some tens of microseconds, against milliseconds.
 */
export interface HardenedKey {
  readonly privateKey: PrivateKey
  /** `index` without the hardened offset, below 2^31. */
  child(index: number): HardenedKey
}

const HARDENED_OFFSET = 0x80000000
const ROOT_KEY = utf8Encode('Bitcoin seed')
const ZERO = Uint8Array.of(0)

/** BIP 32, master key generation. */
export const masterKey = (seed: Uint8Array): HardenedKey => {
  const { left, right } = hmacSha512(ROOT_KEY, seed)
  return hardenedKey(left, right)
}

const hardenedKey = (privateKey: PrivateKey, chainCode: Uint8Array): HardenedKey => ({
  privateKey,
  // BIP 32, CKDpriv for a hardened child. A sum that is no key (one in 2^127) throws: the next index is then to be taken.
  child(index) {
    if (!Number.isInteger(index) || index < 0 || index >= HARDENED_OFFSET)
      throw new RangeError('child index out of range')
    const { left, right } = hmacSha512(chainCode, concat(ZERO, privateKey, u32be(HARDENED_OFFSET + index)))
    return hardenedKey(secp256k1.scalarAdd(left, privateKey), right)
  },
})

const hmacSha512 = (key: Uint8Array, data: Uint8Array): { readonly left: Uint8Array; readonly right: Uint8Array } => {
  const digest = Uint8Array.from(createHmac('sha512', key).update(data).digest())
  return { left: digest.slice(0, 32), right: digest.slice(32) }
}
