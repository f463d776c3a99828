import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { counted } from '../lib/counted.ts'
import { brief, grouped, type Row, shortId, time } from './cells.ts'
import { printable } from './printable.ts'

/** A column of a list as people want to see it, made of one or more fields of its rows. */
export interface Shown<Item = Row> {
  readonly name: string
  readonly show: (item: Item) => string
  readonly right?: boolean
  readonly least?: number
  readonly whole?: boolean
  /** What stands below the rows, if there are several. */
  readonly total?: (items: readonly Item[]) => string
}

/** The columns of a list that matter, the most important first. */
export interface View<Item = Row> {
  readonly columns: readonly Shown<Item>[]
  /** Pages come with the newest first, but a log is read with the newest last. */
  readonly newestLast?: boolean
}

type Channel = ReplyOf<'channels', 'list'>['items'][number]
type Peer = ReplyOf<'peers', 'list'>['items'][number]
type Payment = ReplyOf<'payments', 'list'>['items'][number]
type Invoice = ReplyOf<'invoices', 'list'>['items'][number]
type Opening = ReplyOf<'channels', 'openings'>['items'][number]
type Closed = ReplyOf<'channels', 'closed'>['items'][number]
type Relayed = ReplyOf<'payments', 'relays'>['items'][number]
type Parked = ReplyOf<'plugins', 'parked'>['items'][number]
type Utxo = ReplyOf<'wallet', 'utxos'>['items'][number]
type Transaction = ReplyOf<'wallet', 'transactions'>['items'][number]
type Plugin = ReplyOf<'plugins', 'list'>['items'][number]
type Offer = ReplyOf<'offers', 'list'>['items'][number]
type Received = ReplyOf<'payments', 'received'>['items'][number]
type Relays = ReplyOf<'peers', 'relays'>['items'][number]
type LogLine = ReplyOf<'plugins', 'logs'>['items'][number]
type Retained = ReplyOf<'node', 'retention'>['items'][number]
type StoredEvent = ReplyOf<'events', 'list'>['items'][number]

const BAR_CELLS = 10

/** Our part and the peer's part of a balance: `██████░░░░`. A part that is not zero is always visible. */
export const bar = (ours: bigint, theirs: bigint): string => {
  const all = ours + theirs
  if (all === 0n) return '·'.repeat(BAR_CELLS)
  const rounded = Number((ours * BigInt(BAR_CELLS) * 2n + all) / (all * 2n))
  const filled = Math.min(Math.max(rounded, ours > 0n ? 1 : 0), theirs > 0n ? BAR_CELLS - 1 : BAR_CELLS)
  return '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled)
}

/** Millisatoshis as satoshis, with a fraction only if there is one: `25,000.5`. */
export const sat = (msat: unknown): string => {
  const amount = BigInt(String(msat))
  const rest = amount % 1_000n
  const fraction = rest === 0n ? '' : `.${`${rest}`.padStart(3, '0').replace(/0+$/, '')}`
  return grouped(`${amount / 1_000n}`) + fraction
}

/** How the id begins; commands take that for the id if no other begins the same. */
const beginning = (id: string): string => `${id.slice(0, 12)}…`

const big = (amount: unknown): bigint => BigInt(String(amount))

const nameOf = (name: string | undefined, id: string): string => printable(name ?? beginning(id))

/** The state, and what it waits for where that says more: `closing: claim by 812,345`. */
const stateOf = ({ state, waitsFor = [] }: Channel): string => {
  const told = waitsFor.filter(({ kind }) => kind !== 'peer' && kind !== 'htlc-deadline')
  const words = told.map(({ kind, count, until }) => {
    const many = count > 1 ? ` ×${count}` : ''
    return `${kind}${many}${until === undefined ? '' : ` by ${grouped(`${until}`)}`}`
  })
  return words.length === 0 ? state : `${state}: ${words.join(', ')}`
}

