import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { displayTxid, formatOutPoint, txidOf } from '../../bitcoin/transaction.ts'
import {
  type ChannelEnv,
  type Closing,
  canPublishLocal,
  closeOutlook,
  confirmedSpend,
  type Funded,
  fundingDeadSince,
  fundingDepth,
  hasStake,
  htlcDeadlines,
  IRREVOCABLE_DEPTH,
  isFunded,
  isFundingConfirmed,
  isSearchedThrough,
  latest,
  mutualCloses,
  publishesLocal,
  type SpecHtlc,
  searchEnd,
  searchOf,
  unclaimableMsat,
} from '../../channel/index.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import type { TxId } from '../../lib/ids.ts'
import type { BlockHeight, TimestampMs } from '../../lib/units.ts'
import type { ClaimProgress } from '../publishing/orders.ts'
import type { PublishedTx } from '../publishing/publication-row.ts'
import type { ChannelCondition } from './channel-standing.ts'

/** One thing that a channel waits for, in the contract's terms. */
export type ChannelWait = ReplyOf<'channels', 'get'>['channel']['waits'][number]
export type WaitSummary = ReplyOf<'channels', 'list'>['items'][number]['waitsFor'][number]

/** What is known of the world around a channel. */
export interface WaitsView {
  readonly now: TimestampMs
  /** As the channel's own steps have it. */
  readonly env: ChannelEnv
  /** The block in which a transaction that is watched was found. */
  readonly foundAt: (txid: TxId) => BlockHeight | undefined
  /** What the publisher has of the channel. */
  readonly claims: readonly ClaimProgress[]
  readonly published: readonly PublishedTx[]
  /** Is told what a channel's state made throw. */
  readonly onFault: (error: unknown) => void
}

/** A world in which nothing is known but what the channel itself knows. */
export const blindView = (env: ChannelEnv): WaitsView => ({
  now: env.now,
  env,
  foundAt: () => undefined,
  claims: [],
  published: [],
  onFault(error) {
    throw error
  },
})

/**
 * What a channel waits for, until when, and what the node does then. It follows from the channel's snapshot, the publisher's record and the
 * height, and from nothing else; what depends on the connection is left out where there is no session.
 */
export const waitsOf = (condition: ChannelCondition, view: WaitsView): readonly ChannelWait[] => {
  const { durable } = condition.durableState
  if (!isFunded(durable)) return []
  const { quarantined } = condition
  if (durable.phase !== 'closing')
    return [...lastingWaits(durable, quarantined, view), ...passing(condition, durable, view)]
  return [...lastingWaits(durable, quarantined, view), ...closingWaits(condition, durable, view)]
}

/** The kinds among them that last from one connection to the next, and over payments: a change of these is told. */
export const lastingWaits = (durable: Funded, isQuarantined: boolean, view: WaitsView): readonly ChannelWait[] => [
  ...(isQuarantined
    ? [{ kind: 'release', since: durable.quarantine?.since ?? view.now, action: 'nothing' } as const]
    : []),
  ...(durable.phase === 'closing' ? chainWaits(durable, view) : lasting(durable, view)),
]

/** In short: of each kind how many, and the first block in which the node does something. */
export const summarize = (waits: readonly ChannelWait[]): readonly WaitSummary[] => {
  const byKind = new Map<ChannelWait['kind'], WaitSummary>()
  for (const wait of waits) {
    const known = byKind.get(wait.kind)
    const until = 'until' in wait ? wait.until : undefined
    const isSooner = known?.until === undefined || (until !== undefined && until < known.until)
    const first = until !== undefined && isSooner ? { until, action: wait.action } : known
    byKind.set(wait.kind, {
      kind: wait.kind,
      count: (known?.count ?? 0) + 1,
      action: first?.action ?? wait.action,
      ...(first?.until === undefined ? {} : { until: first.until }),
    })
  }
  return [...byKind.values()]
}

