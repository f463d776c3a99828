import { crc32c } from '../../crypto/crc32c.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { satToMsat } from '../../lib/units.ts'
import type { ChannelUpdate } from '../../wire/messages/gossip.ts'
import { type GossipEnv, type KnownChannel, STALE_AFTER } from './known.ts'
import { checksOfUpdate } from './signature-checks.ts'
import { ignore, type Verdict } from './verdict.ts'

const DIRECTION = 1
const DISABLED = 2
const DONT_FORWARD = 2
/** Clocks differ, but not by more than this: in seconds. */
const MAX_AHEAD = 24 * 3600

/** BOLT 7, channel_flags: 0 is the direction that begins at node_id_1. */
export const directionOf = ({ channelFlags }: Pick<ChannelUpdate, 'channelFlags'>): 0 | 1 =>
  (channelFlags & DIRECTION) === 0 ? 0 : 1

export const isDisabled = ({ channelFlags }: Pick<ChannelUpdate, 'channelFlags'>): boolean =>
  (channelFlags & DISABLED) !== 0

/** BOLT 7, channel_update, the receiving node. Other flags than these have no meaning and change nothing. */
export const judgeChannelUpdate = (
  raw: Uint8Array,
  message: ChannelUpdate,
  { chainHash, now }: GossipEnv,
  channel: KnownChannel | undefined,
): Verdict => {
  // BOLT 7: one of an unknown chain is ignored.
  if (!equalBytes(message.chainHash, chainHash)) return ignore('other-chain')
  // BOLT 7: dont_forward is for an update that is the peer's and ours alone. Its channel takes it; the network's graph does not.
  if ((message.messageFlags & DONT_FORWARD) !== 0) return ignore('not-to-be-forwarded')
  // BOLT 7: one without an announced channel is ignored.
  if (channel === undefined) return ignore('unknown-channel')
  // BOLT 7: of a channel whose funding is spent, only what disables it counts.
  if (channel.spentAt !== undefined && !isDisabled(message)) return ignore('channel-spent')
  const direction = directionOf(message)
  // BOLT 7: one that is not newer than the last is ignored. Who signs two with one timestamp is not punished: it takes two keys to prove
  // that it was one signer, and the first one counts either way.
  if (message.timestamp <= (channel.updates[direction]?.timestamp ?? 0)) return ignore('not-newer')
  // BOLT 7: one unreasonably far in the future may be dropped. It would keep out all true ones until then.
  if (message.timestamp > now + MAX_AHEAD) return ignore('too-far-ahead')
  // BOLT 7: what was not updated for two weeks may be ignored.
  if (message.timestamp < now - STALE_AFTER) return ignore('too-old')
  return { type: 'check', checks: checksOfUpdate(raw, message, channel.nodeIds[direction]) }
}

/**
 * BOLT 7: a channel is left out of routes while an update allows less at most than at least, or more than the channel holds. The update is
 * kept, and passed on.
 */
export const isUpdateUsable = (
  message: Pick<ChannelUpdate, 'htlcMaximumMsat' | 'htlcMinimumMsat'>,
  { capacitySat }: Pick<KnownChannel, 'capacitySat'>,
): boolean => message.htlcMaximumMsat >= message.htlcMinimumMsat && message.htlcMaximumMsat <= satToMsat(capacitySat)

const CHAIN_AND_CHANNEL = 66
const TIMESTAMP = CHAIN_AND_CHANNEL + 32 + 8
const FLAGS = TIMESTAMP + 4

/** BOLT 7, reply_channel_range: the CRC32C of an update without its signature and timestamp. */
export const updateChecksum = (raw: Uint8Array): number =>
  crc32c(raw.subarray(FLAGS), crc32c(raw.subarray(CHAIN_AND_CHANNEL, TIMESTAMP)))
