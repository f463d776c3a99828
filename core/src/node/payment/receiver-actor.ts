import type { ActorContext, Behaviour, BehaviourFactory } from '../../actor/types.ts'
import { toHex } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import type { PaymentHash, Preimage } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlockHeight } from '../../lib/units.ts'
import { decodeInvoiceRecord, encodeInvoiceRecord } from '../../payment/receive/invoice-codec.ts'
import {
  type HoldRecord,
  type InvoiceRecord,
  type InvoiceStatus,
  invoiceStatus,
  type WrittenInvoice,
} from '../../payment/receive/invoice-record.ts'
import { keysendPayment } from '../../payment/receive/keysend.ts'
import {
  failUnknownPayment,
  type SettleProblem,
  settleProblem,
  stepInvoice,
  waiting,
} from '../../payment/receive/receive-machine.ts'
import type { FinalHtlc, ReceiveInput, ReceiveState, RefusedHtlc } from '../../payment/receive/receive-protocol.ts'
import type { Store, Write } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { hashesInChannels } from '../channel/hashes-in-channels.ts'
import type { EventLog } from '../events/event-log.ts'
import { type OnUnreadable, readRow, readRowOfMany } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'
import { describeHeld, describeReceived } from './describe-received.ts'
import {
  expiryWrites,
  hashOfInvoiceKey,
  heldHashes,
  invoiceIndexRemovals,
  invoiceIndexWrites,
  overdue,
} from './invoice-index.ts'
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
  /** The invoice for an offer that a payment by this path is for: of those nothing is kept before. */
  readonly recall: (paymentHash: PaymentHash, pathId: Uint8Array) => WrittenInvoice | undefined
}

/** An HTLC for us, or one that is refused whoever it is for, with the hash that its invoice is found by. */
type Incoming = Extract<ReceiveInput, { readonly type: 'htlc' | 'refused' }> & { readonly paymentHash: PaymentHash }

/** Which invoice is decided about. A plugin, which is named as its owner, decides about its own alone. */
interface Whose {
  readonly paymentHash: PaymentHash
  readonly owner: string | undefined
}

interface DecisionError {
  readonly code: 'not-found' | 'paid' | SettleProblem
}

/** What the receiver of payments is told and asked. */
export type ReceiverProtocol = {
  /** A new invoice; answered when it is durable. */
  add: { readonly request: { readonly invoice: WrittenInvoice }; readonly reply: void }
  /** The same of one whose hash somebody has chosen. Answers whether nothing had that hash before. */
  addHold: { readonly request: { readonly invoice: HoldRecord }; readonly reply: boolean }
  /** Claims a payment that is held, or answers that it was claimed; answered when that is durable. */
  settle: {
    readonly request: Whose & { readonly preimage: Preimage }
    readonly reply: Result<WrittenInvoice, DecisionError>
  }
  /** From now on nobody can pay the invoice, and what is held for it is given back; answered when that is durable. */
  cancel: { readonly request: Whose; readonly reply: Result<WrittenInvoice, DecisionError> }
  /** At the start, before any HTLC is handed on: takes up what is held. */
  resume: { readonly request: undefined; readonly reply: void }
  block: { readonly request: undefined; readonly reply: void }
  htlc: { readonly request: FinalHtlc & { readonly paymentHash: PaymentHash }; readonly reply: void }
  refused: { readonly request: RefusedHtlc & { readonly paymentHash: PaymentHash }; readonly reply: void }
  timeout: { readonly request: { readonly hash: string }; readonly reply: void }
  /** Lists expired invoices as expired; answered once all are listed. */
  expire: { readonly request: undefined; readonly reply: void }
  /** Rows that are in the archive: those that are unchanged and that nothing needs are removed. Answered once that is durable. */
  remove: { readonly request: { readonly lookedAt: readonly LookedAtRow[] }; readonly reply: RemovedRows }
}

export const RECEIVER_LANES = {
  htlc: 'priority',
  refused: 'priority',
  timeout: 'priority',
  resume: 'priority',
  block: 'priority',
} as const

/**
 * Payments held at once for one plugin, and for the operator, and their HTLCs: a channel has room for so many, whatever they carry, and
 * others have locked money in them.
 */
