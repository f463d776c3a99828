import type { ActorContext, Behaviour, BehaviourFactory } from '../../actor/types.ts'
import type { SettleEffect } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { PaymentRequest, SentPayment } from '../../payment/send/payment.ts'
import { decodeSentPayment, encodeSentPayment } from '../../payment/send/payment-codec.ts'
import { parsePaymentReference } from '../../payment/send/payment-reference.ts'
import { resting, startPayment } from '../../payment/send/send-machine.ts'
import type { SendInput, SendingEffect, SendState, StartError } from '../../payment/send/send-protocol.ts'
import type { Step } from '../../payment/step.ts'
import type { Store, Write } from '../../store/store.ts'
import { hashesInChannels } from '../channel/hashes-in-channels.ts'
import { outboxDeletion } from '../channel/settlement-outbox.ts'
import { commandListing, commandRowKey } from '../storage/command-key.ts'
import { offerPaymentRemovals } from '../storage/offer-payment-row.ts'
import { type OnUnreadable, readRow, readRowOfMany } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'
import { type ArchivedPayment, archivedPaymentWrite, findArchivedPayment } from './archived-payments.ts'
import {
  hashOfPaymentKey,
  mendedIndex,
  PAYMENT_STATUS,
  paymentIndexRemoval,
  paymentIndexWrites,
} from './payment-index.ts'
import { type LookedAtRow, type RemovedRows, removable, sumOf } from './removable.ts'
import { reportFailedParts, reportPaymentEnded } from './report-payment.ts'
import type { SearchInput } from './route-searches.ts'
import { type AddedInput, Sending, type SendingServices } from './sending.ts'

export interface PaymentsServices extends SendingServices {
  /** A payment begins that was asked under this key. Returns what belongs in the commit of its first row. */
  begun(key: string): readonly Write[]
}

/** A payment of this hash has arrived, and its row was removed since. */
interface PaidAndArchived extends ArchivedPayment {
  readonly code: 'paid-and-archived'
}

/** What the sender of payments is told and asked. */
export type PaymentsProtocol = {
  /** Answers when the payment has ended. Asking again with the same key joins the payment, or returns the stored answer. */
  pay: { readonly request: PaymentRequest; readonly reply: Result<SentPayment, StartError | PaidAndArchived> }
  /** The outcome of an HTLC whose origin is `local`. */
  settled: { readonly request: SettleEffect; readonly reply: void }
  added: {
    readonly request: { readonly hash: string; readonly input: AddedInput }
    readonly reply: void
  }
  /** What has become of a question about routes. */
  searched: { readonly request: { readonly hash: string; readonly input: SearchInput }; readonly reply: void }
  /**
   * At the start, before any peer is connected: which attempts are held by some channel or outbox row, by payment hash. Of others their
   * channels are asked.
   */
  resume: {
    readonly request: {
      readonly held: Readonly<Record<string, readonly number[]>>
      /** Begun before the database was put back, which lacks what some channel has done since: attempts may be out that no row has. */
      readonly unsure: readonly string[]
    }
    readonly reply: void
  }
  /** What was unsure at the start is certain: no channel has done anything that the database lacks. */
  cleared: { readonly request: Record<string, never>; readonly reply: void }
  /** Rows that are in the archive: those that are unchanged and that nothing needs are removed. Answered once that is durable. */
  remove: {
    readonly request: { readonly lookedAt: readonly LookedAtRow[]; readonly archivedAt: TimestampMs }
    readonly reply: RemovedRows
  }
}

export const PAYMENTS_LANES = {
  settled: 'priority',
  added: 'priority',
  searched: 'priority',
  resume: 'priority',
  cleared: 'priority',
} as const

/** Sends payments: a driver for `payment/send`, which makes the decisions. */
export const paymentsBehaviour =
  (services: PaymentsServices): BehaviourFactory<PaymentsProtocol> =>
  (context) =>
    new PaymentsDriver(services, context).behaviour()

class PaymentsDriver {
  readonly #services: PaymentsServices
  readonly #live = new Map<string, SendState>()
  readonly #admitting = new Map<string, Promise<void>>()
  readonly #waiting = new Map<string, ((payment: SentPayment) => void)[]>()
  /** Payments that are unsure, with those of their attempts of which something tells. */
  readonly #unsure = new Map<string, readonly number[]>()
  readonly #sending: Sending

