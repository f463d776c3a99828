import type { ContractError } from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import { ok, type Result } from '../lib/result.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import type { CallContext, Cost, Outcome, PluginGateway, Prepared } from '../node/contract-gateway.ts'
import type { HostStore, HostWrite } from './host-store.ts'
import type { LedgerClock } from './ledger-clock.ts'
import { ledgerRows } from './ledger-rows.ts'
import { LeftBehind } from './left-behind.ts'
import { costOf, isDecided, NOTHING, type Reservation, Reservations } from './reservations.ts'
import { UsageCounts } from './usage-counts.ts'

export interface BudgetsOptions {
  readonly plugin: string
  readonly store: HostStore
  readonly gateway: PluginGateway
  readonly clock: LedgerClock
  readonly onStoreFailed: (thrown: unknown) => void
}

/** What is known of a plugin's name from earlier lives of the node. */
interface KeptBudgets {
  readonly reservations: readonly Reservation[]
  readonly usage: string | undefined
  readonly left: string | undefined
}

/** What is used in the current window, including what is set aside; `keeps` counts for a day. */
export interface Used extends Cost {
  readonly actions: number
  readonly queries: number
  readonly keeps: number
}

/** An invoice of the longest description, or an address, with the rows that find it. */
const KEPT_BYTES = 2_048
/** From this amount on, money limits what is left: a gigabyte of rows costs hundreds of thousands of satoshis. */
const ROW_PRICE_MSAT = 1_000n
/** A payment that failed, after many tries over long routes, with its key's own row. */
const FAILURE_BYTES = 8_192

/** A command that may be run: it is counted, its worst case is set aside, and both are on their way to the disk. */
export interface Admission {
  run(context: CallContext): Promise<Result<unknown, ContractError>>
}

/**
 * What a plugin's name has done and spent, compared with its grant: over its runs, versions and installations, and over restarts of
 * the node. What may be spent is durable before the node is asked. A count is written before the thing that it counts, so that
 * nothing leaves the node whose count could be lost.
 */
export class Budgets {
  readonly #options: BudgetsOptions
  readonly #reservations: Reservations
  readonly #left: LeftBehind
  readonly #keptUsage: string | undefined
  #usage: UsageCounts | undefined
  #manifest: Manifest | undefined
  #asks: TokenBucket | undefined
  /** What has been prepared for an open reservation of this life, and the commit that holds it. */
  readonly #running = new Map<
    string,
    { readonly prepared: Prepared; readonly durable: Promise<void>; isFollowed: boolean }
  >()

  constructor(options: BudgetsOptions, kept: KeptBudgets) {
    this.#options = options
    this.#reservations = new Reservations(kept.reservations)
    this.#left = new LeftBehind(this.#now(), kept.left)
    this.#keptUsage = kept.usage
  }

