import { type Cursor, type EventName, events } from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import { err, ok, type Result } from '../lib/result.ts'
import type { EncodedEvent, EventLogPort } from '../node/contract-gateway.ts'
import { MEMORY_CAPS, type MemoryAccount } from './account.ts'
import type { CellFault } from './cell-protocol.ts'
import { DurableDelivery } from './durable-delivery.ts'
import type { EventFilters } from './event-filters.ts'
import { type HostStore, keys } from './host-store.ts'
import { LogReader } from './log-reader.ts'
import type { RetriedEvent } from './parked-events.ts'
import type { PluginLog } from './plugin-log.ts'

export interface SubscriptionsOptions {
  readonly manifest: Manifest
  readonly events: EventLogPort
  readonly filters: EventFilters
  /** Does work of the core's thread on the plugin's account. */
  readonly charged: <T>(work: () => T) => T
  readonly store: HostStore
  readonly account: MemoryAccount
  readonly log: PluginLog
  readonly installCursor: Cursor
  readonly onAvailable: () => void
}

/** A durable subscription as the plugin registered it. */
type Registered = readonly [label: string, name: string, from: string]

const BATCH_CHARS = 256 * 1024
const LEAST_CHARS = 64 * 1024

/** Events as the text of a turn, and their number. */
export interface Batch {
  readonly text: string
  readonly count: number
}

/** The durable subscriptions of one run of a plugin, and the rows that say how far each is. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions
  readonly #deliveries: DurableDelivery[] = []
  readonly #byLabel = new Map<string, DurableDelivery>()
  readonly #byName = new Map<EventName, DurableDelivery[]>()
  #unsubscribe: (() => void) | undefined
  #first = 0
  #stopped = false

  constructor(options: SubscriptionsOptions) {
    this.#options = options
  }

  /** What is wrong with the subscriptions that a plugin registered, apart from its grant. */
  static fault(registered: readonly Registered[]): CellFault | undefined {
    const labels = new Set(registered.map(([label]) => label))
    if (labels.size < registered.length) return violation('two subscriptions have the same label')
    const ephemeral = registered.find(([, name]) => events[name as EventName]?.durability !== 'durable')
    return ephemeral && violation(`${ephemeral[0]}: ${ephemeral[1]} is not kept: follow it with events.on`)
  }

  /** Continues each subscription where it was, or begins it where it asks to begin. */
  async start(registered: readonly Registered[]): Promise<void> {
    const { manifest, events: log, filters, charged, store, account, onAvailable } = this.#options
    const { name: plugin, limits } = manifest
    const cursors = await Promise.all(registered.map(([label]) => store.get(keys.cursor(plugin, label))))
    const begun = registered.map(([label, name, from], i) => {
      const cursor = cursors[i] ?? this.#origin(from)
      return { label, name: name as EventName, cursor, row: [keys.cursor(plugin, label), cursor] as const }
    })
    const fresh = begun.filter((_, i) => cursors[i] === undefined)
    if (fresh.length > 0) await store.put(fresh.map(({ row }) => row))
    if (this.#stopped) return
    const reader = new LogReader(log)
    // All together may hold as much as one alone.
    const capacity = Math.max(1, Math.floor(limits.queueEvents / begun.length))
    const capacityBytes = Math.floor(MEMORY_CAPS.events / begun.length)
    for (const { label, name, cursor } of begun) {
      const delivery = new DurableDelivery({
        reader,
        account,
        label,
        name,
        wants: (event) => filters.wants(event),
        charged,
        cursor,
        capacity,
        capacityBytes,
        onAvailable,
        onError: ({ code, message }) => this.#options.log.host('warn', `${label}: ${code}: ${message}`),
      })
      this.#deliveries.push(delivery)
      this.#byLabel.set(label, delivery)
      const named = this.#byName.get(name)
      if (named === undefined) this.#byName.set(name, [delivery])
      else named.push(delivery)
    }
    const names = [...this.#byName.keys()]
    if (names.length > 0) this.#unsubscribe = log.subscribe({ names }, (event) => this.#heard(event))
  }

  stop(): void {
    this.#stopped = true
    this.#unsubscribe?.()
    for (const delivery of this.#deliveries) delivery.stop()
  }

  /** How many events can be taken now, of all subscriptions. */
  get waiting(): number {
    return this.#deliveries.reduce((sum, { available }) => sum + available, 0)
  }

  /**
   * Takes up to `maxCount` events in `maxChars` characters, of each subscription that has done what it was given. Those that
   * find no place are the first to be asked the next time.
   */
  take(maxCount: number, maxChars: number): Batch {
    const all = this.#deliveries
    let text = ''
    let taken = 0
    for (let i = 0; i < all.length; i++) {
      const at = (this.#first + i) % all.length
      const chars = Math.min(BATCH_CHARS, maxChars - text.length)
      if (taken >= maxCount || chars < LEAST_CHARS) {
        this.#first = at
        break
      }
      const delivery = all[at] as DurableDelivery
      const batch = delivery.take(maxCount - taken, chars)
      if (batch.length === 0) continue
      taken += batch.length
      let list = ''
      for (const event of batch) list = list === '' ? event.text : `${list},${event.text}`
      text += `${text === '' ? '' : ','}[${JSON.stringify(delivery.label)},[${list}]]`
    }
    return { text, count: taken }
  }

  /** Checks that as many events were sent as the plugin says are done. Errors: `protocol-violation`. */
  sent(label: string, count: number): Result<EncodedEvent | RetriedEvent, CellFault> {
    const last = count === 0 ? undefined : this.#byLabel.get(label)?.sent(count)
    return last === undefined ? err(violation(`${label}: more events acknowledged than were sent`)) : ok(last)
  }

  /** The next `count` events of a subscription, which were sent, are done. */
  done(label: string, count: number): void {
    this.#byLabel.get(label)?.done(count)
  }

  /** Gives an event that was set aside back to its subscription; false where there is none, or no room. */
  retry(label: string, event: RetriedEvent): boolean {
    return this.#byLabel.get(label)?.retry(event) === true
  }

  #heard(event: EncodedEvent): void {
    const { filters, charged } = this.#options
    const deliveries = this.#byName.get(event.name) ?? []
    const tell = (): void => {
      for (const delivery of deliveries) delivery.heard(event)
    }
    // To put by what comes once and unread costs less than to measure it, and it is charged with its turn.
    if (deliveries.length > 1 || filters.has(event.name)) charged(tell)
    else tell()
  }

  #origin(from: string): Cursor {
    if (from === 'now') return this.#options.events.head()
    return from.startsWith('after:') ? from.slice('after:'.length) : this.#options.installCursor
  }
}

const violation = (text: string): CellFault => ({ code: 'protocol-violation', text })
