import type { Preimage, Signature } from '../../lib/ids.ts'

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
  /** By the owner's HTLC transaction, which the other side has signed. HTLC-success has the preimage, HTLC-timeout none. */
  | { readonly type: 'htlc-transaction'; readonly remoteSignature: Signature; readonly preimage?: Preimage }
