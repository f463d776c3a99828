import { derivePublicKey, deriveRevocationPublicKey } from '../../crypto/commitment-keys.ts'
import type { PublicKey } from '../../lib/ids.ts'
import type { CommitmentParams } from './commitment-params.ts'

/** The public keys of one commitment transaction. "Local" is its owner. */
export interface CommitmentKeys {
  readonly perCommitmentPoint: PublicKey
  readonly localDelayedKey: PublicKey
  /** Known to the other side once the owner has revoked this commitment. */
  readonly revocationKey: PublicKey
  readonly localHtlcKey: PublicKey
  readonly remoteHtlcKey: PublicKey
  /** The other side's payment basepoint, unchanged (`option_static_remotekey`). */
  readonly remotePaymentKey: PublicKey
}

/**
 * Derives the keys of the commitment with this per-commitment point of its owner. It costs several point operations:
 * call it once, when the point arrives, and keep the result; scripts are remembered by the result's identity.
 */
export const deriveCommitmentKeys = (params: CommitmentParams, perCommitmentPoint: PublicKey): CommitmentKeys => {
  const { localBasepoints, remoteBasepoints } = params
  return {
    perCommitmentPoint,
    localDelayedKey: derivePublicKey(localBasepoints.delayedPayment, perCommitmentPoint),
    revocationKey: deriveRevocationPublicKey(remoteBasepoints.revocation, perCommitmentPoint),
    localHtlcKey: derivePublicKey(localBasepoints.htlc, perCommitmentPoint),
    remoteHtlcKey: derivePublicKey(remoteBasepoints.htlc, perCommitmentPoint),
    remotePaymentKey: remoteBasepoints.payment,
  }
}
