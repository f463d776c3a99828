import type { ChannelId, HtlcId, NodeId, OutPoint, PaymentHash, TxId } from '../../lib/ids.ts'
import type { BlockHeight, Msat, Sat } from '../../lib/units.ts'
import type { UpdateAddHtlc } from '../../wire/messages/channel-operation.ts'
import type { CloseCause, ClosedSummary } from './closing.ts'
import type { ChannelError } from './errors.ts'
import type { HtlcOrigin } from './htlc.ts'
import type { RelayPolicy, RemoteRelayPolicy, ShortIds } from './params.ts'

/** What happened, for the rest of the node; each with what its public event needs. */
export type ChannelEvent = ChannelEventBody & {
  /** Before the funding is known: the temporary id. */
  readonly channelId: ChannelId
  readonly remoteNodeId: NodeId
}

export interface ChannelBalances {
  readonly localMsat: Msat
  readonly remoteMsat: Msat
  /** In HTLCs that we offered, and that we received. */
  readonly offeredMsat: Msat
  readonly receivedMsat: Msat
}

export type ChannelEventBody =
  /** Both first commitments are signed: the channel exists. */
  | {
      readonly type: 'funding-created'
      readonly fundingIndex: number
      readonly outpoint: OutPoint
      readonly capacity: Sat
      readonly localIsOpener: boolean
      readonly announce: boolean
      readonly balances: ChannelBalances
    }
  | {
      readonly type: 'funding-confirmed'
      readonly fundingIndex: number
      readonly outpoint: OutPoint
      readonly blockHeight: BlockHeight
      readonly shortIds: ShortIds
    }
  /** Both have sent `channel_ready`. */
  | {
      readonly type: 'ready'
      readonly fundingIndex: number
      readonly shortIds: ShortIds
      readonly capacity: Sat
      readonly balances: ChannelBalances
    }
  /** Connected and reestablished, or not; what may be offered now. */
  | { readonly type: 'usable'; readonly usable: boolean }
  | { readonly type: 'balance-changed'; readonly balances: ChannelBalances }
  | { readonly type: 'htlc-offered'; readonly htlc: UpdateAddHtlc; readonly origin: HtlcOrigin }
  | { readonly type: 'htlc-received'; readonly htlc: UpdateAddHtlc }
  /** Irrevocably gone from both commitments. */
  | {
      readonly type: 'htlc-removed'
      readonly direction: 'offered' | 'received'
      readonly htlcId: HtlcId
      readonly paymentHash: PaymentHash
      readonly amountMsat: Msat
      readonly outcome: 'fulfilled' | 'failed'
    }
  | { readonly type: 'relay-fees-changed'; readonly policy: RelayPolicy; readonly previous: RelayPolicy }
  | { readonly type: 'remote-relay-fees-changed'; readonly policy: RemoteRelayPolicy }
  | { readonly type: 'shutdown'; readonly byUs: boolean }
  | { readonly type: 'closing'; readonly cause: CloseCause; readonly txid?: TxId }
  | { readonly type: 'closed'; readonly summary: ClosedSummary }
  | { readonly type: 'aborted'; readonly error: ChannelError }
  | { readonly type: 'error'; readonly error: ChannelError }
