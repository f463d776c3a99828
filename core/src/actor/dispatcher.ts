import type { Clock } from '../lib/clock.ts'
import { Fifo } from './fifo.ts'

/** Something with work to do: handles at most `batch` messages and returns how many it handled. Never throws. */
export interface Runnable {
  run(batch: number): number
}

// How many messages one actor handles before the next one's turn.
const BATCH = 32
// Messages handled before sockets, files and timers get a turn of the event loop.
const TURN_BUDGET = 128
// The same limit in milliseconds: thousands of channels have much to do when their peer comes back.
const TURN_MS = 10

/**
 * Runs actors one after the other: soon (in a microtask) while the budget of messages lasts, then in a later turn of the
 * event loop. The budget, of messages and of time, counts across microtasks, so that a chain of asks and replies cannot keep I/O out either.
 */
export class Dispatcher {
  readonly #queue = new Fifo<Runnable>()
  #scheduled = false
  readonly #clock: Pick<Clock, 'monotonic'>
  #spent = 0
  #spentMs = 0

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** Whether anything is left to run. */
  get busy(): boolean {
    return this.#queue.length > 0
  }

  /** Puts it at the end of the queue. It must not be in the queue already. */
  enqueue(runnable: Runnable): void {
    this.#queue.push(runnable)
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(this.#drain)
  }

  readonly #drain = (): void => {
    for (;;) {
      if (this.#spent >= TURN_BUDGET || this.#spentMs >= TURN_MS) {
        this.#spent = 0
        this.#spentMs = 0
        setImmediate(this.#drain)
        return
      }
      const runnable = this.#queue.shift()
      if (runnable === undefined) break
      const startedAt = this.#clock.monotonic()
      this.#spent += Math.max(1, runnable.run(BATCH))
      this.#spentMs += this.#clock.monotonic() - startedAt
    }
    this.#scheduled = false
  }
}
