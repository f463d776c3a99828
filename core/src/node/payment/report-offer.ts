import { toHex } from '../../lib/bytes.ts'
import type { ChannelId, NodeId } from '../../lib/ids.ts'
import type { EventLog } from '../events/event-log.ts'
import type { NodeLog } from '../node-log.ts'

/** What the operator must know of an HTLC of ours. */
interface OfferReport {
  /** The channel that is to blame, or that is kept waiting. */
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly code: 'htlc-outcome-unknown' | 'htlc-paid-too-late'
  readonly text: string
}

/** Money may be lost, or found by looking into it. */
export const reportOffer = (
  { events, log }: { readonly events: EventLog; readonly log: Pick<NodeLog, 'error'> },
  { channelId, peer, code, text }: OfferReport,
): void => {
  const channel = { channelId: toHex(channelId), peer: toHex(peer) }
  log.error(`payment.${code}`, { channel: channel.channelId, reason: text })
  events.append('channel.errored', { ...channel, source: 'local', code, text })
}
