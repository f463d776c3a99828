import type { Clock } from '../../lib/clock.ts'

/** While the node has other work: so long after each bit of an answer, whichever peer gets it. */
const BREAK_MS = 50

/**
 * When the next bit of an answer is made. Answers cost the node more than their questions cost a peer, and may be asked for again and again:
 * while there is other work, those of all peers together get a bit of the time.
 */
export class AnswerTurns {
  readonly #clock: Pick<Clock, 'setTimer'>
  readonly #isBusy: () => boolean
  readonly #waiting: (() => void)[] = []
  #isPausing = false

  constructor(clock: Pick<Clock, 'setTimer'>, isBusy: () => boolean) {
    this.#clock = clock
    this.#isBusy = isBusy
  }

  /** Resolves when it is the caller's turn, after those who asked before. Everything else has its turn first in any case. */
  next(): Promise<void> {
    if (!this.#isPausing && !this.#isBusy()) return new Promise((resolve) => setImmediate(resolve))
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#pause()
    })
  }

  #pause(): void {
    if (this.#isPausing) return
    this.#isPausing = true
    this.#clock.setTimer(BREAK_MS, () => {
      this.#isPausing = false
      // Once there is no other work, nobody waits any longer.
      for (const resolve of this.#waiting.splice(0, this.#isBusy() ? 1 : this.#waiting.length)) resolve()
      if (this.#waiting.length > 0) this.#pause()
    })
  }
}