const channelView: View<Channel> = {
  columns: [
    { name: 'peer', show: ({ peerName, peer }) => nameOf(peerName, peer), least: 10 },
    { name: 'state', show: stateOf },
    { name: 'balance', show: ({ localMsat, remoteMsat }) => bar(big(localMsat), big(remoteMsat)) },
    { name: 'ours sat', show: ({ localMsat }) => sat(big(localMsat) - (big(localMsat) % 1_000n)), right: true },
    { name: 'theirs sat', show: ({ remoteMsat }) => sat(big(remoteMsat) - (big(remoteMsat) % 1_000n)), right: true },
    {
      name: 'fee',
      show: ({ localPolicy: { feeBaseMsat, feeProportionalMillionths } }) =>
        `${big(feeBaseMsat) === 0n ? '' : `${sat(feeBaseMsat)}sat+`}${feeProportionalMillionths}ppm`,
      right: true,
    },
    {
      name: 'channel',
      show: ({ shortChannelId, channelId }) => shortChannelId ?? beginning(channelId),
    },
    { name: 'in flight', show: ({ htlcsInFlight }) => `${htlcsInFlight}`, right: true },
  ],
}

const peerView: View<Peer> = {
  columns: [
    { name: 'peer', show: ({ name, nodeId }) => nameOf(name, nodeId), least: 10 },
    { name: 'connected', show: ({ connected, direction }) => (connected ? (direction ?? 'yes') : 'no') },
    { name: 'channels', show: ({ channels }) => `${channels}`, right: true },
    {
      name: 'address',
      show: ({ address, knownAddresses }) => printable(address ?? knownAddresses[0] ?? ''),
      least: 15,
    },
    { name: 'node id', show: ({ nodeId }) => shortId(nodeId) },
  ],
}

const paymentView: View<Payment> = {
  columns: [
    { name: 'started', show: ({ startedAt }) => time(startedAt) },
    { name: 'status', show: ({ status }) => status },
    { name: 'sat', show: ({ amountMsat }) => sat(amountMsat), right: true },
    { name: 'fees sat', show: ({ feesMsat }) => sat(feesMsat), right: true },
    { name: 'for', show: ({ description, failure }) => printable(failure?.code ?? description ?? ''), least: 10 },
    { name: 'payment hash', show: ({ paymentHash }) => shortId(paymentHash) },
  ],
}

const invoiceView: View<Invoice> = {
  columns: [
    { name: 'created', show: ({ createdAt }) => time(createdAt) },
    { name: 'status', show: ({ status }) => status },
    { name: 'sat', show: ({ amountMsat }) => (amountMsat === undefined ? 'any' : sat(amountMsat)), right: true },
    {
      name: 'received sat',
      show: ({ receivedMsat }) => (receivedMsat === undefined ? '' : sat(receivedMsat)),
      right: true,
    },
    { name: 'for', show: ({ description }) => printable(description), least: 10 },
    { name: 'payment hash', show: ({ paymentHash }) => shortId(paymentHash) },
  ],
}

/** Its text is as long as a page: `offers get` and `--wide` show it. */
const offerView: View<Offer> = {
  columns: [
    { name: 'created', show: ({ createdAt }) => time(createdAt) },
    { name: 'status', show: ({ status }) => status },
    { name: 'sat', show: ({ amountMsat }) => (amountMsat === undefined ? 'any' : sat(amountMsat)), right: true },
    { name: 'for', show: ({ description }) => printable(description ?? ''), least: 10 },
    { name: 'offer id', show: ({ offerId }) => shortId(offerId) },
  ],
}

const receivedView: View<Received> = {
  columns: [
    { name: 'received', show: ({ receivedAt }) => time(receivedAt) },
    { name: 'sat', show: ({ amountMsat }) => sat(amountMsat), right: true },
    { name: 'by', show: ({ keysend, offerId }) => (keysend ? 'keysend' : offerId === undefined ? 'invoice' : 'offer') },
    { name: 'for', show: ({ description }) => printable(description ?? ''), least: 10 },
    { name: 'payment hash', show: ({ paymentHash }) => shortId(paymentHash) },
  ],
}

/** A stack trace keeps its lines. */
const lines = (text: string): string => text.split('\n').map(printable).join('\n    ')

/** What its opening, its close and our claims paid. */
const onChainFees = ({ openingFeeSat, closingFeeSat, claimFeesSat }: Closed): readonly unknown[] => [
  openingFeeSat,
  closingFeeSat,
  claimFeesSat,
]

const earnedMsat = ({ earned }: Closed): readonly unknown[] => [earned?.out.feesMsat]

const backSat = ({ returnedSat }: Closed): readonly unknown[] => [returnedSat]

