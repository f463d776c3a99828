import { Fifo } from '../../actor/fifo.ts'
import type { Clock } from '../../lib/clock.ts'

/** Does a slice of its work. */
export type Work = () => void

/** The event loop's time for one side in one turn, in milliseconds; a slice that has begun is finished. */
const PARTNERS_MS = 4
const STRANGERS_MS = 1

/**
 * Connections that have received more than could be handled at once wait here for a turn: one slice each, round and round, partners before
 * strangers, with sockets, files and timers in between.
 */
export class ReadingTurns {
  readonly #clock: Clock
  readonly #partners = new Fifo<Work>()
  readonly #strangers = new Fifo<Work>()
  #scheduled = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wait(isPartner: boolean, work: Work): void {
    if (isPartner) this.#partners.push(work)
    else this.#strangers.push(work)
    this.#soon()
  }

  #soon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#turn)
  }

  readonly #turn = (): void => {
    this.#scheduled = false
    this.#round(this.#partners, PARTNERS_MS)
    this.#round(this.#strangers, STRANGERS_MS)
    if (this.#partners.length + this.#strangers.length > 0) this.#soon()
  }

  /** At most one slice for each that waits now. */
  #round(queue: Fifo<Work>, milliseconds: number): void {
    const startedAt = this.#clock.monotonic()
    for (let left = queue.length; left > 0; left--) {
      queue.shift()?.()
      if (this.#clock.monotonic() - startedAt >= milliseconds) return
    }
  }
}