const lasting = (durable: Exclude<Funded, Closing>, view: WaitsView): ChannelWait[] => {
  const waits: ChannelWait[] = []
  const { localShutdown, remoteShutdown } = durable
  if (durable.inDoubt) waits.push({ kind: 'proof-of-state', action: 'use-channel' })
  waits.push(...fundingWaits(durable, view))
  if (durable.phase === 'wait-for-channel-ready') waits.push({ kind: 'channel-ready', action: 'use-channel' })
  if (localShutdown !== undefined && remoteShutdown === undefined)
    waits.push({ kind: 'shutdown', action: 'offer-close' })
  if (localShutdown !== undefined && remoteShutdown !== undefined && durable.phase !== 'negotiating') {
    const { htlcs } = latest(durable).local.spec
    waits.push(
      htlcs.length > 0
        ? { kind: 'htlcs', ...amountOf(htlcs), ...firstDeadline(durable, view) }
        : { kind: 'updates', action: 'offer-close' },
    )
  }
  return waits
}

/** What comes and goes with the connection, and with each payment. */
const passing = (condition: ChannelCondition, durable: Exclude<Funded, Closing>, view: WaitsView): ChannelWait[] => {
  const waits: ChannelWait[] = []
  const isClosed = condition.spentInMempool
  if (isClosed) waits.push({ kind: 'close-confirmation', transactions: [], action: 'claim' })
  else if (!condition.quarantined) waits.push(...connectionWaits(condition, view))
  if (durable.phase === 'negotiating') waits.push(signatureWait(condition, view))
  waits.push(...deadlineWaits(durable, view))
  return waits
}

const connectionWaits = ({ state: { session }, rest, answerBy }: ChannelCondition, view: WaitsView): ChannelWait[] => {
  if (session === undefined) return [{ kind: 'peer', action: 'reconnect' }]
  if (session.rest?.from === 'chain') return [{ kind: 'chain', action: 'use-channel' }]
  if (rest !== undefined) return [{ kind: 'rest', untilTime: rest.until, action: 'use-channel' }]
  if (session.reestablished) return []
  if (session.peerIsBehind) return [{ kind: 'peer-state', action: 'nothing' }]
  return [{ kind: 'reestablishment', ...timeOf(answerBy, view), action: 'nothing' }]
}

const timeOf = (at: TimestampMs | undefined, { now }: WaitsView) =>
  at === undefined || at < now ? {} : { untilTime: at }

/** BOLT 2, channel_ready; and of a channel that is used before its funding confirms, that it does. */
const fundingWaits = (durable: Exclude<Funded, Closing>, view: WaitsView): readonly ChannelWait[] => {
  if (isFundingConfirmed(durable)) return []
  const dead = deadFundingWait(durable, view)
  if (dead !== undefined) return [dead]
  // One that was used unconfirmed fails first.
  const end = latest(durable).local.index > 0 ? 'close-alone' : 'forget'
  return [fundingWait(durable, view, { once: 'use-channel', end, periods: 1 })]
}

/** As things are the funding can be in no block: its channel fails once that is deep, and ends once nothing undoes it. */
const deadFundingWait = (durable: Funded, { env }: WaitsView): ChannelWait | undefined => {
  const since = fundingDeadSince(durable)
  if (since === undefined) return undefined
  const isFailed = durable.phase === 'closing'
  return {
    kind: 'funding',
    txid: displayTxid(latest(durable).localParams.fundingOutpoint.txid),
    confirmations: 0,
    needed: fundingDepth(durable),
    until: since + (isFailed ? IRREVOCABLE_DEPTH : env.settings.claimDepth) - 1,
    action: isFailed || !hasStake(durable) ? 'forget' : 'close-alone',
  }
}

interface FundingEnd {
  /** What the node does once the funding is deep enough. */
  readonly once: ChannelWait['action']
  /** BOLT 2: whoever does not pay for the funding forgets the channel if it does not come; after so many times the usual period. */
  readonly end: ChannelWait['action']
  readonly periods: number
}

