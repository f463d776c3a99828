import { type Channel, type ChannelEnv, fundingDeadSince, isFunded, latest } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { PeerEvents } from '../events/peer-events.ts'
import { blindView, lastingWaits, summarize } from './channel-waits.ts'

/** A channel before a step or after it. */
interface Shown {
  readonly durable: Channel
  readonly quarantined: boolean
}

/**
 * Tells the event log when a step has changed what a channel waits for, other than its peer's presence and the deadlines of payments, which
 * come and go. A peer can cause some of these changes at no cost, so they are rationed with whatever else it causes.
 */
export const tellWaits = (
  peerEvents: Pick<PeerEvents, 'report'>,
  before: Shown,
  after: Shown,
  envOf: () => ChannelEnv,
): void => {
  const { durable } = after
  if (!isFunded(durable) || !mayDiffer(before, after)) return
  const env = envOf()
  const [was, now] = [before, after].map((shown) => kindsOf(shown, env))
  if (now === undefined || JSON.stringify(was?.counts) === JSON.stringify(now.counts)) return
  const { remoteNodeId, channelId } = durable.params
  const payload = { channelId: toHex(channelId), peer: toHex(remoteNodeId), waitsFor: now.summaries }
  peerEvents.report(remoteNodeId, 'channel.waits-changed', payload, `waits ${payload.channelId}`)
}

/** A channel in use does not look at what it waits for at each payment. */
const mayDiffer = ({ durable: before, quarantined }: Shown, { durable: after, quarantined: isNow }: Shown): boolean => {
  if (quarantined !== isNow || !isFunded(before) || !isFunded(after)) return true
  return (
    before.phase !== 'normal' ||
    after.phase !== 'normal' ||
    before.localShutdown !== after.localShutdown ||
    before.remoteShutdown !== after.remoteShutdown ||
    before.inDoubt !== after.inDoubt ||
    latest(before).fundingStatus !== latest(after).fundingStatus ||
    fundingDeadSince(before) !== fundingDeadSince(after)
  )
}

const kindsOf = ({ durable, quarantined }: Shown, env: ChannelEnv) => {
  if (!isFunded(durable)) return undefined
  const summaries = summarize(lastingWaits(durable, quarantined, blindView(env)))
  // Amounts and heights move: only what is waited for counts, and how often.
  return { summaries, counts: summaries.map(({ kind, count, action }) => [kind, count, action]) }
}
