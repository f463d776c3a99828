import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import type { EncodedEvent } from '../node/contract-gateway.ts'
import { matchesFilter } from './field-filter.ts'

/** Which events a plugin's grant lets through. An event is looked at once for a plugin, however many subscriptions it has. */
export class EventFilters {
  readonly #permitted: Manifest['permissions']['events']
  readonly #wanted = new WeakMap<EncodedEvent, boolean>()

  constructor({ permissions }: Manifest) {
    this.#permitted = permissions.events
  }

  has(name: EncodedEvent['name']): boolean {
    return this.#permitted[name]?.filter !== undefined
  }

  wants(event: EncodedEvent): boolean {
    const filter = this.#permitted[event.name]?.filter
    if (filter === undefined) return true
    let wanted = this.#wanted.get(event)
    if (wanted === undefined) {
      wanted = matchesFilter(filter, payloadOf(event))
      this.#wanted.set(event, wanted)
    }
    return wanted
  }
}

/**
 * All plugins hear of an event one after another, so the last one that was parsed serves all of them. It is held no longer than
 * that: what plugins have waiting is on their accounts as text alone.
 */
let last: { readonly event: EncodedEvent; readonly payload: unknown } | undefined

const payloadOf = (event: EncodedEvent): unknown => {
  if (last?.event !== event) {
    last = { event, payload: (JSON.parse(event.text) as { readonly payload: unknown }).payload }
  }
  return last.payload
}
