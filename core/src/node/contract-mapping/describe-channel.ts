import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { displayTxid } from '../../bitcoin/transaction.ts'
import {
  balanceView,
  type Funded,
  fundings,
  isFunded,
  type RelayPolicy,
  unclaimableMsat,
  unconfirmedMsat,
} from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import { formatShortChannelId } from '../../lib/ids.ts'
import type { ChannelEntry } from '../channel/channel-directory.ts'
import { type ChannelStanding, isDone, standingOf } from '../channel/channel-standing.ts'
import { type ChannelWait, summarize, type WaitsView, waitsOf } from '../channel/channel-waits.ts'
import { CAUSES_OF_REST, channelTypeName, hasFunding, kindOfSpend, remedyOf } from '../channel/report-channel-event.ts'
import type { PublishedTx } from '../publishing/publication-row.ts'
import { publishedFacts } from '../publishing/published-facts.ts'

type ChannelSummary = ReplyOf<'channels', 'list'>['items'][number]
type ChannelDetails = ReplyOf<'channels', 'get'>['channel']

/** A channel whose state makes that throw is still shown, in a list with all others: it is what the operator looks for. */
const shownWaits = (entry: ChannelEntry, view: WaitsView): readonly ChannelWait[] => {
  try {
    return waitsOf(entry, view)
  } catch (error) {
    view.onFault(error)
    return []
  }
}

/** A channel with all that it waits for; of one that is closed too, for as long as its end can be undone. */
export const detailChannel = (entry: ChannelEntry, view: WaitsView): ChannelDetails | undefined => {
  const summary = describeAs(entry, isDone(entry) ? 'closed' : standingOf(entry), view)
  return summary === undefined ? undefined : { ...summary, waits: shownWaits(entry, view) }
}

/** A channel as the contract shows it in a list, from what is durable; `undefined` while it has no funding. */
export const describeChannel = (entry: ChannelEntry, view: WaitsView): ChannelSummary | undefined =>
  describeAs(entry, standingOf(entry), view)

const describeAs = (
  entry: ChannelEntry,
  standing: ChannelStanding | undefined,
  view: WaitsView,
): ChannelSummary | undefined => {
  const { durable } = entry.durableState
  if (!isFunded(durable) || standing === undefined) return undefined
  const { params, shortIds, relay, remoteRelay, inbound } = durable
  const balance = balanceView(durable)
  const unclaimable = unclaimableMsat(durable)
  const unconfirmed = unconfirmedMsat(durable)
  // The channel carries nothing more until the chain has decided, or its actor is trusted again.
  const isStill = entry.spentInMempool || entry.quarantined
  return {
    channelId: toHex(params.channelId),
    peer: toHex(params.remoteNodeId),
    state: standing,
    initiator: params.localIsOpener ? 'local' : 'remote',
    channelType: channelTypeName(params.channelType),
    announced: params.announce,
    fundings: fundings(durable).map(({ fundingIndex, outpoint, amount, status }) => ({
      fundingIndex,
      txid: displayTxid(outpoint.txid),
      outputIndex: outpoint.index,
      amountSat: amount,
      status: isSpent(durable) ? 'spent' : status.type === 'reorganised' ? 'unconfirmed' : status.type,
      ...(status.type === 'confirmed' ? { blockHeight: status.blockHeight } : {}),
    })),
    ...(shortIds.real === undefined ? {} : { shortChannelId: formatShortChannelId(shortIds.real) }),
    aliases: shortIds.localAliases.map(formatShortChannelId),
    ...(shortIds.remoteAlias === undefined ? {} : { remoteAlias: formatShortChannelId(shortIds.remoteAlias) }),
    capacitySat: balance.capacity,
    localMsat: balance.localMsat,
    remoteMsat: balance.remoteMsat,
    spendableMsat: isStill ? 0n : balance.spendableMsat,
    receivableMsat: isStill ? 0n : balance.receivableMsat,
    htlcsInFlight: balance.htlcsInFlight,
    ...(unclaimable === 0n ? {} : { unclaimableMsat: unclaimable }),
    ...(unconfirmed === 0n ? {} : { unconfirmedMsat: unconfirmed }),
    ...(entry.rest === undefined ? {} : { rest: describeRest(entry.rest) }),
    ...(durable.inDoubt ? { inDoubt: true } : {}),
    localPolicy: describePolicy(relay.current),
    ...(inbound === undefined ? {} : { inboundDiscount: inbound.current }),
    ...(remoteRelay === undefined
      ? {}
      : { remotePolicy: { ...describePolicy(remoteRelay), disabled: remoteRelay.disabled } }),
    ...(durable.phase === 'closing'
      ? {
          closeKind: hasFunding(durable)
            ? kindOfSpend(spendOf(durable)?.kind ?? kindOfIntent(durable))
            : 'never-funded',
        }
      : {}),
    ...(view.published.length === 0 ? {} : { transactions: view.published.map(describePublished) }),
    waitsFor: summarize(shownWaits(entry, view)),
  }
}

const describePublished = (published: PublishedTx) => ({
  ...publishedFacts(published),
  replaced: published.replaced,
  status: published.status,
})

const describeRest = ({ from, until }: NonNullable<ChannelEntry['rest']>) => {
  const cause = CAUSES_OF_REST[from]
  return { cause, remedy: remedyOf(cause) ?? '', until: until }
}

export const describePolicy = (policy: RelayPolicy) => ({
  feeBaseMsat: policy.feeBaseMsat,
  feeProportionalMillionths: policy.feeProportionalMillionths,
  cltvExpiryDelta: policy.cltvExpiryDelta,
  htlcMinimumMsat: policy.htlcMinimumMsat,
  htlcMaximumMsat: policy.htlcMaximumMsat,
})

/** Whether a transaction that spends the funding is known: ours is, as soon as it is published. */
const isSpent = (durable: Funded): boolean => {
  if (durable.phase !== 'closing') return false
  const { spends, mutual, publishLocal } = durable.closing
  return spends.length > 0 || mutual !== undefined || (publishLocal && hasFunding(durable))
}

/** The one in a block, or the first that was in one. */
const spendOf = ({ closing: { spends } }: Extract<Funded, { phase: 'closing' }>) =>
  spends.find(({ confirmedAt }) => confirmedAt !== undefined) ?? spends[0]

const kindOfIntent = ({ closing }: Extract<Funded, { phase: 'closing' }>) =>
  closing.mutual === undefined ? 'local' : 'mutual'
