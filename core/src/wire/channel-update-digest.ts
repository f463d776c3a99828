import { sha256d } from '../crypto/hashes.ts'
import { encodeMessage } from './message-codecs.ts'
import type { ChannelUpdate } from './messages/gossip.ts'

const SIGNED_FROM = 2 + 64
const NO_SIGNATURE = new Uint8Array(64)

/**
 * BOLT 7: the bytes that the signature of a `channel_update` covers: everything that follows it in the message, unknown records included.
 */
export const channelUpdateDigest = (update: Omit<ChannelUpdate, 'signature'>): Uint8Array =>
  sha256d(encodeMessage({ ...update, signature: NO_SIGNATURE }).subarray(SIGNED_FROM))
