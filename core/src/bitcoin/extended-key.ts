import { createBase58check } from '@scure/base'
import { hash160, sha256 } from '../crypto/hashes.ts'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { concat, equalBytes, u32be } from '../lib/bytes.ts'
import type { PrivateKey, PublicKey } from '../lib/ids.ts'

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

/** What an extended private key holds beside its place in the tree. */
export interface ExtendedPrivateKey {
  readonly depth: number
  readonly parentFingerprint: Uint8Array
  readonly childNumber: number
  readonly chainCode: Uint8Array
  readonly privateKey: PrivateKey
}

const LENGTH = 78

/** Reads `xprv…` or `tprv…`; `undefined` if it is none, or of another network than the version's. */
export const readExtendedPrivateKey = (text: string, version: number): ExtendedPrivateKey | undefined => {
  const bytes = decoded(text)
  if (bytes?.length !== LENGTH || !equalBytes(bytes.subarray(0, 4), u32be(version)) || bytes[45] !== 0) return undefined
  const privateKey = bytes.slice(46)
  if (!secp256k1.isPrivateKey(privateKey)) return undefined
  return {
    depth: bytes[4] ?? 0,
    parentFingerprint: bytes.slice(5, 9),
    childNumber: new DataView(bytes.buffer, bytes.byteOffset).getUint32(9),
    chainCode: bytes.slice(13, 45),
    privateKey,
  }
}

const decoded = (text: string): Uint8Array | undefined => {
  try {
    return base58check.decode(text)
  } catch {
    return undefined
  }
}
