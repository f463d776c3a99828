import type { EventName } from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import type { EncodedEvent, EventLogPort } from '../node/contract-gateway.ts'
import type { EventFilters } from './event-filters.ts'
import type { Inbox } from './inbox.ts'
import type { PluginLog } from './plugin-log.ts'

export interface LiveEventsOptions {
  readonly manifest: Manifest
  readonly events: EventLogPort
  readonly filters: EventFilters
  /** Does work of the core's thread on the plugin's account. */
  readonly charged: <T>(work: () => T) => T
  readonly inbox: Inbox
  readonly log: PluginLog
  readonly onAvailable: () => void
}

/** The events that a plugin follows while it runs. If it does not keep up, the oldest are dropped. */
export class LiveEvents {
  readonly #options: LiveEventsOptions
  #unsubscribe: (() => void) | undefined
  #dropped = false

  constructor(options: LiveEventsOptions) {
    this.#options = options
  }

  follow(names: readonly EventName[]): void {
    if (names.length === 0) return
    this.#unsubscribe = this.#options.events.subscribe({ names }, (event) => this.#heard(event))
  }

  stop(): void {
    this.#unsubscribe?.()
  }

  #heard(event: EncodedEvent): void {
    const { manifest, filters, charged, inbox, log, onAvailable } = this.#options
    if (filters.has(event.name) && !charged(() => filters.wants(event))) return
    const dropped = inbox.live(event, manifest.limits.queueEvents)
    if (dropped > 0 && !this.#dropped) {
      this.#dropped = true
      log.host('warn', 'queue-full: the plugin is behind, so its oldest live events are dropped')
    }
    onAvailable()
  }
}
