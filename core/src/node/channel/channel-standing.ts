import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { type ChannelState, isFunded, isFundingUndone } from '../../channel/index.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { Pause } from './channel-rest.ts'

/** The contract's terms for what a channel can be used for. */
export type ChannelStanding = ReplyOf<'channels', 'get'>['channel']['state']

/** How a channel stands. */
export interface ChannelCondition {
  /** The newest state, which may be ahead of the disk: for decisions inside the node, never for the outside world. */
  readonly state: ChannelState
  /** The state on the disk, and so the one that may be told. */
  readonly durableState: ChannelState
  /** The actor threw: the channel takes no more part in the protocol, but its money is still watched. */
  readonly quarantined: boolean
  /** A transaction that spends the funding waits for a block: the chain is about to decide. */
  readonly spentInMempool: boolean
  /** Until when it holds back what ended the connection. */
  readonly rest?: { readonly from: Pause['rest']['from']; readonly until: TimestampMs } | undefined
  /** Until when the peer's next answer was waited for last: it may have come since. */
  readonly answerBy?: TimestampMs
}

/** Whether HTLCs may be offered in the channel now. */
export const isUsable = ({ state, quarantined, spentInMempool }: ChannelCondition): boolean =>
  state.durable.phase === 'normal' &&
  state.session?.reestablished === true &&
  !isFundingUndone(state.durable) &&
  !quarantined &&
  !spentInMempool

/** Whether its close is done for practical purposes, and it is only kept because the chain may still undo it. */
export const isDone = ({ durableState: { durable } }: Pick<ChannelCondition, 'durableState'>): boolean =>
  durable.phase === 'closing' && durable.closing.done !== undefined

/** By what is durable, and so what may be told; `undefined` while the channel has no funding, and once its close is done. */
export const standingOf = (entry: ChannelCondition): ChannelStanding | undefined => {
  const { durable } = entry.durableState
  if (!isFunded(durable)) return undefined
  switch (durable.phase) {
    case 'wait-for-funding-confirmed':
    case 'wait-for-channel-ready':
      return 'opening'
    case 'shutdown':
    case 'negotiating':
      return 'closing'
    case 'closing':
      // The operator finds it among the closed ones.
      return isDone(entry) ? undefined : 'closing'
    case 'normal':
      if (entry.quarantined) return 'quarantined'
      // Asked to close, by either side: operations under way are finished, and nothing new is accepted.
      if (entry.spentInMempool || durable.localShutdown !== undefined || durable.remoteShutdown !== undefined) {
        return 'closing'
      }
      return isUsable(entry) ? 'usable' : 'offline'
  }
}
