import type { EncodedEvent } from '../node/contract-gateway.ts'

const LONG = 1_024

/** First in, first out, each in the same time however many there are. */
export class EventQueue {
  #events: EncodedEvent[] = []
  #from = 0

  get length(): number {
    return this.#events.length - this.#from
  }

  get first(): EncodedEvent | undefined {
    return this.#events[this.#from]
  }

  push(event: EncodedEvent): void {
    this.#events.push(event)
  }

  shift(): EncodedEvent | undefined {
    const event = this.#events[this.#from]
    if (event === undefined) return undefined
    this.#from += 1
    // Events that were taken are removed in large steps.
    if (this.#from >= LONG && 2 * this.#from >= this.#events.length) {
      this.#events = this.#events.slice(this.#from)
      this.#from = 0
    }
    return event
  }
}
