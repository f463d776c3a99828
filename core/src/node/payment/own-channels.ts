import { isFunded } from '../../channel/state/channel-state.ts'
import type { Funded } from '../../channel/state/durable.ts'
import type { OwnChannel } from '../../payment/send/payment.ts'
import { balanceView } from '../channel/channel-balances.ts'
import type { ChannelDirectory, ChannelEntry } from '../channel/channel-directory.ts'

/** Whether HTLCs may be offered in the channel now. */
export const isUsable = ({ state, quarantined, spentInMempool }: ChannelEntry): boolean =>
  state.durable.phase === 'normal' && state.session?.reestablished === true && !quarantined && !spentInMempool

/** The channels out of which a payment may go, as they are now. */
export const ownChannels = (directory: ChannelDirectory): readonly OwnChannel[] => {
  const channels: OwnChannel[] = []
  for (const entry of directory.all()) {
    const { state } = entry
    if (!isFunded(state.durable) || !isUsable(entry)) continue
    const durable = state.durable as Funded
    const [commitment] = durable.active
    if (commitment === undefined) continue
    const { real, remoteAlias } = durable.shortIds
    const { spendableMsat, affordableMsat } = balanceView(durable, state.session)
    const shortChannelId = real ?? remoteAlias
    channels.push({
      channelId: durable.params.channelId,
      remoteNodeId: entry.remoteNodeId,
      ...(shortChannelId === undefined ? {} : { shortChannelId }),
      usable: true,
      spendableMsat,
      affordableMsat,
      htlcMinimumMsat: commitment.remoteLimits.htlcMinimumMsat,
    })
  }
  return channels
}
