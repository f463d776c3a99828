import { createBase58check } from '@scure/base'
import { hash160, sha256 } from '../crypto/hashes.ts'
import { concat, u32be } from '../lib/bytes.ts'
import type { PublicKey } from '../lib/ids.ts'

/** BIP 32, serialization format: the parts of an extended public key. */
export interface ExtendedPublicKey {
  readonly version: number
  readonly depth: number
  readonly parentFingerprint: Uint8Array
  readonly childNumber: number
  readonly chainCode: Uint8Array
  readonly publicKey: PublicKey
}

const base58check = createBase58check(sha256)

/** BIP 32, key identifiers: the first four bytes of the public key's hash. */
export const fingerprint = (publicKey: PublicKey): Uint8Array => hash160(publicKey).slice(0, 4)

/** As it is displayed: `xpub…` on mainnet, `tpub…` elsewhere. */
export const extendedPublicKey = (key: ExtendedPublicKey): string =>
  base58check.encode(
    concat(
      u32be(key.version),
      Uint8Array.of(key.depth),
      key.parentFingerprint,
      u32be(key.childNumber),
      key.chainCode,
      key.publicKey,
    ),
  )
