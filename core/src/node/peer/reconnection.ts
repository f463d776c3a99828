import type { Clock } from '../../lib/clock.ts'
import type { Rng } from '../../lib/rng.ts'

/** The first try comes soon: most disconnections are restarts of the other end. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 60_000
/** A connection that has lasted this long was a success. One that ends sooner counts as a failed attempt. */
const LASTING_MS = 60_000
const MOST_ATTEMPTS = 16

/** How long to wait before a peer is dialled again: longer each time, until a connection with it has lasted. */
export class Reconnection {
  readonly #clock: Clock
  readonly #rng: Rng
  /** By peer: attempts that came to nothing, or to a connection that did not last. */
  readonly #attempts = new Map<string, number>()

  constructor(clock: Clock, rng: Rng) {
    this.#clock = clock
    this.#rng = rng
  }

  /** A connection with the peer begins. Call what it returns when it ends. */
  begins(peer: string): () => void {
    const since = this.#clock.monotonic()
    return () => {
      if (this.#clock.monotonic() - since >= LASTING_MS) this.#attempts.delete(peer)
      else this.failed(peer)
    }
  }

  failed(peer: string): void {
    this.#attempts.set(peer, Math.min((this.#attempts.get(peer) ?? 0) + 1, MOST_ATTEMPTS))
  }

  forget(peer: string): void {
    this.#attempts.delete(peer)
  }

  /** At a random time, so that peers that restarted together do not all call at once. */
  pauseMs(peer: string): number {
    const attempts = this.#attempts.get(peer) ?? 0
    if (attempts === 0) return this.#rng.below(FIRST_PAUSE_MS)
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** attempts, LONGEST_PAUSE_MS)
    return pause / 2 + this.#rng.below(pause)
  }
}
