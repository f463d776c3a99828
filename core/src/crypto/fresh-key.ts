import type { PrivateKey } from '../lib/ids.ts'
import type { Rng } from '../lib/rng.ts'
import { secp256k1 } from './secp256k1.ts'

/** 32 random bytes that are a valid scalar. */
export const freshKey = (rng: Pick<Rng, 'bytes'>): PrivateKey => {
  for (;;) {
    const key = rng.bytes(32)
    if (secp256k1.isPrivateKey(key)) return key
  }
}
