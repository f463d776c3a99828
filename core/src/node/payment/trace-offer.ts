import { isFunded, type SpecHtlc } from '../../channel/index.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { ChannelId, HtlcId } from '../../lib/ids.ts'
import type { Offer, OfferTrace } from '../../payment/offer.ts'
import type { Store } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { pastOffered } from '../channel/past-htlcs.ts'

/** No HTLC that we offer in the channel from now on has an id below it. */
export const nextHtlcId = (channels: ChannelDirectory, channelId: ChannelId): HtlcId => {
  const durable = channels.get(channelId)?.state.durable
  return durable !== undefined && isFunded(durable) ? durable.changes.nextLocalHtlcId : 0n
}

/**
 * Whether an offer was made of which no channel and no outcome tells any more: by what its channel has given ids to since then. If a row is
 * missing or cannot be read, or the channel is gone, there is no telling.
 */
export const traceOffer = async (store: Store, channels: ChannelDirectory, offer: Offer): Promise<OfferTrace> => {
  const { channelId, firstHtlcId: first = 0n } = offer
  const durable = channels.get(channelId)?.state.durable
  if (durable === undefined || !isFunded(durable)) return 'lost'
  const { nextLocalHtlcId: next } = durable.changes
  if (first >= next) return 'never'
  // Those that live are of other offers.
  let missing = next - first - BigInt(durable.htlcs.offered.filter(({ add }) => add.id >= first).length)
  for await (const past of pastOffered(store, channelId, first, next)) {
    if (past === undefined) return 'lost'
    if (isOf(past, offer)) return 'made'
    missing--
  }
  return missing === 0n ? 'never' : 'lost'
}

const isOf = ({ paymentHash, amountMsat, cltvExpiry }: SpecHtlc, offer: Offer): boolean =>
  amountMsat === offer.amountMsat && cltvExpiry === offer.cltvExpiry && equalBytes(paymentHash, offer.paymentHash)
