import type { ChannelId, NodeId } from '../../lib/ids.ts'
import type { Durable, Funded, FundedCommon, Opening } from './durable.ts'
import type { Session } from './session.ts'

/**
 * A channel. Only `durable` is ever stored: a step that returns the same `durable` object has nothing to write.
 * Without a `session` the peer is not connected.
 */
export interface ChannelState {
  readonly durable: Durable
  readonly session?: Session
}

/**
 * A channel that does not exist yet. As funder, `temporaryChannelId` is 32 random bytes, and the first input is `open`. As fundee, it is
 * the peer's, and the first input is the peer's `open_channel`. The peer is connected: see `newSession`.
 */
export const newChannel = (
  localNodeId: NodeId,
  remoteNodeId: NodeId,
  temporaryChannelId: ChannelId,
  session: Session,
): ChannelState => ({ durable: { phase: 'idle', channelId: temporaryChannelId, localNodeId, remoteNodeId }, session })

/** Whether the channel has commitments that must never be forgotten: from then on it is written to the store. */
export const isStored = (durable: Durable): boolean => !isOpening(durable)

/** Whether the opening may still fail without a trace: no commitment has to be kept. */
export const isOpening = (durable: Durable): durable is Opening => {
  switch (durable.phase) {
    case 'aborted':
    case 'idle':
    case 'wait-for-open-answer':
    case 'wait-for-funding':
    case 'wait-for-funding-signed':
    case 'wait-for-decision':
    case 'wait-for-funding-created':
      return true
    default:
      return false
  }
}

/** The same channel with other values in some of the fields that all phases with commitments have. */
export const update = <D extends FundedCommon>(durable: D, patch: Partial<FundedCommon>): D => ({
  ...durable,
  ...patch,
})

export const isFunded = (durable: Durable): durable is Funded => !isOpening(durable) && durable.phase !== 'closed'
