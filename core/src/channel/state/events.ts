import type { ChannelId, NodeId, OutPoint, TxId } from '../../lib/ids.ts'
import type { BlockHeight, Msat, Sat } from '../../lib/units.ts'
import type { CloseCause, ClosedAccount, ClosedSummary } from './closing.ts'
import type { ChannelError } from './errors.ts'
import type { InboundDiscount, RelayPolicy, ShortIds } from './params.ts'

/** What happened, for the rest of the node; each event has what its public event needs. */
export type ChannelEvent = ChannelEventBody & {
  /** Before the funding is known: the temporary id. */
  readonly channelId: ChannelId
  readonly remoteNodeId: NodeId
}

export interface ChannelBalances {
  readonly localMsat: Msat
  readonly remoteMsat: Msat
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
      readonly capacity: Sat
      readonly blockHeight: BlockHeight
      readonly shortIds: ShortIds
    }
  /** Both have sent `channel_ready`. */
  | {
      readonly type: 'ready'
      readonly fundingIndex: number
      readonly shortIds: ShortIds
      readonly capacity: Sat
    }
  /** Connected and reestablished, or not; and what may be offered now. */
  | { readonly type: 'usable'; readonly usable: boolean }
  | { readonly type: 'balance-changed' }
  | { readonly type: 'relay-fees-changed'; readonly policy: RelayPolicy; readonly previous: RelayPolicy }
  | {
      readonly type: 'inbound-discount-changed'
      readonly discount: InboundDiscount
      readonly previous: InboundDiscount
    }
  | { readonly type: 'shutdown'; readonly byUs: boolean }
  /** `isRepeated`: the peer replaces a close by another, as often as it likes. */
  | { readonly type: 'closing'; readonly cause: CloseCause; readonly txid?: TxId; readonly isRepeated?: boolean }
  /** `account`: of a channel that had a funding. */
  | { readonly type: 'closed'; readonly summary: ClosedSummary; readonly account?: ClosedAccount }
  | { readonly type: 'aborted'; readonly error: ChannelError }
  | { readonly type: 'error'; readonly error: ChannelError }
