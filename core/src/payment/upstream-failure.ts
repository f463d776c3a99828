import type { HtlcRef, SettleHtlcCommand } from '../channel/index.ts'
import type { HtlcId } from '../lib/ids.ts'
import { INVALID_ONION_BLINDING } from '../onion/failure-codes.ts'
import type { FailureMessage } from '../onion/failure-message.ts'
import { createFailureOnion, wrapFailureOnion } from '../onion/failure-onion.ts'

/** Why an HTLC that we received is given back. */
export type UpstreamFailure =
  /** We refuse it. */
  | { readonly type: 'own'; readonly failure: FailureMessage }
  /** A node after us did: what came back from there, still encrypted. */
  | { readonly type: 'downstream'; readonly reason: Uint8Array }

/** Gives a received HTLC back; the driver turns the failure into a command by `failureCommand`. */
export interface FailEffect {
  readonly type: 'fail'
  readonly htlc: HtlcRef
  readonly failure: UpstreamFailure
}

/** Our place on the way of a received HTLC, by which its failure is told. It follows from the HTLC, after a restart too. */
export type UpstreamPlace =
  /** In no blinded path, or at the end of one that begins with us. */
  | { readonly type: 'open'; readonly sharedSecret: Uint8Array }
  /** With an inner onion for us: a trampoline node, or its payee. */
  | { readonly type: 'trampoline'; readonly sharedSecret: Uint8Array; readonly innerSecret: Uint8Array }
  /** Where a blinded path begins that goes on. */
  | { readonly type: 'introduction'; readonly sharedSecret: Uint8Array; readonly sha256OfOnion: Uint8Array }
  /** Further on in a blinded path. */
  | { readonly type: 'within-path'; readonly sha256OfOnion: Uint8Array }

/** What the channel is told. Of a place that is not known the origin gets bytes that nobody can read. */
export const failureCommand = (
  htlcId: HtlcId,
  failure: UpstreamFailure,
  place: UpstreamPlace = { type: 'open', sharedSecret: new Uint8Array(32) },
): SettleHtlcCommand => {
  switch (place.type) {
    case 'open':
      return { type: 'fail-htlc', htlcId, reason: reasonOf(place.sharedSecret, failure) }
    case 'trampoline': {
      // lightning/bolts 836, returning errors: encrypted by the inner secret first, it is for the eyes of whoever made the inner onion.
      const reason = wrapFailureOnion(place.sharedSecret, reasonOf(place.innerSecret, failure))
      return { type: 'fail-htlc', htlcId, reason }
    }
    case 'introduction': {
      // BOLT 2, removing an HTLC: whatever failed, here or further on, the origin learns that the path failed, and no more.
      const { sharedSecret, sha256OfOnion } = place
      const reason = createFailureOnion(sharedSecret, { type: 'invalid_onion_blinding', sha256OfOnion })
      return { type: 'fail-htlc', htlcId, reason }
    }
    case 'within-path':
      // BOLT 2, removing an HTLC: with a path key every failure, here or further on, is this one, and malformed.
      return {
        type: 'fail-malformed-htlc',
        htlcId,
        sha256OfOnion: place.sha256OfOnion,
        failureCode: INVALID_ONION_BLINDING,
      }
  }
}

const reasonOf = (sharedSecret: Uint8Array, failure: UpstreamFailure): Uint8Array =>
  failure.type === 'own'
    ? createFailureOnion(sharedSecret, failure.failure)
    : wrapFailureOnion(sharedSecret, failure.reason)
