import type { HtlcId } from '../../lib/ids.ts'
import type { FeeratePerKw } from '../../lib/units.ts'
import type { UpdateAddHtlc } from '../../wire/messages/channel-operation.ts'
import type { HtlcFailure, HtlcRecord } from './htlc.ts'

/** A change of the commitments that one side has signed. For removals, the HTLC's record holds the details. */
export type Change =
  | { readonly type: 'add'; readonly add: UpdateAddHtlc }
  | { readonly type: 'fulfil'; readonly id: HtlcId }
  | { readonly type: 'fail'; readonly id: HtlcId }
  | { readonly type: 'fee'; readonly feeratePerKw: FeeratePerKw }

/**
 * A change that no signature covers yet. It lives in the session and ends with it: the peer's changes are forgotten, our additions are
 * failed to their origin, and our removals are proposed again from the records.
 */
export type Proposal =
  | { readonly type: 'add'; readonly add: UpdateAddHtlc; readonly record: HtlcRecord }
  | { readonly type: 'fulfil'; readonly id: HtlcId }
  | {
      readonly type: 'fail'
      readonly id: HtlcId
      readonly failure: HtlcFailure
      /** What came with it. */
      readonly attribution?: Uint8Array
    }
  | { readonly type: 'fee'; readonly feeratePerKw: FeeratePerKw }

/**
 * How far each side's signed changes are on their way into both commitments (the proposed ones are in `Session.proposed`). Our changes:
 * `signed` are in a commitment of the peer that it has not acknowledged by revoking the one before; `acked` are in the peer's commitment
 * and go into ours with its next signature.
 * The peer's changes: `acked` are in our commitment and go into the peer's with our next signature; `signed` are in that signature.
 */
export interface Changes {
  readonly localSigned: readonly Change[]
  readonly localAcked: readonly Change[]
  readonly remoteAcked: readonly Change[]
  readonly remoteSigned: readonly Change[]
  /** The next ids, after all signed additions. */
  readonly nextLocalHtlcId: HtlcId
  readonly nextRemoteHtlcId: HtlcId
}

export const NO_CHANGES: Changes = {
  localSigned: [],
  localAcked: [],
  remoteAcked: [],
  remoteSigned: [],
  nextLocalHtlcId: 0n,
  nextRemoteHtlcId: 0n,
}
