import type { PrivateKey, PublicKey } from '../../lib/ids.ts'

/**
 * What is to be signed, and how: all that a signer needs besides its key. A format that signs together with the other side (MuSig2) adds a
 * member with both keys and nonces.
 */
export interface SigningTask {
  readonly scheme: 'ecdsa'
  readonly digest: Uint8Array
}

/** Names a key of ours for the signer. Derived ones are made from a basepoint secret and the commitment's per-commitment point. */
export type SigningKey =
  | { readonly type: 'funding' }
  /** The payment basepoint itself (`option_static_remotekey`). */
  | { readonly type: 'payment' }
  /** Made of our revocation basepoint and the secret of a commitment that the peer has revoked. */
  | { readonly type: 'revocation'; readonly perCommitmentSecret: PrivateKey }
  | { readonly type: 'htlc'; readonly perCommitmentPoint: PublicKey }
  | { readonly type: 'delayed-payment'; readonly perCommitmentPoint: PublicKey }
