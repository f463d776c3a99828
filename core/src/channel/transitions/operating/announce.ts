import { secp256k1 } from '../../../crypto/secp256k1.ts'
import { compareBytes, EMPTY } from '../../../lib/bytes.ts'
import type { ShortChannelId } from '../../../lib/ids.ts'
import { channelAnnouncementDigest } from '../../../wire/channel-announcement-digest.ts'
import type { AnnouncementSignatures, ChannelAnnouncement } from '../../../wire/messages/gossip.ts'
import { latest } from '../../commitments/commitments.ts'
import { type ChannelState, isFunded, update } from '../../state/channel-state.ts'
import type { AnnouncementHalves, Funded, Normal } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { AnnouncementFound } from '../../state/inputs.ts'
import type { Session } from '../../state/session.ts'
import { dueId, isForAll, unsignedIdOf } from '../common/announcing.ts'
import { react } from '../common/react.ts'
import { sendChannelUpdate } from '../common/relay-policy.ts'
import { andThen, type Online, type Step, stay, to } from '../common/step.ts'

const NOT_SIGNED = new Uint8Array(64)

/**
 * BOLT 7, announcement_signatures: ours go out once the funding is deep enough, and on each connection as long as the peer's have not come, or
 * when they come. What came before we could judge it is looked at again. When both halves are there, the channel is announced: to a network
 * that may have heard of it already.
 */
export const progressAnnouncement = (state: ChannelState, env: ChannelEnv): Step => {
  const { durable, session } = state
  if (durable.phase !== 'normal' || !isForAll(durable) || session?.reestablished !== true) return stay(state)
  const { earlyAnnouncement, ...settled } = session
  if (earlyAnnouncement !== undefined && durable.shortIds.real !== undefined) {
    const heard = recvAnnouncementSignatures({ durable, session: settled }, earlyAnnouncement, env)
    return andThen(heard, (next) => progressAnnouncement(next, env))
  }
  const shortChannelId = dueId(durable, env)
  if (shortChannelId === undefined) return stay(state)
  const { announcement: halves } = durable
  const effects: Effect[] = []
  const isOwed = halves === undefined || session.announcement?.heard === true
  const isSent = session.announcement?.sent === true
  const isTold = session.announcement?.told === true
  if ((!isOwed || isSent) && (halves === undefined || isTold)) return stay(state)
  const unsigned = unsignedAnnouncement(durable, shortChannelId, env)
  if (isOwed && !isSent) effects.push(sendSignatures(durable, session, shortChannelId, unsigned))
  if (halves !== undefined && !isTold) effects.push(announce(durable, halves, unsigned))
  const announcement = { ...session.announcement, sent: isSent || isOwed, told: isTold || halves !== undefined }
  return to(durable, { ...session, announcement }, effects)
}

/** BOLT 7, announcement_signatures. */
export const recvAnnouncementSignatures = (
  { durable, session }: Online,
  message: AnnouncementSignatures,
  env: ChannelEnv,
): Step => {
  const state = { durable, session }
  // It was agreed otherwise in the opening, or one side has said that it wants to close.
  if (!durable.params.announce || durable.localShutdown !== undefined || durable.phase === 'closing') {
    return stay(state, { type: 'ignored', message: message.type, why: 'not-announced' })
  }
  const { real } = durable.shortIds
  // BOLT 7: kept until we have sent channel_ready. Our blocks may be one behind the peer's, too.
  if (durable.phase !== 'normal' || real === undefined) return keepSignatures({ durable, session }, message)
  // BOLT 7: a short_channel_id that is not that of a funding of the channel gets a warning.
  if (message.shortChannelId !== real) {
    return react(state, { code: 'announcement-of-other-funding', shortChannelId: message.shortChannelId }, env)
  }
  const live: Session = { ...session, announcement: { ...session.announcement, heard: true } }
  // One pair is enough, and the first is as good as another.
  if (durable.announcement !== undefined) {
    const isRepeated = session.announcement?.heard === true
    return to(durable, live, isRepeated ? [{ type: 'ignored', message: message.type, why: 'repeated' }] : [])
  }
  const { shortChannelId, nodeSignature, bitcoinSignature } = message
  const halves = { shortChannelId, nodeSignature, bitcoinSignature }
  // BOLT 7: a signature that is not correct may end the connection.
  const of = invalidIn(durable, halves, env)
  if (of !== undefined) return react(state, { code: 'invalid-announcement-signature', of }, env)
  const signed = update(durable, { announcement: halves })
  // A node that keeps no gossip tells nobody else, and the peer was told nothing while it may have been announcing the channel.
  return to(signed, live, sendChannelUpdate(signed, live, env))
}

