import type { ActorContext, Behaviour, BehaviourFactory } from '../../actor/types.ts'
import { toHex } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import type { BlockHeight } from '../../lib/units.ts'
import { decodeInvoiceRecord, encodeInvoiceRecord } from '../../payment/receive/invoice-codec.ts'
import { type InvoiceRecord, invoiceStatus, type WrittenInvoice } from '../../payment/receive/invoice-record.ts'
import { keysendPayment } from '../../payment/receive/keysend.ts'
import { failUnknownPayment, stepInvoice, waiting } from '../../payment/receive/receive-machine.ts'
import type { FinalHtlc, ReceiveInput, ReceiveState, RefusedHtlc } from '../../payment/receive/receive-protocol.ts'
import type { Store, Write } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { hashesInChannels } from '../channel/hashes-in-channels.ts'
import type { EventLog } from '../events/event-log.ts'
import { type OnUnreadable, readRow, readRowOfMany } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'
import { describeReceived } from './describe-received.ts'
import { expiryWrites, hashOfInvoiceKey, invoiceIndexRemovals, invoiceIndexWrites, overdue } from './invoice-index.ts'
import { type LookedAtRow, type RemovedRows, removable, sumOf } from './removable.ts'
import type { Upstream } from './upstream.ts'

export interface ReceiverServices {
  readonly store: Store
  readonly clock: Clock
  readonly events: EventLog
  readonly upstream: Upstream
  readonly channelDirectory: ChannelDirectory
  /** Whether payments are taken that nobody was asked for. */
  readonly acceptsKeysend: boolean
  height(): BlockHeight
  readonly onUnreadable: OnUnreadable
}

/** An HTLC for us, or one that is refused whoever it is for, with the hash that its invoice is found by. */
type Incoming = Extract<ReceiveInput, { readonly type: 'htlc' | 'refused' }> & { readonly paymentHash: PaymentHash }

/** What the receiver of payments is told and asked. */
export type ReceiverProtocol = {
  /** A new invoice; answered when it is durable. */
  add: { readonly request: { readonly invoice: WrittenInvoice }; readonly reply: void }
  htlc: { readonly request: FinalHtlc & { readonly paymentHash: PaymentHash }; readonly reply: void }
  refused: { readonly request: RefusedHtlc & { readonly paymentHash: PaymentHash }; readonly reply: void }
  timeout: { readonly request: { readonly hash: string }; readonly reply: void }
  /** Lists expired invoices as expired; answered once all are listed. */
  expire: { readonly request: undefined; readonly reply: void }
  /** Rows that are in the archive: those that are unchanged and that nothing needs are removed. Answered once that is durable. */
  remove: { readonly request: { readonly lookedAt: readonly LookedAtRow[] }; readonly reply: RemovedRows }
}

export const RECEIVER_LANES = { htlc: 'priority', refused: 'priority', timeout: 'priority' } as const

/** This many unpaid invoices are kept in memory; the others are read when an HTLC comes for them. */
const REMEMBERED_INVOICES = 10_000
/** After this many new invoices the expired ones are listed as expired: a list then has few left to move, however many there are. */
const INVOICES_PER_SWEEP = 256

/** Receives payments: a driver for `payment/receive`, which makes the decisions. */
export const receiverBehaviour =
  (services: ReceiverServices): BehaviourFactory<ReceiverProtocol> =>
  (context) =>
    new ReceiverDriver(services, context).behaviour()

class ReceiverDriver {
  readonly #services: ReceiverServices
  readonly #context: ActorContext<ReceiverProtocol>
  readonly #states = new Map<string, ReceiveState>()
  /** HTLCs whose invoice is being read. */
  readonly #reading = new Map<string, Incoming[]>()
  readonly #timers = new Map<string, CancelTimer>()
  #added = 0

  constructor(services: ReceiverServices, context: ActorContext<ReceiverProtocol>) {
    this.#services = services
    this.#context = context
  }

