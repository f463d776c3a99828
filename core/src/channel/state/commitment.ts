import type { PublicKey, Signature, TxId } from '../../lib/ids.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { FundingSignature } from '../../wire/funding-signature.ts'
import type { CommitmentParams } from '../commitment/commitment-params.ts'
import type { CommitmentSpec } from '../commitment/commitment-spec.ts'
import type { Limits } from './params.ts'

export type FundingStatus =
  | { readonly type: 'unconfirmed' }
  | { readonly type: 'confirmed'; readonly blockHeight: BlockHeight; readonly txIndex: number }
  /** It was confirmed, and its block was undone when the chain had come to this height. */
  | { readonly type: 'reorganised'; readonly since: BlockHeight }

/** Our latest commitment transaction: the only one of ours that may be published. */
interface LocalCommit {
  readonly index: number
  /** From our view. */
  readonly spec: CommitmentSpec
  readonly txid: TxId
  readonly remoteSignature: FundingSignature
  /** Signatures of our HTLC transactions, in output order. */
  readonly htlcSignatures: readonly Signature[]
}

/** A commitment transaction of the peer that we have signed. */
export interface RemoteCommit {
  readonly index: number
  /** From the peer's view: an HTLC that the peer offered is `offered`. */
  readonly spec: CommitmentSpec
  readonly txid: TxId
  /** The per-commitment point of the peer. */
  readonly point: PublicKey
}

/** The state of the channel on one funding output. */
export interface Commitment {
  /** 0 for the first funding; splices count up. */
  readonly fundingIndex: number
  readonly fundingStatus: FundingStatus
  /** The parameters of our commitment transactions, and of the peer's: the outpoint, the amount, the keys and the format. */
  readonly localParams: CommitmentParams
  readonly remoteParams: CommitmentParams
  /** What we demand of the peer, and what it demands of us. */
  readonly localLimits: Limits
  readonly remoteLimits: Limits
  readonly local: LocalCommit
  readonly remote: RemoteCommit
  /** Signed by us; the peer has not revoked `remote` yet. */
  readonly remoteNext?: RemoteCommit
}

/** What we know about the commitment that the peer signs for next. */
export type RemoteNextPoint =
  /** It comes with the peer's `channel_ready`. */
  | { readonly type: 'unknown' }
  | { readonly type: 'known'; readonly point: PublicKey }
  /** We signed `remoteNext`; the peer owes a revocation. `sentAtLocalIndex`: our own commitment's number when we signed. */
  | { readonly type: 'awaiting-revocation'; readonly sentAtLocalIndex: number }
