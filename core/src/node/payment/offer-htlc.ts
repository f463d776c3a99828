import type { AskFailure } from '../../actor/types.ts'
import type { ChannelId, HtlcId } from '../../lib/ids.ts'
import { err, type Result } from '../../lib/result.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import type { ChannelProtocol } from '../channel/channel-protocol.ts'

/**
 * How long to wait for a channel that was told of an HTLC: practically for ever. It answers late if it is reloaded meanwhile, and an answer
 * that nobody waits for would leave the HTLC without an outcome.
 */
export const CHANNEL_ANSWER_MS = 7 * 24 * 3_600_000

/**
 * Offers an HTLC over one of our channels. It resolves with nothing if it is not known whether the HTLC was offered: its outcome then comes
 * by itself, or it is resumed after a restart.
 */
export const offerHtlc = async (
  channels: ChannelDirectory,
  channelId: ChannelId,
  add: ChannelProtocol['addHtlc']['request'],
): Promise<Result<{ readonly htlcId: HtlcId }, { readonly code: string }> | undefined> => {
  const channel = channels.get(channelId)
  if (channel === undefined) return err({ code: 'channel-not-usable' })
  const answer = await channel.ref.ask('addHtlc', add, { timeoutMs: CHANNEL_ANSWER_MS })
  if (answer.ok) return answer.value
  return isNeverSigned(answer.error) ? err(answer.error) : undefined
}

/**
 * Whether the failure means that the HTLC is in no commitment, and never will be: the channel refused it, or threw when it took it and has
 * forgotten it.
 */
const isNeverSigned = ({ code }: AskFailure): boolean =>
  code === 'mailbox-full' || code === 'actor-stopped' || code === 'handler-failed'
