import { derivePublicKey, deriveRevocationPublicKey } from '../../crypto/commitment-keys.ts'
import type { PublicKey } from '../../lib/ids.ts'
import type { CommitmentTerms } from './commitment-terms.ts'

/** The public keys of one commitment transaction. "Local" is its owner. */
export interface CommitmentKeys {
  readonly perCommitmentPoint: PublicKey
  readonly localDelayedKey: PublicKey
  /** Known to the other side once the owner has revoked this commitment. */
  readonly revocationKey: PublicKey
  readonly localHtlcKey: PublicKey
  readonly remoteHtlcKey: PublicKey
}

/**
 * Derives the keys of the commitment with this per-commitment point of its owner. This costs several point operations: call it once, when
 * the point arrives, and keep the result; scripts are cached by the result's identity. The keys of HTLCs are derived when they are first
 * asked for, because many commitments have no HTLC.
 */
export const deriveCommitmentKeys = (terms: CommitmentTerms, perCommitmentPoint: PublicKey): CommitmentKeys => {
  const { localBasepoints, remoteBasepoints } = terms
  let localHtlcKey: PublicKey | undefined
  let remoteHtlcKey: PublicKey | undefined
  return {
    perCommitmentPoint,
    localDelayedKey: derivePublicKey(localBasepoints.delayedPayment, perCommitmentPoint),
    revocationKey: deriveRevocationPublicKey(remoteBasepoints.revocation, perCommitmentPoint),
    get localHtlcKey() {
      localHtlcKey ??= derivePublicKey(localBasepoints.htlc, perCommitmentPoint)
      return localHtlcKey
    },
    get remoteHtlcKey() {
      remoteHtlcKey ??= derivePublicKey(remoteBasepoints.htlc, perCommitmentPoint)
      return remoteHtlcKey
    },
  }
}
