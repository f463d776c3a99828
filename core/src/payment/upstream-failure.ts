import type { HtlcRef, SettleHtlcCommand } from '../channel/index.ts'
import type { HtlcId } from '../lib/ids.ts'
import { addAttribution } from '../onion/attribution-data.ts'
import { INVALID_ONION_BLINDING } from '../onion/failure-codes.ts'
import type { FailureMessage } from '../onion/failure-message.ts'
import { createFailureOnion, failurePacket, wrapFailureOnion } from '../onion/failure-onion.ts'
import { ATTRIBUTION_DATA_LENGTH } from '../wire/messages/channel-operation.ts'

/** Why an HTLC that we received is given back. */
export type UpstreamFailure =
  /** We refuse it. */
  | { readonly type: 'own'; readonly failure: FailureMessage }
  /** A node after us did: what came back from there, still encrypted, and the attribution data that came with it. */
  | { readonly type: 'downstream'; readonly reason: Uint8Array; readonly attribution?: Uint8Array }

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

/**
 * What the channel is told. `holdTime`: for how long we have held the HTLC, as `addAttribution` has it. Of a place that is not known the
 * origin gets bytes that nobody can read.
 */
export const failureCommand = (
  htlcId: HtlcId,
  failure: UpstreamFailure,
  holdTime: number,
  place: UpstreamPlace = { type: 'open', sharedSecret: new Uint8Array(32) },
): SettleHtlcCommand => {
  switch (place.type) {
    case 'open': {
      const packet = failure.type === 'own' ? failurePacket(place.sharedSecret, failure.failure) : failure.reason
      return failHtlc(htlcId, packet, place, holdTime, failure.type === 'own' ? undefined : failure.attribution)
    }
    case 'trampoline':
      // lightning/bolts 836, returning errors: encrypted by the inner secret first, it is for the eyes of whoever made the inner onion. Of
      // attribution it says nothing: to the outer onion we are the node where it ends.
      return failHtlc(htlcId, reasonOf(place.innerSecret, failure), place, holdTime)
    case 'introduction': {
      // BOLT 2, removing an HTLC: whatever failed, here or further on, the origin learns that the path failed, and no more.
      const { sharedSecret, sha256OfOnion } = place
      const packet = failurePacket(sharedSecret, { type: 'invalid_onion_blinding', sha256OfOnion })
      return failHtlc(htlcId, packet, place, holdTime)
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

/** BOLT 8: a message has at most 65,535 bytes. Beside the reason there are 44 of `update_fail_htlc`, and 4 before the attribution data. */
const LARGEST_ATTRIBUTED = 65_535 - 44 - 4 - ATTRIBUTION_DATA_LENGTH

/** Puts our layer over the packet and, by BOLT 4's erring and intermediate node, over what it is attributed by. */
const failHtlc = (
  htlcId: HtlcId,
  failurePacket: Uint8Array,
  { sharedSecret }: { readonly sharedSecret: Uint8Array },
  holdTime: number,
  downstream?: Uint8Array,
): SettleHtlcCommand => {
  const command = { type: 'fail-htlc', htlcId, reason: wrapFailureOnion(sharedSecret, failurePacket) } as const
  // What has no room for both goes back as it came: the reason matters more.
  if (failurePacket.length > LARGEST_ATTRIBUTED) return command
  return { ...command, attribution: addAttribution({ sharedSecret, holdTime, failurePacket }, downstream) }
}

const reasonOf = (sharedSecret: Uint8Array, failure: UpstreamFailure): Uint8Array =>
  failure.type === 'own'
    ? createFailureOnion(sharedSecret, failure.failure)
    : wrapFailureOnion(sharedSecret, failure.reason)