  constructor(services: PaymentsServices, context: ActorContext<PaymentsProtocol>) {
    this.#services = services
    this.#sending = new Sending(services, {
      added: (hash, input) => context.self.tell('added', { hash, input }),
      searched: (hash, input) => context.self.tell('searched', { hash, input }),
      searchedLater: (delayMs, hash, input) => context.schedule(delayMs, 'searched', { hash, input }),
    })
  }

  behaviour(): Behaviour<PaymentsProtocol> {
    return {
      handlers: {
        pay: (request) => this.#pay(request),
        settled: (effect) => {
          const { origin, outcome } = effect
          if (origin.type !== 'local') return
          const { paymentHash, attempt } = parsePaymentReference(origin.payment)
          this.#input(toHex(paymentHash), { type: 'settled', attempt, outcome })
          this.#services.store.submit([outboxDeletion(effect)])
        },
        added: ({ hash, input }) => this.#input(hash, input),
        searched: ({ hash, input }) => this.#input(hash, input),
        resume: ({ held, unsure }) => this.#resume(held, new Set(unsure)),
        cleared: () => this.#cleared(),
        remove: ({ lookedAt, archivedAt }) => this.#remove(lookedAt, archivedAt),
      },
    }
  }

  /** One at a time for each hash: a decision that was made from the store must still hold when it is carried out. */
  async #pay(request: PaymentRequest): Promise<Result<SentPayment, StartError | PaidAndArchived>> {
    const hash = toHex(request.target.paymentHash)
    const earlier = this.#admitting.get(hash)
    const admitted = (earlier ?? Promise.resolve()).then(() => this.#admit(hash, request))
    const settled = admitted.then(
      () => undefined,
      () => undefined,
    )
    this.#admitting.set(hash, settled)
    const result = await admitted
    if (this.#admitting.get(hash) === settled) this.#admitting.delete(hash)
    if (!result.ok) return result
    return ok('ended' in result.value ? await result.value.ended : result.value)
  }

  /** Starts, joins or refuses; what it returns resolves when the payment has ended. */
  async #admit(
    hash: string,
    request: PaymentRequest,
  ): Promise<Result<SentPayment | { readonly ended: Promise<SentPayment> }, StartError | PaidAndArchived>> {
    const { paymentHash } = request.target
    // A payment that has ended is on its way to the disk: those who wait for it are told first, and then another try may begin.
    if (this.#live.get(hash)?.payment.endedAt !== undefined) await this.#services.store.flush()
    const live = this.#live.get(hash)?.payment
    // In this order: what is removed meanwhile is found in one place or the other.
    const previous = live ?? (await readPayment(this.#services.store, paymentHash))
    const archived = previous === undefined ? await findArchivedPayment(this.#services.store, paymentHash) : undefined
    if (archived !== undefined) return err({ code: 'paid-and-archived', ...archived })
    const started = startPayment(previous, request, this.#sending.env())
    if (!started.ok) return started
    const { payment } = started.value.state
    if (payment === previous && payment.endedAt !== undefined) return ok(payment)
    const ended = this.#ended(hash)
    if (payment !== previous) this.#apply(hash, previous, started.value)
    // Wrapped: a promise inside a promise would be waited for here.
    return ok({ ended })
  }

  #ended(hash: string): Promise<SentPayment> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(hash)
      if (waiting === undefined) this.#waiting.set(hash, [resolve])
      else waiting.push(resolve)
    })
  }

  #input(hash: string, input: SendInput): void {
    const before = this.#live.get(hash)
    if (before !== undefined) this.#apply(hash, before.payment, this.#sending.step(before, input))
  }

  #apply(hash: string, before: SentPayment | undefined, step: Step<SendState, SendingEffect>): void {
    const { state, effects } = this.#sending.withAnswers(hash, step)
    const { payment } = state
    this.#live.set(hash, state)
    // The row is submitted before any channel is told: no commit holds the HTLC without it.
    if (payment !== before) {
      const begun = payment.key === before?.key ? [] : this.#services.begun(payment.key)
      this.#services.store.submit([...begun, ...paymentWrites(before, payment)], () => {
        if (payment.endedAt === undefined) return
        this.#live.delete(hash)
        this.#tell(hash, payment)
      })
      reportFailedParts(this.#services.events, before, payment)
    }
    for (const effect of effects) {
      if (effect.type === 'add-htlc') void this.#sending.offer(hash, effect, effect.reference)
      else reportPaymentEnded(this.#services.events, effect.payment)
    }
  }

  #tell(hash: string, payment: SentPayment): void {
    for (const resolve of this.#waiting.get(hash) ?? []) resolve(payment)
    this.#waiting.delete(hash)
  }

  async #resume(held: Readonly<Record<string, readonly number[]>>, unsure: ReadonlySet<string>): Promise<void> {
    const pending = await this.#services.store.scan(TABLE.paymentByStatus, {
      to: Uint8Array.of(PAYMENT_STATUS['in-flight'] + 1),
    })
    for (const { key } of pending) {
      const paymentHash = hashOfPaymentKey(key)
      const payment = await readPayment(this.#services.store, paymentHash)
      if (payment === undefined) continue
      const mended = mendedIndex(key, payment)
      if (mended.length > 0) {
        this.#services.store.submit(mended)
        continue
      }
      const hash = toHex(paymentHash)
      const known = held[hash] ?? []
      const certain = [...known, ...(await this.#sending.untold(payment, known))]
      if (unsure.has(hash)) {
        this.#unsure.set(hash, certain)
        this.#live.set(hash, { ...resting(payment), isUnsure: true })
      } else {
        this.#live.set(hash, resting(payment))
        this.#input(hash, { type: 'resumed', held: certain })
      }
    }
  }

  /** Nothing was sent for them since the start. */
  async #cleared(): Promise<void> {
    for (const [hash, certain] of this.#unsure) {
      this.#unsure.delete(hash)
      const payment = this.#live.get(hash)?.payment
      if (payment === undefined) continue
      const untold = await this.#sending.untold(payment, certain)
      this.#input(hash, { type: 'resumed', held: [...certain, ...untold] })
    }
  }

  async #remove(lookedAt: readonly LookedAtRow[], archivedAt: TimestampMs): Promise<RemovedRows> {
    const { store, channelDirectory } = this.#services
    const current = await store.getAll(
      TABLE.payment,
      lookedAt.map(({ paymentHash }) => paymentHash),
    )
    // From here to the submission is one step: a row that nothing needs now is gone before anything can need it.
    const held = hashesInChannels(channelDirectory)
    const isInUse = (hash: string): boolean => this.#live.has(hash) || this.#admitting.has(hash) || held.has(hash)
    const gone = removable(lookedAt, current, isInUse)
    const writes = gone.flatMap(({ paymentHash, row }) => removalWrites(paymentHash, row, archivedAt))
    return new Promise((resolve) => store.submit(writes, () => resolve(sumOf(gone))))
  }
}

