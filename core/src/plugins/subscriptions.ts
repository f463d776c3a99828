import { type Cursor, type EventName, events } from '@fulgurite/plugin-sdk/contract'
import { err, ok, type Result } from '../lib/result.ts'
import type { EventLogPort } from '../node/contract-gateway.ts'
import type { CellFault } from './cell-protocol.ts'
import { DurableDelivery } from './durable-delivery.ts'
import { type HostStore, type HostWrite, keys } from './host-store.ts'
import type { Manifest } from './manifest.ts'
import type { PluginLog } from './plugin-log.ts'

export interface SubscriptionsOptions {
  readonly manifest: Manifest
  readonly events: EventLogPort
  readonly store: HostStore
  readonly log: PluginLog
  readonly installCursor: Cursor
  readonly onAvailable: () => void
}

/** A durable subscription as the plugin registered it. */
type Registered = readonly [label: string, name: string, from: string]

const BATCH_CHARS = 256 * 1024

/** Events as the text of a turn, and how many they are. */
export interface Batch {
  readonly text: string
  readonly count: number
}

/** The durable subscriptions of one run of a plugin, and the rows that say how far each is. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions
  readonly #deliveries = new Map<string, DurableDelivery>()
  #stopped = false

  constructor(options: SubscriptionsOptions) {
    this.#options = options
  }

  /** What is wrong with what a plugin registered, beyond its grant. */
  static fault(registered: readonly Registered[]): CellFault | undefined {
    const labels = new Set(registered.map(([label]) => label))
    if (labels.size < registered.length) return violation('two subscriptions have the same label')
    const ephemeral = registered.find(([, name]) => events[name as EventName]?.durability !== 'durable')
    return ephemeral && violation(`${ephemeral[0]}: ${ephemeral[1]} is not kept: follow it with events.on`)
  }

  /** Goes on where each subscription was, or begins it where it asks to begin. */
  async start(registered: readonly Registered[]): Promise<void> {
    const { manifest, events: log, store, onAvailable } = this.#options
    const { name: plugin, permissions, limits } = manifest
    for (const [label, name, from] of registered) {
      const key = keys.cursor(plugin, label)
      let cursor = await store.get(key)
      if (cursor === undefined) {
        cursor = this.#origin(from)
        await store.put([[key, cursor]])
      }
      if (this.#stopped) return
      const delivery = new DurableDelivery({
        log,
        label,
        name: name as EventName,
        filter: permissions.events[name]?.filter,
        cursor,
        capacity: limits.queueEvents,
        onAvailable,
        onError: ({ code, message }) => this.#options.log.host('warn', `${label}: ${code}: ${message}`),
      })
      this.#deliveries.set(label, delivery)
    }
  }

  stop(): void {
    this.#stopped = true
    for (const delivery of this.#deliveries.values()) delivery.stop()
  }

  /** Takes up to `count` events of each subscription that has done what it was given. */
  take(count: number): Batch {
    let text = ''
    let taken = 0
    for (const delivery of this.#deliveries.values()) {
      const batch = delivery.take(count, BATCH_CHARS)
      if (batch.length === 0) continue
      taken += batch.length
      let list = ''
      for (const event of batch) list = list === '' ? event.text : `${list},${event.text}`
      text += `${text === '' ? '' : ','}[${JSON.stringify(delivery.label)},[${list}]]`
    }
    return { text, count: taken }
  }

  /** The next `count` events of a subscription are done: the row to keep. */
  done(label: string, count: number): Result<readonly HostWrite[], CellFault> {
    const last = count === 0 ? undefined : this.#deliveries.get(label)?.done(count)
    if (last === undefined) return err(violation(`${label}: more events acknowledged than were sent`))
    return ok([[keys.cursor(this.#options.manifest.name, label), last.cursor]])
  }

  /** The next event of a subscription is set aside: the rows to keep. */
  setAside(label: string, error: string, now: number): Result<readonly HostWrite[], CellFault> {
    const event = this.#deliveries.get(label)?.done(1)
    if (event === undefined) return err(violation(`${label}: an event was set aside that was not sent`))
    const { name } = this.#options.manifest
    const row = JSON.stringify({ at: now, error: error.slice(0, 4_096), event: event.text })
    const words = `event-parked: ${label}: ${event.name} at ${event.cursor} failed repeatedly and is set aside`
    this.#options.log.host('error', words)
    return ok([
      [keys.parked(name, label, event.cursor), row],
      [keys.cursor(name, label), event.cursor],
    ])
  }

  #origin(from: string): Cursor {
    if (from === 'now') return this.#options.events.head()
    return from.startsWith('after:') ? from.slice('after:'.length) : this.#options.installCursor
  }
}

const violation = (text: string): CellFault => ({ code: 'protocol-violation', text })
