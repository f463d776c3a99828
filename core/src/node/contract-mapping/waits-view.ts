import { type ChannelEnv, idsOf } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import { once } from '../../lib/once.ts'
import type { ChannelEntry } from '../channel/channel-directory.ts'
import type { WaitsView } from '../channel/channel-waits.ts'
import type { MappingContext } from './context.ts'

/** What is known of the world around a channel, for those who ask about it. */
type WaitsViews = (entry: ChannelEntry) => WaitsView

export const waitsViews =
  ({ options, settings, feerates, height, signer, watcher, publisher }: MappingContext): WaitsViews =>
  ({ durableState: { durable } }) => {
    const { channelId, keyIndex } = idsOf(durable)
    const keys = once(() => signer.channel(keyIndex ?? 0))
    const now = options.clock.now()
    const env: ChannelEnv = {
      now,
      height: height(),
      feerates: feerates(),
      settings,
      commitmentPoint: (index) => keys().commitmentPoint(index),
    }
    return {
      now,
      env,
      foundAt: watcher.foundAt,
      claims: publisher.claimsOf(channelId),
      published: publisher.transactionsOf(channelId),
      onFault: (error) =>
        options.log.error('channel.waits-unknown', { channel: toHex(channelId), error: String(error) }),
    }
  }