const fundingWait = (durable: Funded, { env, foundAt }: WaitsView, { once, end, periods }: FundingEnd): ChannelWait => {
  const { params } = durable
  const { fundingStatus, localParams } = latest(durable)
  const { txid } = localParams.fundingOutpoint
  const foundIn = foundAt(txid)
  const since = fundingStatus.type === 'reorganised' ? fundingStatus.since : params.openedAt
  return {
    kind: 'funding',
    txid: displayTxid(txid),
    confirmations: foundIn === undefined ? 0 : Math.max(0, env.height - foundIn + 1),
    needed: fundingDepth(durable),
    ...(params.localIsOpener || foundIn !== undefined
      ? { action: once }
      : { until: since + periods * env.settings.fundingTimeout, action: end }),
  }
}

const deadlinesIn = (durable: Funded, { env }: WaitsView): readonly (readonly [BlockHeight, readonly SpecHtlc[]])[] => {
  const seen = new Set<string>()
  const byHeight = new Map<BlockHeight, SpecHtlc[]>()
  for (const { at, htlc, direction } of htlcDeadlines(durable, env.settings)) {
    const name = `${direction} ${htlc.id}`
    if (seen.has(name)) continue
    seen.add(name)
    const others = byHeight.get(at)
    if (others === undefined) byHeight.set(at, [htlc])
    else others.push(htlc)
  }
  return [...byHeight].sort(([a], [b]) => a - b)
}

/** So many heights are told, the nearest first. */
const MOST_DEADLINES = 20

const deadlineWaits = (durable: Exclude<Funded, Closing>, view: WaitsView): ChannelWait[] =>
  deadlinesIn(durable, view)
    .slice(0, MOST_DEADLINES)
    .map(([until, htlcs]) => ({
      kind: 'htlc-deadline',
      ...amountOf(htlcs),
      until,
      // What may be old does not act by itself.
      action: durable.inDoubt ? 'nothing' : 'close-alone',
    }))

const firstDeadline = (durable: Exclude<Funded, Closing>, view: WaitsView) => {
  const [first] = deadlinesIn(durable, view)
  if (first === undefined) return { action: 'offer-close' } as const
  return { until: first[0], action: durable.inDoubt ? 'nothing' : 'close-alone' } as const
}

const amountOf = (htlcs: readonly Pick<SpecHtlc, 'amountMsat'>[]) => ({
  htlcs: htlcs.length,
  amountMsat: htlcs.reduce((sum, { amountMsat }) => sum + amountMsat, 0n),
})

/** BOLT 2, closing_signed and closing_complete. A negotiation starts anew on each connection. */
const signatureWait = ({ state: { session }, answerBy }: ChannelCondition, view: WaitsView): ChannelWait => {
  const { closing, simpleClose } = session ?? {}
  if (simpleClose !== undefined) {
    const { offered, taken } = simpleClose
    return {
      kind: 'close-signature',
      ...(offered === undefined ? {} : { answeredBy: 'local', offeredSat: offered.fee }),
      ...(offered === undefined && taken > 0 ? { answeredBy: 'remote' } : {}),
      ...timeOf(answerBy, view),
      action: offered === undefined ? 'offer-close' : 'reconnect',
    }
  }
  const { lastSentFee, lastOffer, refused } = closing ?? {}
  const answeredBy = refused !== undefined || (lastSentFee === undefined && lastOffer) ? 'remote' : 'local'
  return {
    kind: 'close-signature',
    ...(lastSentFee === undefined && lastOffer === undefined ? {} : { answeredBy }),
    ...(lastSentFee === undefined ? {} : { offeredSat: lastSentFee }),
    ...(lastOffer === undefined ? {} : { askedSat: lastOffer.feeSatoshis }),
    ...(refused === undefined ? {} : { refused: 'fee-too-high' }),
    ...(refused === undefined ? timeOf(answerBy, view) : {}),
    action: session === undefined ? 'offer-close' : refused === undefined ? 'close-alone' : 'nothing',
  }
}

/** What comes and goes with the connection while a channel closes. */
const closingWaits = (condition: ChannelCondition, durable: Closing, view: WaitsView): readonly ChannelWait[] => {
  if (confirmedSpend(durable) !== undefined) return []
  const { session } = condition.state
  const isReplacing = session?.simpleClose?.offered !== undefined
  const isUnheard = durable.closing.cause === 'data-loss' && session === undefined
  return [
    ...(isReplacing ? [signatureWait(condition, view)] : []),
    ...(isUnheard ? [{ kind: 'peer', action: 'reconnect' } as const] : []),
  ]
}

