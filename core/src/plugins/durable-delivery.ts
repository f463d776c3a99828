import type { ContractError, Cursor, EventName } from '@fulgurite/plugin-sdk/contract'
import { stackOf } from '../lib/errors.ts'
import { Follower } from '../lib/follower.ts'
import type { EncodedEvent } from '../node/contract-gateway.ts'
import { type MemoryAccount, textBytes } from './account.ts'
import type { LogReader } from './log-reader.ts'
import type { RetriedEvent } from './parked-events.ts'

export interface DeliveryOptions {
  readonly reader: LogReader
  readonly account: MemoryAccount
  readonly label: string
  readonly name: EventName
  /** Only these reach the plugin; the cursor passes the others. */
  readonly wants: (event: EncodedEvent) => boolean
  /** Does work of the core's thread on the plugin's account. */
  readonly charged: <T>(work: () => T) => T
  /** The last event done; `undefined` begins with the oldest kept. */
  readonly cursor: Cursor | undefined
  /** The most events in memory, and their bytes; one event is always held, however large. */
  readonly capacity: number
  readonly capacityBytes: number
  /** There may be something to take. */
  readonly onAvailable: () => void
  readonly onError: (error: ContractError) => void
}

const PAGE = 512

/**
 * One durable subscription: it reads the log from its cursor until it has caught up, then follows the log as it grows. Events that do
 * not fit in memory stay in the log and are read again later, so that a slow plugin costs the node nothing.
 */
export class DurableDelivery {
  readonly label: string
  readonly #options: DeliveryOptions
  #waiting: EncodedEvent[] = []
  #inFlight: EncodedEvent[] = []
  /** Events that were set aside; they are tried again one by one before the next event. */
  #retries: RetriedEvent[] = []
  /** The last event that is done, in the order of the log. */
  #place: Cursor | undefined
  /** Of all events in memory. */
  #bytes = 0
  readonly #follower: Follower<EncodedEvent, Cursor, ContractError>
  #stopped = false

  constructor(options: DeliveryOptions) {
    this.#options = options
    this.label = options.label
    this.#place = options.cursor
    const { reader, name, cursor, capacity, charged, onAvailable, onError } = options
    this.#follower = new Follower({
      cursor,
      read: (place) => reader.read(place, name, Math.min(PAGE, capacity)),
      take: (event) => this.#keep(event),
      aroundPage: charged,
      tookPage: () => {
        if (this.#waiting.length > 0) onAvailable()
      },
      failed: (error) => {
        onError(error)
        // Events that are no longer kept are lost: go on behind them. Other subscriptions may have lost more, of other names.
        const { continueFrom } = error.details ?? {}
        return error.code !== 'cursor-expired'
          ? undefined
          : { from: typeof continueFrom === 'string' ? continueFrom : undefined }
      },
      threw: (thrown) => onError({ code: 'internal', message: stackOf(thrown) }),
    })
    this.#follower.readOn()
  }

  stop(): void {
    this.#stopped = true
    this.#follower.stop()
  }

  /** Takes what is next, if what was taken before is done. */
  take(maxCount: number, maxChars: number): readonly EncodedEvent[] {
    if (this.#inFlight.length > 0) return NONE
    const retried = this.#retries.shift()
    if (retried !== undefined) {
      // The event is long past: when it is done, the subscription goes on where it was.
      this.#inFlight = [{ ...retried, cursor: this.#place ?? retried.cursor }]
      return this.#inFlight
    }
    if (this.#waiting.length === 0) return NONE
    let count = 0
    let chars = 0
    for (const { text } of this.#waiting) {
      chars += text.length
      if (count >= maxCount || (count > 0 && chars > maxChars)) break
      count += 1
    }
    this.#inFlight = this.#waiting.splice(0, count)
    this.#readMore()
    return this.#inFlight
  }

  /** The last of the next `count` events in the plugin's hands; `undefined` if there are not so many. */
  sent(count: number): EncodedEvent | RetriedEvent | undefined {
    return this.#inFlight[count - 1]
  }

  /** The next `count` events, which were sent, are done. */
  done(count: number): void {
    let bytes = 0
    this.#place = this.#inFlight[count - 1]?.cursor ?? this.#place
    for (let i = 0; i < count; i++) bytes += textBytes((this.#inFlight[i] as EncodedEvent).text)
    this.#inFlight = count === this.#inFlight.length ? [] : this.#inFlight.slice(count)
    this.#bytes -= bytes
    this.#options.account.give('events', bytes)
    this.#readMore()
  }

  /** How many events can be taken now. */
  get available(): number {
    return this.#inFlight.length > 0 ? 0 : this.#waiting.length + this.#retries.length
  }

  /** Takes an event that was set aside, if there is room for it and it is one of these. */
  retry(event: RetriedEvent): boolean {
    const { name, account, onAvailable } = this.#options
    const bytes = textBytes(event.text)
    if (event.name !== name || this.#stopped || !account.take('events', bytes)) return false
    this.#bytes += bytes
    this.#retries.push(event)
    onAvailable()
    return true
  }

  /** Reads on once there is room for a page's worth. */
  #readMore(): void {
    const { capacity, capacityBytes } = this.#options
    const few = this.#waiting.length < Math.min(PAGE, capacity / 2) && this.#bytes <= capacityBytes / 2
    if (!this.#follower.live && (few || this.#bytes === 0)) this.#follower.readOn()
  }

  /** An event of this name has happened. */
  heard(event: EncodedEvent): void {
    // An event that is not in the log cannot be delivered reliably.
    if (event.sequence === 0 || this.#stopped) return
    // Reading stopped at an error: every event is a chance to read again.
    if (!this.#follower.heard(event)) this.#readMore()
    else if (this.#waiting.length > 0) this.#options.onAvailable()
  }

  /** Puts the event in memory, or passes it over. False where there is no room for it. */
  #keep(event: EncodedEvent): boolean {
    const { name, wants } = this.#options
    const wanted = event.name === name && wants(event)
    return !wanted || this.#hold(event)
  }

  #hold(event: EncodedEvent): boolean {
    const { account, capacity, capacityBytes } = this.#options
    const bytes = textBytes(event.text)
    if (this.#bytes === 0) account.hold('events', bytes)
    else if (this.#waiting.length >= capacity || this.#bytes + bytes > capacityBytes) return false
    else if (!account.take('events', bytes)) return false
    this.#bytes += bytes
    this.#waiting.push(event)
    return true
  }
}

const NONE: readonly EncodedEvent[] = []
