import type { Clock } from '../../lib/clock.ts'

export interface SliceLimits {
  readonly messages: number
  readonly bytes: number
  readonly milliseconds: number
}

/** How much received data may be handled before others have their turn. One message always fits. */
export class Slice {
  readonly #clock: Clock
  readonly #limits: SliceLimits
  readonly #inDebt: () => boolean
  readonly #startedAt: number
  #messages = 0
  #bytes = 0

  constructor(clock: Clock, limits: SliceLimits, inDebt: () => boolean) {
    this.#clock = clock
    this.#limits = limits
    this.#inDebt = inDebt
    this.#startedAt = clock.monotonic()
  }

  handled(bytes: number): void {
    this.#messages += 1
    this.#bytes += bytes
  }

  get over(): boolean {
    if (this.#messages === 0) return false
    const { messages, bytes, milliseconds } = this.#limits
    return (
      this.#messages >= messages ||
      this.#bytes >= bytes ||
      this.#clock.monotonic() - this.#startedAt >= milliseconds ||
      this.#inDebt()
    )
  }
}