/** BOLT 5: what a closing channel waits for on the chain. */
const chainWaits = (durable: Closing, view: WaitsView): readonly ChannelWait[] => {
  const { env } = view
  const outlook = closeOutlook(durable, env)
  if (outlook === undefined) return unconfirmedWaits(durable, view)
  const { claimDepth } = env.settings
  const inChannel = new Map(outlook.claims.map((claim) => [formatOutPoint(claim.outpoint), claim]))
  const isPenalty = ({ claim }: ClaimProgress): boolean =>
    claim.kind.type === 'penalty' || claim.kind.type === 'htlc-penalty'
  const progress = view.claims.filter((each) => inChannel.has(formatOutPoint(each.claim.outpoint)) || isPenalty(each))
  const followed = new Set(progress.map(({ claim }) => formatOutPoint(claim.outpoint)))
  const ahead = outlook.claims.filter(({ outpoint }) => !followed.has(formatOutPoint(outpoint)))
  const lost = unclaimableMsat(durable)
  const untold = new Map<BlockHeight, SpecHtlc[]>()
  for (const { htlc, since } of outlook.untold) untold.set(since, [...(untold.get(since) ?? []), htlc])
  return [
    ...progress.map((each) => claimWait(each, view)),
    ...ahead.map((claim) => claimWait({ claim }, view)),
    ...outlook.leftToPeer.map(
      (htlc): ChannelWait => ({
        kind: 'peer-claim',
        paymentHash: toHex(htlc.paymentHash),
        amountMsat: htlc.amountMsat,
        until: htlc.cltvExpiry,
        action: 'nothing',
      }),
    ),
    ...[...untold].map(
      ([since, htlcs]): ChannelWait => ({
        kind: 'htlc-outcome',
        ...amountOf(htlcs),
        until: since + claimDepth - 1,
        action: 'fail-upstream',
      }),
    ),
    ...(lost === 0n ? [] : [{ kind: 'lost-funds', amountMsat: lost, action: 'nothing' } as const]),
    ...(outlook.resolvedAt === undefined ? [] : [depthWait(durable, outlook.resolvedAt, view)]),
  ]
}

const depthWait = ({ closing }: Closing, resolvedAt: BlockHeight, { env }: WaitsView): ChannelWait => {
  const needed = closing.done === undefined ? env.settings.claimDepth : IRREVOCABLE_DEPTH
  return {
    kind: 'depth',
    confirmations: Math.max(0, env.height - resolvedAt + 1),
    needed,
    until: resolvedAt + needed - 1,
    action: closing.done === undefined ? 'tell-closed' : 'forget',
  }
}

/** Nothing that spends the funding is in a block. */
const unconfirmedWaits = (durable: Closing, view: WaitsView): readonly ChannelWait[] => {
  const { closing, params } = durable
  const dead = deadFundingWait(durable, view)
  if (dead !== undefined) return [dead]
  if (!params.localIsOpener && !isFundingConfirmed(durable) && closing.spends.length === 0) {
    const periods = latest(durable).local.index > 0 ? 2 : 1
    return [fundingWait(durable, view, { once: 'claim', end: 'forget', periods })]
  }
  const pending = pendingCloses(durable, view)
  // What we have revoked ourselves nobody here publishes again.
  const isNoneAwaited = pending.length === 0 || (!publishesLocal(durable) && isOwnRevokedAlone(durable))
  if (isNoneAwaited && durable.inDoubt) return [{ kind: 'proof-of-state', action: 'nothing' }]
  if (isNoneAwaited && closing.cause === 'data-loss')
    return [{ kind: 'peer-commitment', action: 'claim' }, ...searchWaits(durable, view)]
  const [first] = publishesLocal(durable) || closing.cause === 'data-loss' ? [] : deadlinesIn(durable, view)
  return [
    {
      kind: 'close-confirmation',
      transactions: pending,
      // What the peer, or both, were to have mined and is not there in time for an HTLC: ours is published beside it.
      ...(first === undefined || durable.inDoubt ? { action: 'claim' } : { until: first[0], action: 'close-alone' }),
    },
    ...view.claims.filter(({ claim }) => claim.kind.type === 'anchor').map((each) => claimWait(each, view)),
  ]
}

