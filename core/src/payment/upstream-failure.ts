import type { HtlcRef } from '../channel/index.ts'
import type { FailureMessage } from '../onion/failure-message.ts'
import { createFailureOnion, wrapFailureOnion } from '../onion/failure-onion.ts'

/** Why an HTLC that we received is given back. */
export type UpstreamFailure =
  /** We refuse it. */
  | { readonly type: 'own'; readonly failure: FailureMessage }
  /** A node after us did: what came back from there, still encrypted. */
  | { readonly type: 'downstream'; readonly reason: Uint8Array }

/** Gives a received HTLC back; the driver turns the failure into a reason by `failureReason`. */
export interface FailEffect {
  readonly type: 'fail'
  readonly htlc: HtlcRef
  readonly failure: UpstreamFailure
}

/** The `reason` of `update_fail_htlc`; `sharedSecret` is that of the received HTLC's onion. */
export const failureReason = (sharedSecret: Uint8Array, failure: UpstreamFailure): Uint8Array =>
  failure.type === 'own'
    ? createFailureOnion(sharedSecret, failure.failure)
    : wrapFailureOnion(sharedSecret, failure.reason)
