import { hmacSha256 } from '../crypto/hashes.ts'
import { utf8Encode } from '../lib/bytes.ts'

/** BOLT 4, key generation: what a key is for. */
export type KeyPurpose = keyof typeof LABELS

const LABELS = {
  rho: utf8Encode('rho'),
  mu: utf8Encode('mu'),
  um: utf8Encode('um'),
  pad: utf8Encode('pad'),
  ammag: utf8Encode('ammag'),
  ammagext: utf8Encode('ammagext'),
} as const

/** BOLT 4, key generation: one of the keys that two nodes share, 32 bytes. */
export const onionKey = (purpose: KeyPurpose, sharedSecret: Uint8Array): Uint8Array =>
  hmacSha256(LABELS[purpose], sharedSecret)
