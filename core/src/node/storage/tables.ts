import type { Migration } from '../../store/store.ts'

/** The tables of the node's database, each with what its keys are made of. */
export const TABLE = {
  /** Channel id -> the channel's durable state. */
  channel: 'channel',
  /** Channel id, direction, HTLC id -> the record of an HTLC that is alive. */
  htlc: 'htlc',
  /** The same -> an HTLC that has ended: what is needed to answer a revoked commitment that holds it. */
  pastHtlc: 'past_htlc',
  /** The same -> records of HTLCs alive and ended: what a version before wrote, until they are moved. */
  channelHtlc: 'channel_htlc',
  /** Channel id, HTLC id -> an outcome that its consumer has not applied yet. */
  settlement: 'settlement',
  /** Payment hash -> a payment that we sent. */
  payment: 'payment',
  /** Payment hash -> when a payment arrived whose row was removed, and when it was removed: it is never made again. */
  archivedPayment: 'archived_payment',
  /** Status, start, payment hash -> nothing: finds what is under way, and lists by status and time. */
  paymentByStatus: 'payment_by_status',
  /** 0 (under way) or 1 (ended), start, payment hash -> nothing: what a version before wrote, until it is moved. */
  paymentIndex: 'payment_index',
  /** The hash of an idempotency key -> the request's digest and its outcome. */
  command: 'command',
  /** 0, when it was answered, its row's key -> nothing: of commands whose outcome is kept. */
  commandByTime: 'command_by_time',
  /** Who asks, a turn -> the same of a command that spends nothing, of which the latest are kept. */
  passingCommand: 'passing_command',
  /** Idempotency key -> either of them: what a version before wrote, until it is moved. */
  commandKey: 'command_key',
  /** Payment hash -> an invoice of ours, with its preimage. */
  invoice: 'invoice',
  /** The id of an offer of ours -> its text, when it was made, and when it was taken back. */
  offer: 'offer',
  /** 0, the hash of an idempotency key -> the payment hash of an offer's invoice; 1, payment hash -> the offer and the invoice. */
  offerPayment: 'offer_payment',
  /** The id of a refund of ours -> its text, the most that paying it may cost, and what has become of it. */
  refund: 'refund',
  /** Status, creation, payment hash -> nothing; and of those open by expiry, too -> creation. */
  invoiceByStatus: 'invoice_by_status',
  /** Creation, payment hash -> nothing: what a version before wrote, until it is moved. */
  invoiceIndex: 'invoice_index',
  /** Channel id, HTLC id of the incoming HTLC -> the relay that it is part of. */
  relay: 'relay',
  /** Channel id, HTLC id of the first incoming HTLC -> a relay of all that came in with it, found by us (trampoline). */
  trampolineRelay: 'trampoline_relay',
  /** Payment hash -> a probe of which something is out. */
  probe: 'probe',
  /** Sequence number -> an event's text: what a version before classes wrote, until it is moved. */
  event: 'event',
  /** Class, sequence number -> an event's text. */
  eventOfClass: 'event_of_class',
  /** The wallet's outputs, transactions and counters. */
  wallet: 'wallet',
  /** Node id -> what is needed to connect to a peer again. */
  peer: 'peer',
  /** Node id -> the blob that is kept for the peer; and with a byte behind it, since when it has no channel. */
  peerStorage: 'peer_storage',
  /** Node id -> what the operator calls the peer. */
  peerName: 'peer_name',
  /** Short channel id, direction -> what payments have shown of what it can carry. */
  liquidity: 'liquidity',
  /** What plugins keep, their cursors and grants. */
  plugin: 'plugin',
  /** Single values by name. */
  meta: 'meta',
} as const

const LATER: readonly Migration[] = [
  { version: 2, tables: [TABLE.eventOfClass] },
  { version: 3, tables: [TABLE.peerName] },
  { version: 4, tables: [TABLE.pastHtlc], heaps: [TABLE.channel, TABLE.htlc, TABLE.payment, TABLE.invoice] },
  { version: 5, tables: [TABLE.command, TABLE.passingCommand] },
  { version: 6, tables: [TABLE.paymentByStatus, TABLE.invoiceByStatus] },
  { version: 7, tables: [TABLE.archivedPayment] },
  { version: 8, tables: [TABLE.commandByTime] },
  { version: 9, tables: [], heaps: [TABLE.passingCommand] },
  { version: 10, tables: [], heaps: [TABLE.peerStorage] },
  { version: 11, tables: [TABLE.liquidity] },
  { version: 12, tables: [TABLE.offer, TABLE.offerPayment] },
  { version: 13, tables: [TABLE.trampolineRelay] },
  { version: 14, tables: [TABLE.refund] },
  { version: 15, tables: [TABLE.probe] },
]

/** The tables that later steps add. */
const ADDED: ReadonlySet<string> = new Set([...LATER.flatMap(({ tables }) => tables), TABLE.htlc, TABLE.peerStorage])

/** Never changed once released: a new table is a new step. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, tables: Object.values(TABLE).filter((table) => !ADDED.has(table)) },
  ...LATER,
]

/** Asked at every payment for a new key, which as a rule is not there. */
export const SOUGHT: readonly string[] = [TABLE.command, TABLE.payment, TABLE.archivedPayment, TABLE.invoice]
