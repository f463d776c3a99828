import { sha256d } from '../crypto/hashes.ts'
import { encodeGossip } from './gossip-codecs.ts'
import type { ChannelAnnouncement } from './messages/gossip.ts'

const SIGNED_FROM = 2 + 4 * 64

/** BOLT 7, channel_announcement: the bytes that all four signatures cover: what follows them in the message, whatever was added there. */
export const channelAnnouncementDigest = (announcement: ChannelAnnouncement): Uint8Array =>
  sha256d(encodeGossip(announcement).subarray(SIGNED_FROM))
