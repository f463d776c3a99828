import type { CancelTimer, Clock } from '../lib/clock.ts'
import type { PluginGateway } from '../node/contract-gateway.ts'
import { Budgets } from './budgets.ts'
import { type HostStore, listAll } from './host-store.ts'
import { LedgerClock } from './ledger-clock.ts'
import { type KeptLedger, ledgerRows, readLedger } from './ledger-rows.ts'

export interface LedgerOptions {
  readonly store: HostStore
  readonly gateway: PluginGateway
  readonly clock: Clock
  readonly onStoreFailed: (thrown: unknown) => void
}

/** How often the ledger stores its time. Each start may make a window longer by this much. */
const KEEP_TIME_MS = 60_000

/** The limits of every plugin that was ever installed on this node, by name. */
export class Ledger {
  readonly #options: LedgerOptions
  readonly #clock: LedgerClock
  readonly #kept: KeptLedger
  readonly #budgets = new Map<string, Budgets>()
  #cancelTimer: CancelTimer | undefined

  private constructor(options: LedgerOptions, kept: KeptLedger) {
    this.#options = options
    this.#kept = kept
    this.#clock = new LedgerClock(options.clock, kept.time)
  }

  /** Loads what was stored. It first looks up commands that were under way when the node ended, also those of removed plugins. */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const ledger = new Ledger(options, readLedger(await listAll(options.store, ledgerRows.prefix)))
    await Promise.all([...ledger.#kept.reservations.keys()].map((plugin) => ledger.of(plugin).recover()))
    ledger.#tick()
    return ledger
  }

  /** The budgets of a name; the same object for every call. */
  of(plugin: string): Budgets {
    let budgets = this.#budgets.get(plugin)
    if (budgets === undefined) {
      const { store, gateway, onStoreFailed } = this.#options
      budgets = new Budgets(
        { plugin, store, gateway, clock: this.#clock, onStoreFailed },
        {
          reservations: this.#kept.reservations.get(plugin) ?? [],
          usage: this.#kept.usage.get(plugin),
          left: this.#kept.left.get(plugin),
        },
      )
      this.#budgets.set(plugin, budgets)
    }
    return budgets
  }

  close(): void {
    this.#cancelTimer?.()
  }

  #tick(): void {
    const { store, clock, onStoreFailed } = this.#options
    this.#cancelTimer = clock.setTimer(KEEP_TIME_MS, () => {
      store.put([ledgerRows.time(this.#clock.now())]).catch(onStoreFailed)
      this.#tick()
    })
  }
}