/** A channel from a static backup, of which it is not known whether it was ever funded. */
const searchWaits = (durable: Closing, { env }: WaitsView): readonly ChannelWait[] => {
  const { lookedTo, fundedAt } = searchOf(durable)
  if (!durable.recovered || fundedAt !== undefined) return []
  if (!isSearchedThrough(durable, env)) return [{ kind: 'blocks', from: lookedTo + 1, to: env.height, action: 'claim' }]
  const txid = displayTxid(latest(durable).localParams.fundingOutpoint.txid)
  return [{ kind: 'funding', txid, confirmations: 0, needed: 1, until: searchEnd(durable, env), action: 'forget' }]
}

const isOwnRevokedAlone = (durable: Closing): boolean =>
  mutualCloses(durable).length === 0 && durable.closing.spends.every(({ kind }) => kind === 'revoked-local')

type PendingClose = Extract<ChannelWait, { kind: 'close-confirmation' }>['transactions'][number]

const pendingCloses = (durable: Closing, { published }: WaitsView): readonly PendingClose[] => {
  const { closing } = durable
  const paid = (txid: TxId) => {
    const record = published.find(({ tx }) => equalBytes(txidOf(tx), txid))
    return record === undefined ? {} : { feeSat: record.fee, feerate: record.feeratePerKw }
  }
  const closes = mutualCloses(durable).map(({ txid, fee }) => ({
    ...paid(txid),
    txid,
    by: 'both' as const,
    feeSat: fee,
  }))
  const ours = publishesLocal(durable) && canPublishLocal(durable) ? [latest(durable).local.txid] : []
  const all = [
    ...closes,
    ...ours.map((txid) => ({ ...paid(txid), txid, by: 'local' as const })),
    ...closing.spends.map(({ txid, kind }) => ({
      ...paid(txid),
      txid,
      by: kind === 'mutual' ? ('both' as const) : isOurs(kind) ? ('local' as const) : ('remote' as const),
    })),
  ]
  const seen = new Set<string>()
  return all.flatMap(({ txid, ...rest }) => {
    const shown = displayTxid(txid)
    if (seen.has(shown)) return []
    seen.add(shown)
    return [{ txid: shown, ...rest }]
  })
}

const isOurs = (kind: Closing['closing']['spends'][number]['kind']): boolean =>
  kind === 'local' || kind === 'revoked-local'

const claimWait = ({ claim, published, outputs, next, shortage }: ClaimProgress, { env }: WaitsView): ChannelWait => {
  const { kind, outpoint, amount, stakes, publishableFrom } = claim
  const isAhead = published === undefined && publishableFrom > env.height
  const step = isAhead
    ? ({ until: publishableFrom, action: 'claim' } as const)
    : next === undefined
      ? ({ action: 'nothing' } as const)
      : ({ until: next.height, action: published === undefined ? 'claim' : 'raise-fee' } as const)
  return {
    kind: 'claim',
    purpose: kind.type,
    txid: displayTxid(outpoint.txid),
    outputIndex: outpoint.index,
    amountSat: amount,
    ...('htlc' in kind ? { paymentHash: toHex(kind.htlc.paymentHash) } : {}),
    ...(isAhead ? { from: publishableFrom } : {}),
    budgetSat: stakes.budget,
    ...(stakes.deadline === undefined ? {} : { deadline: stakes.deadline }),
    ...(published === undefined
      ? {}
      : {
          claimTxid: displayTxid(txidOf(published.tx)),
          ...(outputs === undefined ? {} : { claimOutputs: outputs }),
          feeSat: published.fee,
          feerate: published.feeratePerKw,
          reason: published.why,
        }),
    ...(isAhead || next === undefined ? {} : { nextFeerate: next.feeratePerKw }),
    ...(shortage === undefined ? {} : { missingSat: shortage.needed - shortage.available }),
    ...step,
  }
}
