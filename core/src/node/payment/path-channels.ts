import { balanceView, isFunded, outsideNameOf } from '../../channel/index.ts'
import type { PathChannel } from '../../payment/receive/payment-paths.ts'
import { hasFeature } from '../../wire/features.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { isUsable } from '../channel/channel-standing.ts'

/** Our channels as blinded paths to us may use them: under the peer's name for them, at the peer's fees, as they are now. */
export function* pathChannels(directory: ChannelDirectory): Generator<PathChannel> {
  for (const entry of directory.all()) {
    const { durable, session } = entry.state
    if (!isFunded(durable) || session === undefined || !isUsable(entry)) continue
    const shortChannelId = outsideNameOf(durable)
    // BOLT 4, `payment_relay`: the path says what the peer asks for, so a channel whose fees we have not received cannot be in one.
    if (shortChannelId === undefined || durable.remoteRelay === undefined) continue
    yield {
      remoteNodeId: entry.remoteNodeId,
      shortChannelId,
      policy: durable.remoteRelay,
      receivableMsat: balanceView(durable).receivableMsat,
      relaysBlinded: hasFeature(session.remoteFeatures, 'option_route_blinding'),
    }
  }
}