const MAX_HELD = { plugin: { payments: 32, htlcs: 128 }, operator: { payments: 1_000, htlcs: 4_000 } } as const

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
  /** Whose payment is held. Their states are in memory. */
  readonly #held = new Set<string>()
  /** Those of our offers that were brought back, and have no row yet. */
  readonly #recalled = new Set<string>()
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
        addHold: ({ invoice }) => this.#addHold(invoice),
        settle: (request) => this.#decide(request, { type: 'settle', preimage: request.preimage }),
        cancel: (request) => this.#decide(request, { type: 'cancel' }),
        resume: () => this.#resume(),
        block: () => {
          for (const hash of this.#held) this.#input(hash, { type: 'block' })
        },
        expire: () => this.#expire(),
        remove: ({ lookedAt }) => this.#remove(lookedAt),
      },
    }
  }

  #add(invoice: WrittenInvoice): Promise<void> {
    if (++this.#added % INVOICES_PER_SWEEP === 0) void this.#expire()
    const { paymentHash } = invoice
    this.#remember(toHex(paymentHash), waiting(invoice))
    this.#reportCreated(invoice)
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

  async #addHold(invoice: HoldRecord): Promise<boolean> {
    const { paymentHash } = invoice
    const isStored = (await readInvoice(this.#services.store, paymentHash)) !== undefined
    if (isStored || this.#states.has(toHex(paymentHash))) return false
    await this.#add(invoice)
    return true
  }

  async #decide(
    { paymentHash, owner }: Whose,
    decision: Extract<ReceiveInput, { readonly type: 'settle' | 'cancel' }>,
  ): Promise<Result<WrittenInvoice, DecisionError>> {
    const hash = toHex(paymentHash)
    if (!this.#states.has(hash)) {
      const read = await readInvoice(this.#services.store, paymentHash)
      // An HTLC may have taken it up meanwhile.
      if (read !== undefined && !this.#states.has(hash)) this.#remember(hash, waiting(read))
    }
    const before = this.#states.get(hash)
    if (before === undefined || !isFor(owner, before.invoice)) return err({ code: 'not-found' })
    const { type } = before.invoice.state
    if (type === 'settled' && decision.type === 'cancel') return err({ code: 'paid' })
    const problem = decision.type === 'settle' && type !== 'settled' ? settleProblem(before, this.#env()) : undefined
    if (problem !== undefined) return err({ code: problem })
    this.#input(hash, decision)
    const { invoice } = this.#states.get(hash) ?? before
    await this.#services.store.flush()
    return invoice.type === 'keysend' ? err({ code: 'not-found' }) : ok(invoice)
  }

  async #resume(): Promise<void> {
    const { store, onUnreadable } = this.#services
    const hashes = await heldHashes(store)
    for (const invoice of await readInvoices(store, hashes, onUnreadable)) {
      if (invoice?.state.type !== 'held') continue
      const hash = toHex(invoice.paymentHash)
      this.#held.add(hash)
      this.#states.set(hash, waiting(invoice))
      this.#input(hash, { type: 'block' })
    }
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
        return expiryWrites(row, invoice !== undefined && hasCome(invoice))
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
      if (invoice.state.type !== stored.state.type || isStillDue(invoiceStatus(invoice, clock.now()))) continue
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
    void readInvoice(this.#services.store, incoming.paymentHash).then((stored) => {
      const all = this.#reading.get(hash) ?? []
      this.#reading.delete(hash)
      // A command may have taken it up meanwhile.
      if (stored !== undefined && !this.#states.has(hash)) this.#remember(hash, waiting(stored))
      for (const each of all) {
        if (!this.#states.has(hash)) this.#receiveUnasked(hash, each)
        else this.#input(hash, each)
      }
    })
  }

  /** Of a payment that has no invoice only what is whole is stored: until then its parts alone tell of it. */
  #receiveUnasked(hash: string, incoming: Incoming): void {
    const { upstream, clock, acceptsKeysend } = this.#services
    if (!this.#recall(incoming)) {
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

  /** Whether the HTLC brings back an invoice that nothing was kept of. */
  #recall(incoming: Incoming): boolean {
    if (incoming.type !== 'htlc' || incoming.htlc.payload.type !== 'blinded-final') return false
    const { pathId } = incoming.htlc.payload
    const invoice = pathId && this.#services.recall(incoming.paymentHash, pathId)
    if (invoice === undefined) return false
    const hash = toHex(invoice.paymentHash)
    this.#recalled.add(hash)
    this.#remember(hash, waiting(invoice))
    return true
  }

  #input(hash: string, input: ReceiveInput): void {
    const before = this.#states.get(hash)
    if (before === undefined) return
    const { state, effects } = stepInvoice(before, input, this.#env())
    const { invoice, parts } = state
    const isRecalled = this.#recalled.has(hash)
    const hasRow = invoice.type !== 'keysend' && !isRecalled
    if (invoice.state.type === 'open' && parts.length === 0 && !hasRow) this.#forget(hash)
    else this.#states.set(hash, state)
    if (invoice.state.type === 'held') this.#held.add(hash)
    else this.#held.delete(hash)
    const { store, upstream } = this.#services
    // The list of HTLCs is on its way to the disk before any channel is told to fulfil one of them.
    if (invoice !== before.invoice) {
      if (isRecalled && invoice.type === 'bolt12') this.#reportCreated(invoice)
      this.#recalled.delete(hash)
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
        case 'held':
          this.#reportHeld(effect.invoice)
          break
        case 'cancelled':
          this.#services.events.append('invoice.cancelled', {
            paymentHash: hash,
            reason: effect.reason,
            cancelledAt: this.#services.clock.now(),
          })
          break
      }
    }
  }

  /** There is no row: whatever comes next brings it back, or begins anew. */
  #forget(hash: string): void {
    this.#states.delete(hash)
    this.#recalled.delete(hash)
  }

  #reportCreated({ paymentHash, invoice, amountMsat, description, createdAt, expiresAt }: WrittenInvoice): void {
    this.#services.events.append('invoice.created', {
      paymentHash: toHex(paymentHash),
      invoice,
      ...(amountMsat === undefined ? {} : { amountMsat }),
      description: description.slice(0, 1024),
      createdAt,
      expiresAt,
    })
  }

  #report(invoice: InvoiceRecord): void {
    const received = describeReceived(invoice)
    if (received !== undefined) this.#services.events.append('payment.received', received)
  }

  #reportHeld(invoice: InvoiceRecord): void {
    const held = describeHeld(invoice)
    if (held !== undefined) this.#services.events.append('invoice.held', held)
  }

  /** Forgets the oldest invoices that hold no HTLC and are in the store anyway. */
  #remember(hash: string, state: ReceiveState): void {
    this.#states.set(hash, state)
    if (this.#states.size <= REMEMBERED_INVOICES) return
    for (const [oldest, { parts }] of this.#states) {
      if (parts.length === 0 && oldest !== hash && !this.#held.has(oldest)) {
        this.#states.delete(oldest)
        return
      }
    }
  }

  #env() {
    const { clock, height, upstream } = this.#services
    return { now: clock.now(), height: height(), canClaim: upstream.canClaim, mayHold: this.#mayHold }
  }

  readonly #mayHold = ({ owner }: HoldRecord, more: number): boolean => {
    let payments = 1
    let htlcs = more
    for (const hash of this.#held) {
      const invoice = this.#states.get(hash)?.invoice
      if (invoice?.type !== 'hold' || invoice.state.type !== 'held' || invoice.owner !== owner) continue
      payments += 1
      htlcs += invoice.state.htlcs.length
    }
    const most = owner === undefined ? MAX_HELD.operator : MAX_HELD.plugin
    return payments <= most.payments && htlcs <= most.htlcs
  }
}

const isFor = (owner: string | undefined, invoice: InvoiceRecord): boolean =>
  invoice.type !== 'keysend' && (owner === undefined || (invoice.type === 'hold' && invoice.owner === owner))

const hasCome = ({ state }: InvoiceRecord): boolean => state.type === 'settled' || state.type === 'held'

const isStillDue = (status: InvoiceStatus): boolean => status === 'open' || status === 'held'

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