/** A column of amounts. What is not known of a sum is no zero: below the rows, such a sum is the least that it can be. */
const summed = (
  parts: (item: Closed) => readonly unknown[],
  text: (amount: bigint) => string,
): Pick<Shown<Closed>, 'show' | 'right' | 'total'> => {
  const sumOf = (amounts: readonly unknown[]): bigint =>
    amounts.reduce<bigint>((total, amount) => total + (amount === undefined ? 0n : big(amount)), 0n)
  return {
    show: (item) => (parts(item).includes(undefined) ? 'unknown' : text(sumOf(parts(item)))),
    total: (items) => {
      const all = items.flatMap(parts)
      return `${all.includes(undefined) ? '≥ ' : ''}${text(sumOf(all))}`
    },
    right: true,
  }
}

const wholeSat = (amount: bigint): string => grouped(`${amount}`)

const closedView: View<Closed> = {
  columns: [
    { name: 'closed', show: ({ closedAt }) => time(closedAt), total: (items) => `these ${items.length}` },
    { name: 'peer', show: ({ peerName, peer }) => nameOf(peerName, peer), least: 10 },
    { name: 'kind', show: ({ kind }) => kind },
    { name: 'by', show: ({ closedBy }) => closedBy ?? 'unknown' },
    { name: 'earned sat', ...summed(earnedMsat, sat) },
    { name: 'fees sat', ...summed(onChainFees, wholeSat) },
    { name: 'back sat', ...summed(backSat, wholeSat) },
    { name: 'channel', show: ({ channelId }) => beginning(channelId) },
    { name: 'block', show: ({ blockHeight }) => `${blockHeight}`, right: true },
    { name: 'txid', show: ({ txid }) => shortId(txid) },
  ],
}

const openingView: View<Opening> = {
  columns: [
    { name: 'peer', show: ({ peerName, peer }) => nameOf(peerName, peer), least: 10 },
    { name: 'opened by', show: ({ initiator }) => initiator },
    { name: 'waits for', show: ({ waitsFor }) => waitsFor },
    { name: 'funding sat', show: ({ fundingSat }) => grouped(`${fundingSat}`), right: true },
    { name: 'temporary id', show: ({ temporaryChannelId }) => beginning(temporaryChannelId) },
  ],
}

const through = (htlcs: Relayed['incoming']): string =>
  [...new Set(htlcs.map(({ shortChannelId, channelId }) => shortChannelId ?? beginning(channelId)))].join(', ')

const relayedView: View<Relayed> = {
  columns: [
    { name: 'settled', show: ({ settledAt }) => time(settledAt) },
    {
      name: 'sat',
      show: ({ outgoing }) => sat(outgoing.reduce((sum, each) => sum + big(each.amountMsat), 0n)),
      right: true,
    },
    { name: 'earned sat', show: ({ feeMsat }) => sat(feeMsat), right: true },
    { name: 'in by', show: ({ incoming }) => through(incoming), least: 10 },
    { name: 'out by', show: ({ outgoing }) => through(outgoing), least: 10 },
    { name: 'payment hash', show: ({ paymentHash }) => shortId(paymentHash) },
  ],
}

const relaysView: View<Relays> = {
  columns: [
    { name: 'peer', show: ({ name, nodeId }) => nameOf(name, nodeId), least: 10 },
    { name: 'in sat', show: ({ in: { amountMsat } }) => sat(amountMsat), right: true },
    { name: 'in fees sat', show: ({ in: { feesMsat } }) => sat(feesMsat), right: true },
    { name: 'out sat', show: ({ out: { amountMsat } }) => sat(amountMsat), right: true },
    { name: 'out fees sat', show: ({ out: { feesMsat } }) => sat(feesMsat), right: true },
    { name: 'failed', show: (each) => `${each.in.failed}/${each.out.failed}`, right: true },
    { name: 'under way', show: ({ underWay: { htlcs } }) => `${htlcs}`, right: true },
    { name: 'refused', show: ({ refused }) => `${refused}`, right: true },
    { name: 'since', show: ({ since }) => time(since) },
  ],
}

const parkedView: View<Parked> = {
  columns: [
    { name: 'at', show: ({ at }) => time(at) },
    { name: 'label', show: ({ label }) => printable(label), least: 8 },
    { name: 'event', show: ({ event }) => printable(event.type) },
    { name: 'cursor', show: ({ event }) => printable(event.cursor) },
    { name: 'error', show: ({ error }) => lines(error), whole: true },
  ],
}