  /** What the plugin is granted from now on. */
  grant(manifest: Manifest): void {
    const now = this.#now()
    const { asksPerSecond } = manifest.limits
    this.#manifest = manifest
    this.#asks = new TokenBucket(asksPerSecond, 2 * asksPerSecond, now, this.#asks?.left(now))
    if (this.#usage === undefined) this.#usage = new UsageCounts(manifest, now, this.#keptUsage)
    else this.#usage.grant(manifest, now)
  }

  /** What counts now against the grant of this manifest, which is the plugin's. */
  used(manifest: Manifest): Used {
    if (this.#usage === undefined) this.grant(manifest)
    const now = this.#now()
    const { windowMs } = manifest.budget
    return { ...this.#reservations.used(now, windowMs), ...this.#counts().used(now), keeps: this.#left.inDay(now) }
  }

  /** Whether it may ask anything now. */
  mayAsk(): boolean {
    return this.#asks?.take(this.#now()) === true
  }

  /** About how many bytes the plugin's commands have left on the disk for ever. */
  get keptBytes(): number {
    return this.#left.bytes
  }

  /** Errors: `budget-exceeded`. */
  countQuery(): Result<true, ContractError> {
    const counted = this.#counts().query(this.#now())
    if (!counted.ok) return counted
    if (counted.value) this.#keep(this.#usageRow())
    return ok(true)
  }

  /**
   * Admits a command or refuses it, by its rate, its number and its cost. The worst case is compared and set aside in one step,
   * before anything is awaited. Errors: `rate-limited`, `budget-exceeded`, `idempotency-mismatch`.
   */
  admit(name: string, prepared: Prepared, key: string | undefined): Result<Admission, ContractError> {
    const now = this.#now()
    if (!this.#counts().rate(now, name)) {
      return {
        ok: false,
        error: {
          code: 'rate-limited',
          message: `${name} was asked more often than its grant allows (rate): ask less often`,
        },
      }
    }
    const counted = this.#counts().action(now)
    if (!counted.ok) return counted
    const { budget } = this.#granted()
    const { operation } = prepared
    if (operation.kind !== 'command' || !operation.keyRequired || key === undefined) {
      if (operation.kind === 'command' && operation.effects.includes('keeps')) {
        const room = this.#left.mayAdd(now, budget.keepsPerDay)
        if (!room.ok) return room
        this.#left.add(now, KEPT_BYTES)
      }
      // The node's own writes for the command follow these, so that no commit holds them without the count.
      this.#keep(this.#usageRow(), this.#leftRow())
      return ok({ run: (context) => prepared.run(context).answer })
    }
    if (this.#reservations.get(key, now, budget.windowMs) === undefined) {
      const room = this.#left.mayAdd(now, budget.keepsPerDay)
      if (!room.ok) return room
    }
    const reserved = this.#reservations.reserve(now, budget, name, key, prepared)
    if (!reserved.ok) return reserved
    const { reservation, isNew } = reserved.value
    if (isNew) this.#left.add(now, FAILURE_BYTES)
    const durable = this.#put([this.#usageRow(), this.#leftRow(), ...this.#reservationRows()])
    durable.catch(this.#options.onStoreFailed)
    if (isNew) this.#running.set(key, { prepared, durable, isFollowed: false })
    return ok({ run: (context) => this.#run(reservation, prepared, context) })
  }

  /** Looks up what became of what was under way when the node ended, before anything else is asked. */
  async recover(): Promise<void> {
    await Promise.all(this.#reservations.open().map((reservation) => this.#recall(reservation)))
  }

  async #run(
    reservation: Reservation,
    prepared: Prepared,
    context: CallContext,
  ): Promise<Result<unknown, ContractError>> {
    const { key } = reservation
    const first = this.#running.get(key)
    // If the command is asked again, the first request runs, with what was set aside for it, and never ahead of it.
    if (first === undefined) return prepared.run(context).answer
    await first.durable
    const { answer, outcome } = first.prepared.run(context)
    if (!first.isFollowed) {
      first.isFollowed = true
      void outcome.then((known) => this.#ended(reservation, known))
    }
    return answer
  }

  async #ended(reservation: Reservation, outcome: Outcome): Promise<void> {
    this.#running.delete(reservation.key)
    // It was done long ago under this key, and only the answer is repeated.
    if (outcome.isStored) this.#undo(reservation)
    else if (isDecided(outcome)) this.#settle(reservation, costOf(outcome, reservation.cost))
    else await this.#recall(reservation)
  }

  async #recall(reservation: Reservation): Promise<void> {
    const [actor = '', operation = ''] = reservation.name.split('.')
    const asked: unknown = JSON.parse(reservation.asked)
    const recalled = await this.#options.gateway.recall(actor, operation, asked, this.keyOf(reservation.key))
    switch (recalled.type) {
      case 'never-begun':
        return this.#undo(reservation)
      case 'known':
        return this.#settle(reservation, costOf(recalled.outcome, reservation.cost))
      case 'under-way':
        // A node that is stopping does not know the outcome: the next life looks it up.
        void recalled.outcome.then((outcome) => {
          if (isDecided(outcome)) this.#settle(reservation, costOf(outcome, reservation.cost))
        })
        return
      // The outcome will never be known, so it counts in full, for a window from now.
      case 'unknown':
        return this.#settle(reservation, reservation.cost)
    }
  }

  /** The plugin's key, made the plugin's own. */
  keyOf(key: string): string {
    return `${this.#options.plugin}:${key}`
  }

  /** What is paid for is not on the plugin's account: money bounds it. What costs nothing, or next to nothing, is. */
  #settle(reservation: Reservation, cost: Reservation['cost']): void {
    const now = this.#now()
    const isFirst = this.#reservations.settle(now, reservation, cost)
    const isPaidFor = cost.paysOutMsat + cost.feesMsat >= ROW_PRICE_MSAT
    if (isFirst && isPaidFor) this.#left.giveBack(now, FAILURE_BYTES, reservation.at)
    this.#keep(this.#leftRow(), ...this.#reservationRows())
  }

  /** Nothing was done: nothing is spent, and nothing is left. */
  #undo(reservation: Reservation): void {
    const now = this.#now()
    const isFirst = this.#reservations.settle(now, reservation, NOTHING)
    if (isFirst) this.#left.giveBack(now, FAILURE_BYTES, reservation.at)
    this.#keep(this.#leftRow(), ...this.#reservationRows())
  }

  #now(): number {
    return this.#options.clock.now()
  }

  #counts(): UsageCounts {
    if (this.#usage === undefined) throw new Error('nothing is granted yet')
    return this.#usage
  }

  #granted(): Manifest {
    if (this.#manifest === undefined) throw new Error('nothing is granted yet')
    return this.#manifest
  }

  #usageRow(): HostWrite {
    return ledgerRows.usage(this.#options.plugin, this.#counts().encode(this.#now()))
  }

  #leftRow(): HostWrite {
    return ledgerRows.left(this.#options.plugin, this.#left.encode())
  }

  #reservationRows(): readonly HostWrite[] {
    return this.#reservations.takeChanges().map((change) => ledgerRows.reservation(this.#options.plugin, change))
  }

  #put(rows: readonly HostWrite[]): Promise<void> {
    return rows.length === 0 ? Promise.resolve() : this.#options.store.put(rows)
  }

  #keep(...rows: readonly HostWrite[]): void {
    this.#put(rows).catch(this.#options.onStoreFailed)
  }
}
