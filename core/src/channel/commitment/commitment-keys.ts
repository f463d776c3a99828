import { derivePublicKey, deriveRevocationPublicKey } from '../../crypto/commitment-keys.ts'
import type { PublicKey } from '../../lib/ids.ts'
import { once } from '../../lib/once.ts'
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
 * The keys of the commitment with this per-commitment point of its owner. Each is derived when it is first asked for, which costs a point
 * operation or three: keep the result; scripts are cached by the result's identity.
 */
export const deriveCommitmentKeys = (terms: CommitmentTerms, perCommitmentPoint: PublicKey): CommitmentKeys => {
  const { localBasepoints, remoteBasepoints } = terms
  const localDelayedKey = once(() => derivePublicKey(localBasepoints.delayedPayment, perCommitmentPoint))
  const revocationKey = once(() => deriveRevocationPublicKey(remoteBasepoints.revocation, perCommitmentPoint))
  const localHtlcKey = once(() => derivePublicKey(localBasepoints.htlc, perCommitmentPoint))
  const remoteHtlcKey = once(() => derivePublicKey(remoteBasepoints.htlc, perCommitmentPoint))
  return {
    perCommitmentPoint,
    get localDelayedKey() {
      return localDelayedKey()
    },
    get revocationKey() {
      return revocationKey()
    },
    get localHtlcKey() {
      return localHtlcKey()
    },
    get remoteHtlcKey() {
      return remoteHtlcKey()
    },
  }
}