/** The payment of this hash as the disk holds it. */
export const readPayment = async (store: Store, paymentHash: PaymentHash): Promise<SentPayment | undefined> => {
  const row = await store.get(TABLE.payment, paymentHash)
  return row === undefined ? undefined : readRow(TABLE.payment, paymentHash, decodeSentPayment(row))
}

/** Payments of these hashes, without those that cannot be read. */
export const readPayments = async (
  store: Store,
  hashes: readonly PaymentHash[],
  onUnreadable: OnUnreadable,
): Promise<readonly (SentPayment | undefined)[]> =>
  (await store.getAll(TABLE.payment, hashes)).map((row, at) =>
    row === undefined
      ? undefined
      : readRowOfMany(TABLE.payment, hashes[at] as PaymentHash, decodeSentPayment(row), onUnreadable),
  )

/** A payment that arrived leaves its hash behind; one that failed leaves nothing, and may be tried again. */
const removalWrites = (paymentHash: PaymentHash, row: Uint8Array, archivedAt: TimestampMs): readonly Write[] => {
  const payment = readRow(TABLE.payment, paymentHash, decodeSentPayment(row))
  const { status, key, startedAt, endedAt: settledAt = startedAt } = payment
  return [
    { table: TABLE.payment, key: paymentHash, value: undefined },
    paymentIndexRemoval(payment),
    ...offerPaymentRemovals(key, paymentHash),
    // The key of a failed payment has an outcome of its own, with its own age.
    ...(status === 'settled'
      ? [
          archivedPaymentWrite(paymentHash, { settledAt, archivedAt }),
          { table: TABLE.command, key: commandRowKey(key), value: undefined },
        ]
      : []),
  ]
}

const paymentWrites = (before: SentPayment | undefined, payment: SentPayment): readonly Write[] => [
  { table: TABLE.payment, key: payment.target.paymentHash, value: encodeSentPayment(payment) },
  ...paymentIndexWrites(before, payment),
  ...(payment.status === 'failed' ? failedCommand(payment) : []),
]

/** Its command goes by its age, whether or not the node lives on to store the outcome: the row says if it may. */
const failedCommand = ({ key, endedAt = 0 }: SentPayment): readonly Write[] =>
  key === '' ? [] : [commandListing(endedAt, commandRowKey(key))]