  behaviour(): Behaviour<ReceiverProtocol> {
    return {
      handlers: {
        add: ({ invoice }) => this.#add(invoice),
        htlc: ({ paymentHash, ...htlc }) => this.#receive({ type: 'htlc', htlc, paymentHash }),
        refused: ({ paymentHash, ...htlc }) => this.#receive({ type: 'refused', htlc, paymentHash }),
        timeout: ({ hash }) => {
          this.#timers.delete(hash)
          this.#input(hash, { type: 'mpp-timeout' })
        },
        expire: () => this.#expire(),
        remove: ({ lookedAt }) => this.#remove(lookedAt),
      },
    }
  }

  #add(invoice: WrittenInvoice): Promise<void> {
    if (++this.#added % INVOICES_PER_SWEEP === 0) void this.#expire()
    const { paymentHash, createdAt, amountMsat, description, expiresAt } = invoice
    this.#remember(toHex(paymentHash), waiting(invoice))
    this.#services.events.append('invoice.created', {
      paymentHash: toHex(paymentHash),
      invoice: invoice.invoice,
      ...(amountMsat === undefined ? {} : { amountMsat: amountMsat }),
      description: description.slice(0, 1024),
      createdAt: createdAt,
      expiresAt: expiresAt,
    })
    return new Promise((resolve) =>
      this.#services.store.submit(
        [
          { table: TABLE.invoice, key: paymentHash, value: encodeInvoiceRecord(invoice) },
          ...invoiceIndexWrites(undefined, invoice),
        ],
        resolve,
      ),
    )
  }

  async #expire(): Promise<void> {
    const { store, clock, onUnreadable } = this.#services
    for (;;) {
      const rows = await overdue(store, clock.now())
      if (rows.length === 0) return
      // An invoice that was paid in its last moment, or before a crash, has left the list, though perhaps not yet on the disk.
      const stored = await readInvoices(
        store,
        rows.map(({ key }) => hashOfInvoiceKey(key)),
        onUnreadable,
      )
      const writes = rows.flatMap((row, at) => {
        const invoice = this.#states.get(toHex(hashOfInvoiceKey(row.key)))?.invoice ?? stored[at]
        return expiryWrites(row, invoice?.state.type === 'settled')
      })
      store.submit(writes)
      await store.flush()
    }
  }

  async #remove(lookedAt: readonly LookedAtRow[]): Promise<RemovedRows> {
    const { store, clock, channelDirectory } = this.#services
    const current = await store.getAll(
      TABLE.invoice,
      lookedAt.map(({ paymentHash }) => paymentHash),
    )
    // From here to the submission is one step: a row that nothing needs now is gone before anything can need it.
    const held = hashesInChannels(channelDirectory)
    const isInUse = (hash: string): boolean => {
      const state = this.#states.get(hash)
      return held.has(hash) || this.#reading.has(hash) || (state !== undefined && state.parts.length > 0)
    }
    const gone: LookedAtRow[] = []
    const writes: Write[] = []
    for (const each of removable(lookedAt, current, isInUse)) {
      const { paymentHash, row } = each
      const hash = toHex(paymentHash)
      const stored = readRow(TABLE.invoice, paymentHash, decodeInvoiceRecord(row))
      const { invoice } = this.#states.get(hash) ?? { invoice: stored }
      // A newer state of it may be on its way to the disk.
      if (invoice.state.type !== stored.state.type || invoiceStatus(invoice, clock.now()) === 'open') continue
      this.#states.delete(hash)
      gone.push(each)
      writes.push({ table: TABLE.invoice, key: paymentHash, value: undefined }, ...invoiceIndexRemovals(stored))
    }
    return new Promise((resolve) => store.submit(writes, () => resolve(sumOf(gone))))
  }

  #receive(incoming: Incoming): void {
    const hash = toHex(incoming.paymentHash)
    if (this.#states.has(hash)) {
      this.#input(hash, incoming)
      return
    }
    const waitingHtlcs = this.#reading.get(hash)
    if (waitingHtlcs !== undefined) {
      waitingHtlcs.push(incoming)
      return
    }
    this.#reading.set(hash, [incoming])
    void readInvoice(this.#services.store, incoming.paymentHash).then((invoice) => {
      const all = this.#reading.get(hash) ?? []
      this.#reading.delete(hash)
      if (invoice !== undefined) this.#remember(hash, waiting(invoice))
      for (const each of all) {
        if (invoice === undefined) this.#receiveUnasked(hash, each)
        else this.#input(hash, each)
      }
    })
  }

  /** Of a payment that has no invoice only what is whole is stored: until then its parts alone tell of it. */
  #receiveUnasked(hash: string, incoming: Incoming): void {
    const { upstream, clock, acceptsKeysend } = this.#services
    // One before it may have begun it.
    if (!this.#states.has(hash)) {
      if (incoming.type === 'refused') {
        upstream.refuse(incoming.htlc)
        return
      }
      const { htlc, paymentHash } = incoming
      const payment = acceptsKeysend ? keysendPayment(paymentHash, htlc, clock.now()) : undefined
      if (payment === undefined) {
        upstream.fail(htlc, failUnknownPayment(htlc, this.#env()).failure)
        return
      }
      this.#remember(hash, waiting(payment))
    }
    this.#input(hash, incoming)
  }

  #input(hash: string, input: ReceiveInput): void {
    const before = this.#states.get(hash)
    if (before === undefined) return
    const { state, effects } = stepInvoice(before, input, this.#env())
    const { invoice, parts } = state
    if (invoice.state.type === 'open' && parts.length === 0 && invoice.type === 'keysend') this.#states.delete(hash)
    else this.#states.set(hash, state)
    const { store, upstream } = this.#services
    // The list of HTLCs is on its way to the disk before any channel is told to fulfil one of them.
    if (invoice !== before.invoice) {
      store.submit([
        { table: TABLE.invoice, key: invoice.paymentHash, value: encodeInvoiceRecord(invoice) },
        ...invoiceIndexWrites(before.invoice, invoice),
      ])
    }
    for (const effect of effects) {
      switch (effect.type) {
        case 'fulfil':
          upstream.fulfil(effect.htlc, effect.preimage)
          break
        case 'fail':
          upstream.fail(effect.htlc, effect.failure)
          break
        case 'refuse':
          upstream.refuse(effect.htlc)
          break
        case 'schedule':
          this.#timers.get(hash)?.()
          this.#timers.set(hash, this.#context.schedule(effect.delayMs, 'timeout', { hash }))
          break
        case 'unschedule':
          this.#timers.get(hash)?.()
          this.#timers.delete(hash)
          break
        case 'received':
          this.#report(effect.invoice)
          break
      }
    }
  }

  #report(invoice: InvoiceRecord): void {
    const received = describeReceived(invoice)
    if (received !== undefined) this.#services.events.append('payment.received', received)
  }

  /** Forgets the oldest invoices that hold no HTLC and are in the store anyway. */
  #remember(hash: string, state: ReceiveState): void {
    this.#states.set(hash, state)
    if (this.#states.size <= REMEMBERED_INVOICES) return
    for (const [oldest, { parts }] of this.#states) {
      if (parts.length === 0 && oldest !== hash) {
        this.#states.delete(oldest)
        return
      }
    }
  }

  #env() {
    const { clock, height, upstream } = this.#services
    return { now: clock.now(), height: height(), canClaim: upstream.canClaim }
  }
}

/** The invoice of this hash as the disk holds it. */
export const readInvoice = async (store: Store, paymentHash: PaymentHash): Promise<InvoiceRecord | undefined> => {
  const row = await store.get(TABLE.invoice, paymentHash)
  return row === undefined ? undefined : readRow(TABLE.invoice, paymentHash, decodeInvoiceRecord(row))
}

/** Invoices of these hashes, without those that cannot be read. */
export const readInvoices = async (
  store: Store,
  hashes: readonly PaymentHash[],
  onUnreadable: OnUnreadable,
): Promise<readonly (InvoiceRecord | undefined)[]> =>
  (await store.getAll(TABLE.invoice, hashes)).map((row, at) =>
    row === undefined
      ? undefined
      : readRowOfMany(TABLE.invoice, hashes[at] as PaymentHash, decodeInvoiceRecord(row), onUnreadable),
  )
