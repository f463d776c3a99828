import type { ChannelId, NodeId } from '../../lib/ids.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { Closed, Durable, Funded, FundedCommon } from './durable.ts'
import type { Ids } from './ids.ts'
import type { Opening } from './opening.ts'
import type { Session } from './session.ts'

/** A channel in one of its three ages; `phase` tells them apart. */
export type Channel = Opening | Funded | Closed

export type Phase = Channel['phase']

/**
 * A channel and its connection. A step that returns the same `durable` object has nothing to write, and an opening is never written
 * (`isStored`). Without a `session` the peer is not connected.
 */
export interface ChannelState {
  readonly durable: Channel
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
): ChannelState => ({
  durable: { phase: 'idle', ids: { channelId: temporaryChannelId, localNodeId, remoteNodeId } },
  session,
})

/** What names a channel, whatever age it is in. */
export const idsOf = (channel: Channel): Ids => {
  if (isOpening(channel)) return channel.ids
  return channel.phase === 'closed' ? channel : channel.params
}

/** Whether the channel has commitments that must never be forgotten: from then on it is written to the store. */
export const isStored = (channel: Channel): channel is Durable => !isOpening(channel)

/** Whether the opening may still fail without a trace: no commitment has to be kept. */
export const isOpening = (channel: Channel): channel is Opening => {
  switch (channel.phase) {
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

/** The state was put back from where it may have become old in: see `FundedCommon.inDoubt`. */
export const putInDoubt = (durable: Funded): Funded =>
  // Once a channel closes, neither side signs another commitment: what is known is the latest.
  durable.phase === 'closing' ? durable : update(durable, { inDoubt: true })

export const outOfDoubt = <D extends Funded>(durable: D): D => {
  if (durable.inDoubt === undefined) return durable
  const { inDoubt: _, ...certain } = durable
  return certain as D
}

/** A channel that threw, as it is kept apart from its peer; and as it is let back. */
export const quarantined = (durable: Funded, since: TimestampMs): Funded => {
  const { quarantine } = durable
  return update(durable, { quarantine: { since: quarantine?.since ?? since, throws: (quarantine?.throws ?? 0) + 1 } })
}

export const released = <D extends Funded>(durable: D): D => {
  const { quarantine: _, ...free } = durable
  return free as D
}

export const isFunded = (channel: Channel): channel is Funded => !isOpening(channel) && channel.phase !== 'closed'