const utxoView: View<Utxo> = {
  columns: [
    { name: 'sat', show: ({ amountSat }) => grouped(`${amountSat}`), right: true },
    { name: 'block', show: ({ blockHeight }) => `${blockHeight ?? 'none yet'}`, right: true },
    { name: 'held', show: ({ reserved, frozen }) => (reserved ? 'reserved' : frozen ? 'frozen' : 'no') },
    { name: 'output', show: ({ txid, outputIndex }) => `${shortId(txid)}:${outputIndex}` },
    { name: 'address', show: ({ address }) => printable(address), least: 14 },
  ],
}

/** What came is told from what went. */
const signed = (amount: bigint): string => `${amount > 0n ? '+' : ''}${grouped(`${amount}`)}`

const transactionView: View<Transaction> = {
  columns: [
    { name: 'seen', show: ({ seenAt }) => time(seenAt) },
    { name: 'change sat', show: ({ receivedSat, spentSat }) => signed(big(receivedSat) - big(spentSat)), right: true },
    {
      name: 'for',
      show: ({ purpose, label }) => printable(label === undefined ? purpose : `${purpose}: ${label}`),
      least: 10,
    },
    { name: 'block', show: ({ blockHeight }) => `${blockHeight ?? 'none yet'}`, right: true },
    { name: 'txid', show: ({ txid }) => shortId(txid) },
  ],
}

const pluginView: View<Plugin> = {
  columns: [
    { name: 'plugin', show: ({ name }) => printable(name), least: 12 },
    { name: 'version', show: ({ version }) => printable(version), least: 8 },
    { name: 'state', show: ({ state }) => state },
    { name: 'restarts', show: ({ restarts }) => `${restarts}`, right: true },
    { name: 'last fault', show: ({ lastFault }) => printable(lastFault ?? 'none'), least: 12 },
    { name: 'installed', show: ({ installedAt }) => time(installedAt) },
  ],
}

const logView: View<LogLine> = {
  newestLast: true,
  columns: [
    { name: 'at', show: ({ at }) => time(at) },
    { name: 'level', show: ({ level }) => level },
    {
      name: 'text',
      show: ({ source, text }) => (source === 'host' ? `(node) ${lines(text)}` : lines(text)),
      whole: true,
    },
  ],
}

const eventView: View<StoredEvent> = {
  columns: [
    { name: 'at', show: ({ at }) => time(at) },
    { name: 'type', show: ({ type }) => printable(type) },
    { name: 'what', show: ({ payload }) => brief(payload), least: 24 },
  ],
}

const retainedView: View<Retained> = {
  columns: [
    { name: 'class', show: ({ class: kind }) => kind },
    {
      name: 'kept',
      show: ({ kept, keptSeconds }) =>
        keptSeconds === undefined ? kept.replaceAll('-', ' ') : counted(Math.floor(keptSeconds / DAY_SECONDS), 'day'),
    },
    { name: 'rows', show: ({ rows }) => grouped(`${rows}`), right: true },
    { name: 'kB', show: ({ bytes }) => grouped(`${Math.ceil(bytes / 1_000)}`), right: true },
    { name: 'due', show: ({ dueRows }) => grouped(`${dueRows}`), right: true },
    { name: 'oldest', show: ({ oldestAt }) => (oldestAt === undefined ? '' : time(oldestAt)) },
    { name: 'due kB', show: ({ dueBytes }) => grouped(`${Math.ceil(dueBytes / 1_000)}`), right: true },
  ],
}

const DAY_SECONDS = 86_400

const view = <Item>(of: View<Item>): View => of as unknown as View

/** By the name that the contract gives to the rows. */
export const VIEWS: Readonly<Record<string, View>> = {
  ChannelSummary: view(channelView),
  PeerSummary: view(peerView),
  Payment: view(paymentView),
  InvoiceSummary: view(invoiceView),
  ChannelOpening: view(openingView),
  ClosedChannel: view(closedView),
  RelayedPayment: view(relayedView),
  OfferSummary: view(offerView),
  ReceivedPayment: view(receivedView),
  PeerRelays: view(relaysView),
  ParkedEvent: view(parkedView),
  Utxo: view(utxoView),
  WalletTransaction: view(transactionView),
  PluginSummary: view(pluginView),
  LogLine: view(logView),
  RetainedClass: view(retainedView),
  StoredEvent: view(eventView),
}
