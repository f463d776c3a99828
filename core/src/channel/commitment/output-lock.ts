import type { Preimage, PublicKey, Signature } from '../../lib/ids.ts'

/**
 * What an output pays to, and what its spender must know besides a signature. Only `outputScript` concerns anyone but the format that made
 * it. A taproot format adds a member with an internal key and its leaves.
 */
export interface OutputLock {
  readonly type: 'witness-script'
  readonly outputScript: Uint8Array
  readonly witnessScript: Uint8Array
}

/** By which of its conditions an output is spent (BOLT 3), with what the condition asks for besides the spender's signature. */
export type SpendPath =
  /** `to_local`, or the output of an HTLC transaction: by its owner, after `to_self_delay`. */
  | { readonly type: 'delayed' }
  | { readonly type: 'anchor' }
  /** `to_remote`, by the side that does not own the commitment. */
  | { readonly type: 'to-remote' }
  /** By the owner's HTLC transaction, which the other side has signed. HTLC-success has the preimage, HTLC-timeout none. */
  | { readonly type: 'htlc-transaction'; readonly remoteSignature: Signature; readonly preimage?: Preimage }
  /** An HTLC that the owner offered, by the other side, which received it. */
  | { readonly type: 'htlc-preimage'; readonly preimage: Preimage }
  /** An HTLC that the owner received, by the other side, which offered it: from its expiry on. */
  | { readonly type: 'htlc-expiry' }
  /** `to_local` or the output of an HTLC transaction, or an HTLC, in a commitment that was revoked: by the other side, at once. */
  | { readonly type: 'revocation' }
  | { readonly type: 'htlc-revocation'; readonly revocationKey: PublicKey }

/** The conditions that a commitment offers as long as it is not revoked. */
export type PathInForce = Exclude<SpendPath, { readonly type: 'revocation' | 'htlc-revocation' }>