/** What the peer has signed comes before we can judge it, or say anything. */
export const keepSignatures = ({ durable, session }: Online, message: AnnouncementSignatures): Step =>
  to(
    durable,
    { ...session, earlyAnnouncement: message },
    session.earlyAnnouncement === undefined ? [] : [{ type: 'ignored', message: message.type, why: 'repeated' }],
  )

/**
 * The network has the announcement, so the peer has signed it; but its signatures never came to us, or were lost with our state. LND sends
 * them no more once it has ours: it answers ours with the whole announcement.
 */
export const announcementFound = (state: ChannelState, { announcement }: AnnouncementFound, env: ChannelEnv): Step => {
  const { durable, session } = state
  const { shortChannelId } = announcement
  if (!isFunded(durable) || shortChannelId !== unsignedIdOf(durable)) return stay(state)
  const halves = localIsFirst(durable)
    ? { nodeSignature: announcement.nodeSignature2, bitcoinSignature: announcement.bitcoinSignature2 }
    : { nodeSignature: announcement.nodeSignature1, bitcoinSignature: announcement.bitcoinSignature1 }
  const found = { shortChannelId, ...halves }
  return invalidIn(durable, found, env) === undefined
    ? to(update(durable, { announcement: found }), session, [])
    : stay(state)
}

/** Which of the peer's signatures is not of the announcement as we would sign it. */
const invalidIn = (
  durable: Funded,
  { shortChannelId, nodeSignature, bitcoinSignature }: AnnouncementHalves,
  env: ChannelEnv,
): 'node' | 'funding' | undefined => {
  const digest = channelAnnouncementDigest(unsignedAnnouncement(durable, shortChannelId, env))
  if (!secp256k1.verify(nodeSignature, digest, durable.params.remoteNodeId)) return 'node'
  const { remoteFundingKey } = latest(durable).localParams
  return secp256k1.verify(bitcoinSignature, digest, remoteFundingKey) ? undefined : 'funding'
}

const sendSignatures = (
  { params }: Funded,
  { epoch }: Session,
  shortChannelId: ShortChannelId,
  unsigned: ChannelAnnouncement,
): Effect => ({
  type: 'send',
  epoch,
  message: {
    type: 'announcement_signatures',
    channelId: params.channelId,
    shortChannelId,
    nodeSignature: NOT_SIGNED,
    bitcoinSignature: NOT_SIGNED,
  },
  needs: { type: 'announcement-signatures', digest: channelAnnouncementDigest(unsigned) },
})

const announce = (durable: Normal, halves: AnnouncementHalves, unsigned: ChannelAnnouncement): Effect => ({
  type: 'announce',
  announcement: localIsFirst(durable)
    ? { ...unsigned, nodeSignature2: halves.nodeSignature, bitcoinSignature2: halves.bitcoinSignature }
    : { ...unsigned, nodeSignature1: halves.nodeSignature, bitcoinSignature1: halves.bitcoinSignature },
  localIsFirst: localIsFirst(durable),
  needs: { type: 'announcement-signatures', digest: channelAnnouncementDigest(unsigned) },
})

/** BOLT 7, channel_announcement: in the order of the nodes' ids. No feature of a channel has to be known to route through it. */
const unsignedAnnouncement = (
  durable: Funded,
  shortChannelId: ShortChannelId,
  { settings }: ChannelEnv,
): ChannelAnnouncement => {
  const { localNodeId, remoteNodeId } = durable.params
  const { localFundingKey, remoteFundingKey } = latest(durable).localParams
  const first = localIsFirst(durable)
  return {
    type: 'channel_announcement',
    nodeSignature1: NOT_SIGNED,
    nodeSignature2: NOT_SIGNED,
    bitcoinSignature1: NOT_SIGNED,
    bitcoinSignature2: NOT_SIGNED,
    features: EMPTY,
    chainHash: settings.chainHash,
    shortChannelId,
    nodeId1: first ? localNodeId : remoteNodeId,
    nodeId2: first ? remoteNodeId : localNodeId,
    bitcoinKey1: first ? localFundingKey : remoteFundingKey,
    bitcoinKey2: first ? remoteFundingKey : localFundingKey,
  }
}

const localIsFirst = ({ params }: Funded): boolean => compareBytes(params.localNodeId, params.remoteNodeId) < 0
