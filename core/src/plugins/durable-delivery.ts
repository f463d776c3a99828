import type { ContractError, Cursor, EventName } from '@fulgurite/plugin-sdk/contract'
import { stackOf } from '../lib/errors.ts'
import type { EncodedEvent, EventLogPort } from '../node/contract-gateway.ts'
import { matchesFilter } from './field-filter.ts'
import type { FieldFilter } from './manifest.ts'

export interface DeliveryOptions {
  readonly log: EventLogPort
  readonly label: string
  readonly name: EventName
  /** Only these reach the plugin; the rest is passed over, cursor and all. */
  readonly filter: FieldFilter | undefined
  /** The last event done; `undefined` begins with the oldest kept. */
  readonly cursor: Cursor | undefined
  /** Events held in memory at most. */
  readonly capacity: number
  /** There may be something to take. */
  readonly onAvailable: () => void
  readonly onError: (error: ContractError) => void
}

const PAGE = 512

/**
 * One durable subscription: reads the log from its cursor until it has caught up, then follows it as it grows. What does
 * not fit in memory is left in the log and read again later, so that a plugin that lags costs the node nothing.
 */
export class DurableDelivery {
  readonly label: string
  readonly #options: DeliveryOptions
  #waiting: EncodedEvent[] = []
  #inFlight: EncodedEvent[] = []
  /** The last event that was put in memory, or passed over. */
  #read: Cursor | undefined
  #readSequence = -1
  /** Caught up: events come from the stream. Otherwise the log is read. */
  #live = false
  #missed = false
  #reading = false
  #stopped = false
  readonly #unsubscribe: () => void

  constructor(options: DeliveryOptions) {
    this.#options = options
    this.label = options.label
    this.#read = options.cursor
    this.#unsubscribe = options.log.subscribe({ names: [options.name] }, (event) => this.#heard(event))
    this.#keepReading()
  }

  stop(): void {
    this.#stopped = true
    this.#unsubscribe()
  }

  /** Takes what is next, if what was taken before is done. */
  take(maxCount: number, maxChars: number): readonly EncodedEvent[] {
    if (this.#inFlight.length > 0 || this.#waiting.length === 0) return NONE
    let count = 0
    let chars = 0
    for (const { text } of this.#waiting) {
      chars += text.length
      if (count >= maxCount || (count > 0 && chars > maxChars)) break
      count += 1
    }
    this.#inFlight = this.#waiting.splice(0, count)
    if (this.#waiting.length < PAGE && !this.#live) this.#keepReading()
    return this.#inFlight
  }

  /** The next `count` events are done. Returns the last of them; `undefined` if there are not so many. */
  done(count: number): EncodedEvent | undefined {
    const last = this.#inFlight[count - 1]
    if (last === undefined) return undefined
    this.#inFlight = count === this.#inFlight.length ? [] : this.#inFlight.slice(count)
    return last
  }

  get available(): boolean {
    return this.#waiting.length > 0 && this.#inFlight.length === 0
  }

  #heard(event: EncodedEvent): void {
    // What is not in the log cannot be promised.
    if (event.sequence === 0 || this.#stopped) return
    if (!this.#live || this.#waiting.length >= this.#options.capacity) {
      this.#live = false
      this.#missed = true
      // Reading had to stop at an error: there is another chance with every event.
      if (this.#waiting.length === 0) this.#keepReading()
      return
    }
    this.#keep(event)
    if (this.#waiting.length > 0) this.#options.onAvailable()
  }

  #keep(event: EncodedEvent): void {
    if (event.sequence <= this.#readSequence) return
    this.#read = event.cursor
    this.#readSequence = event.sequence
    const { filter } = this.#options
    if (filter === undefined || matchesFilter(filter, payloadOf(event))) this.#waiting.push(event)
  }

  #keepReading(): void {
    this.#readOn().catch((thrown: unknown) => {
      this.#reading = false
      this.#options.onError({ code: 'internal', message: stackOf(thrown) })
    })
  }

  async #readOn(): Promise<void> {
    if (this.#reading || this.#stopped) return
    this.#reading = true
    while (!this.#live && this.#waiting.length < this.#options.capacity && !this.#stopped) {
      this.#missed = false
      const limit = Math.min(PAGE, this.#options.capacity)
      const read = await this.#options.log.replay(this.#read, { names: [this.#options.name] }, limit)
      if (!read.ok) {
        this.#options.onError(read.error)
        // What is no longer kept cannot be had: go on with the oldest that is.
        if (read.error.code !== 'cursor-expired' || this.#read === undefined) break
        this.#read = undefined
        continue
      }
      for (const event of read.value.events) this.#keep(event)
      this.#read = read.value.next
      if (read.value.events.length > 0) this.#options.onAvailable()
      // Nothing came while the log was found empty: from here on the stream has it all.
      else if (!this.#missed) this.#live = true
    }
    this.#reading = false
  }
}

const NONE: readonly EncodedEvent[] = []

const payloadOf = ({ text }: EncodedEvent): unknown => (JSON.parse(text) as { readonly payload: unknown }).payload
