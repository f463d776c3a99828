import type { SpecHtlc } from '../commitment/commitment-spec.ts'

/** What the output is to us. */
export type ClaimKind =
  | { readonly type: 'to-local' }
  | { readonly type: 'htlc-success'; readonly htlc: SpecHtlc }
  | { readonly type: 'htlc-timeout'; readonly htlc: SpecHtlc }
  /** The output of our HTLC transaction, after its delay. */
  | { readonly type: 'htlc-output'; readonly htlc: SpecHtlc }
  /** Our main output in a commitment of the peer. */
  | { readonly type: 'to-remote' }
  /** An HTLC in a commitment of the peer: one that we know the preimage of, or that we offered and that has expired. */
  | { readonly type: 'received-htlc'; readonly htlc: SpecHtlc }
  | { readonly type: 'offered-htlc'; readonly htlc: SpecHtlc }
  /** Taken from a peer that published a commitment that it had revoked. */
  | { readonly type: 'penalty' }
  | { readonly type: 'htlc-penalty'; readonly htlc: SpecHtlc }
  /** Our anchor, spent so that the commitment transaction is mined. */
  | { readonly type: 'anchor' }
