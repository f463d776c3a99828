import type { Tx } from '../../bitcoin/transaction.ts'
import type { ShachainStore } from '../../crypto/shachain.ts'
import type { HtlcId, OutPoint, PublicKey, Signature, TxId } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw, Msat, Sat } from '../../lib/units.ts'
import type { FundingSignature } from '../../wire/funding-signature.ts'
import type { CommitmentFormatName } from '../commitment/commitment-format.ts'
import type { ClosingProgress, SignedClose } from '../state/closing.ts'
import type { FundingStatus, RemoteNextPoint } from '../state/commitment.ts'
import type { AnnouncementHalves, Closed, Funded, FundingCoins, Quarantine } from '../state/durable.ts'
import type {
  ChannelParams,
  InboundDiscounts,
  Limits,
  RelayPolicies,
  RemoteRelayPolicy,
  ShortIds,
} from '../state/params.ts'

// The row of a channel: the content of `Durable`, without what the rows of its HTLCs hold and what can be computed.

export type StoredChannel = StoredFunded | Closed

export interface StoredFunded {
  readonly phase: Funded['phase']
  readonly params: ChannelParams
  readonly shortIds: ShortIds
  readonly relay: RelayPolicies
  readonly remoteRelay?: RemoteRelayPolicy
  readonly changes: StoredChanges
  /** The ids of the HTLCs that are alive: their rows are needed to read this one. */
  readonly offered: readonly HtlcId[]
  readonly received: readonly HtlcId[]
  readonly active: readonly StoredCommitment[]
  readonly inactive: readonly StoredCommitment[]
  readonly remoteNextPoint: RemoteNextPoint
  readonly remoteReady: boolean
  readonly remoteSecrets: ShachainStore
  readonly fundingTx?: Tx
  readonly localShutdown?: Uint8Array
  readonly remoteShutdown?: Uint8Array
  readonly closingFeeratePerKw?: FeeratePerKw
  readonly closing?: ClosingProgress
  readonly inDoubt?: true
  readonly quarantine?: Quarantine
  readonly recovered?: true
  readonly closingMinFeeratePerKw?: FeeratePerKw
  readonly closingScript?: Uint8Array
  readonly closes?: readonly SignedClose[]
  readonly closesTaken?: NonNullable<Funded['closesTaken']>
  readonly fundingCoins?: FundingCoins
  readonly coinsGoneSince?: BlockHeight
  readonly announcement?: AnnouncementHalves
  readonly inbound?: InboundDiscounts
}

/** What the first version did not have: each has a record in a row of its own (`fundedV1`). Its absence means what it meant then. */
export type LaterOfFunded =
  | 'inDoubt'
  | 'quarantine'
  | 'closesTaken'
  | 'recovered'
  | 'fundingCoins'
  | 'coinsGoneSince'
  | 'closingMinFeeratePerKw'
  | 'closingScript'
  | 'closes'
  | 'announcement'
  | 'inbound'

export interface StoredChanges {
  readonly localSigned: readonly StoredChange[]
  readonly localAcked: readonly StoredChange[]
  readonly remoteAcked: readonly StoredChange[]
  readonly remoteSigned: readonly StoredChange[]
  readonly nextLocalHtlcId: HtlcId
  readonly nextRemoteHtlcId: HtlcId
}

/** A change, or several of one kind whose ids follow one another. */
export type StoredChange =
  | { readonly type: 'add'; readonly from: HtlcId; readonly count: bigint }
  | { readonly type: 'fulfil'; readonly from: HtlcId; readonly count: bigint }
  | { readonly type: 'fail'; readonly from: HtlcId; readonly count: bigint }
  | { readonly type: 'fee'; readonly feeratePerKw: FeeratePerKw }

/** The part of a commitment that stays the same. */
export interface StoredTerms {
  readonly fundingIndex: number
  readonly format: CommitmentFormatName
  readonly fundingOutpoint: OutPoint
  readonly fundingAmount: Sat
  readonly localFundingKey: PublicKey
  readonly remoteFundingKey: PublicKey
  readonly localLimits: Limits
  readonly remoteLimits: Limits
}

export interface StoredCommitment {
  readonly terms: StoredTerms
  readonly fundingStatus: FundingStatus
  readonly local: {
    readonly index: number
    readonly spec: StoredSpec
    readonly txid: TxId
    readonly remoteSignature: FundingSignature
    readonly htlcSignatures: readonly Signature[]
  }
  readonly remote: StoredRemote
  readonly remoteNext?: StoredRemote
}

export interface StoredRemote {
  readonly index: number
  readonly spec: StoredSpec
  readonly txid: TxId
  readonly point: PublicKey
}

/** HTLCs by id, seen from the owner. */
export interface StoredSpec {
  readonly feeratePerKw: FeeratePerKw
  readonly toLocalMsat: Msat
  readonly toRemoteMsat: Msat
  readonly offered: readonly HtlcId[]
  readonly received: readonly HtlcId[]
}
