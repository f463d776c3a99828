import { concat } from '../lib/bytes.ts'
import type { PrivateKey, PublicKey } from '../lib/ids.ts'
import { sha256 } from './hashes.ts'
import { secp256k1 } from './secp256k1.ts'

// BOLT 3, key derivation. A per-commitment point changes with every commitment; basepoints are fixed at open.

const tweak = (first: PublicKey, second: PublicKey): Uint8Array => sha256(concat(first, second))

/** BOLT 3, `localpubkey`, `local_htlcpubkey`, `local_delayedpubkey` and their remote counterparts. */
export const derivePublicKey = (basepoint: PublicKey, perCommitmentPoint: PublicKey): PublicKey =>
  secp256k1.pointTweakAdd(basepoint, tweak(perCommitmentPoint, basepoint))

/** The private key of `derivePublicKey`. `basepoint` is the point of `basepointSecret`, computed when it is not given. */
export const derivePrivateKey = (
  basepointSecret: PrivateKey,
  perCommitmentPoint: PublicKey,
  basepoint: PublicKey = secp256k1.publicKey(basepointSecret),
): PrivateKey => secp256k1.scalarAdd(basepointSecret, tweak(perCommitmentPoint, basepoint))

/** BOLT 3, `revocationpubkey`: made of one side's revocation basepoint and the other side's per-commitment point. */
export const deriveRevocationPublicKey = (revocationBasepoint: PublicKey, perCommitmentPoint: PublicKey): PublicKey =>
  secp256k1.pointAdd(
    secp256k1.pointMultiply(revocationBasepoint, tweak(revocationBasepoint, perCommitmentPoint)),
    secp256k1.pointMultiply(perCommitmentPoint, tweak(perCommitmentPoint, revocationBasepoint)),
  )

/** The private key of `deriveRevocationPublicKey`, once the per-commitment secret was revealed. */
export const deriveRevocationPrivateKey = (
  revocationBasepointSecret: PrivateKey,
  perCommitmentSecret: PrivateKey,
): PrivateKey => {
  const revocationBasepoint = secp256k1.publicKey(revocationBasepointSecret)
  const perCommitmentPoint = secp256k1.publicKey(perCommitmentSecret)
  return secp256k1.scalarAdd(
    secp256k1.scalarMultiply(revocationBasepointSecret, tweak(revocationBasepoint, perCommitmentPoint)),
    secp256k1.scalarMultiply(perCommitmentSecret, tweak(perCommitmentPoint, revocationBasepoint)),
  )
}
