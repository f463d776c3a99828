import type { SignatureCheck } from './signature-checks.ts'

/** What a rule says of an announcement before its signatures are checked. */
export type Verdict =
  /** It counts if all of these signatures are valid. */
  { readonly type: 'check'; readonly checks: readonly SignatureCheck[] } | Ignored | Refused

/** It does not count, and its sender has done nothing wrong. */
export interface Ignored {
  readonly type: 'ignore'
  readonly reason: IgnoreReason
}

/** It does not count, and its sender passed on what it should have refused itself: it may be warned. */
export interface Refused {
  readonly type: 'refuse'
  readonly fault: GossipFault
}

export type IgnoreReason =
  | 'other-chain'
  | 'already-known'
  | 'not-deep-enough'
  | 'unknown-channel'
  | 'unknown-node'
  | 'channel-spent'
  | 'not-newer'
  | 'too-old'
  | 'too-far-ahead'
  | 'not-to-be-forwarded'
  | 'funding-missing'
  | 'funding-of-others'
  /** Too much waits already, of the sender or of all. */
  | 'too-many-waiting'
  /** It is far longer than any needs to be. */
  | 'too-long'
  /** Its direction was updated too often today. */
  | 'too-often'

export type GossipFault = 'unreadable' | 'node-ids-out-of-order' | 'truncated-address' | 'invalid-signature'

export const ignore = (reason: IgnoreReason): Ignored => ({ type: 'ignore', reason })
export const refuse = (fault: GossipFault): Refused => ({ type: 'refuse', fault })
