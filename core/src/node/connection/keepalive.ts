import type { CancelTimer, Clock } from '../../lib/clock.ts'
import type { Rng } from '../../lib/rng.ts'

const IDLE_MS = 30_000
/** So that a node's connections do not all ping at once. */
const JITTER_MS = 5_000
const PONG_TIMEOUT_MS = 10_000
/** BOLT 1, ping: whoever asks for so many bytes or more gets no pong. */
export const NO_PONG_FROM = 65_532
/** BOLT 1: pongs look like other traffic of their length; a few bytes are enough to tell ours from older ones. */
const MAX_PONG_BYTES = 128

interface KeepaliveOptions {
  readonly clock: Clock
  readonly rng: Rng
  /** Sends a ping that asks for a pong of this length. */
  readonly ping: (numPongBytes: number) => void
  /** A pong did not come in time. */
  readonly timedOut: () => void
}

/** BOLT 1, ping and pong: asks whether a silent peer is still there, every 30 s or so, and gives it 10 s to answer. */
export class Keepalive {
  readonly #options: KeepaliveOptions
  #lastReceivedAt: number
  #idleMs: number
  #cancel: CancelTimer
  #awaitedPongBytes: number | undefined
  #suspended = false

  constructor(options: KeepaliveOptions) {
    this.#options = options
    this.#lastReceivedAt = options.clock.monotonic()
    this.#idleMs = this.#drawIdleMs()
    this.#cancel = options.clock.setTimer(this.#idleMs, () => this.#idle())
  }

  /** Bytes came in. */
  received(): void {
    this.#lastReceivedAt = this.#options.clock.monotonic()
  }

  /** Whether it is the one that was asked for. */
  pong(length: number): boolean {
    if (length !== this.#awaitedPongBytes) return false
    this.#awaitedPongBytes = undefined
    this.#cancel()
    this.#arm(this.#idleMs)
    return true
  }

  /**
   * While we do not read, the peer cannot be blamed for its silence. It goes on being pinged, without being asked for a pong: we would not
   * read that it has gone, but a system whose socket is closed refuses what is sent there.
   */
  suspend(suspended: boolean): void {
    if (suspended === this.#suspended) return
    this.#suspended = suspended
    this.received()
  }

  stop(): void {
    this.#cancel()
  }

  #drawIdleMs(): number {
    return IDLE_MS - JITTER_MS + this.#options.rng.below(2 * JITTER_MS + 1)
  }

  #arm(ms: number): void {
    this.#cancel = this.#options.clock.setTimer(ms, () => this.#idle())
  }

  // The timer is not set anew for each message: when it fires, it checks how long the connection has been quiet.
  #idle(): void {
    const quiet = this.#options.clock.monotonic() - this.#lastReceivedAt
    if (this.#suspended) {
      this.#arm(this.#idleMs)
      this.#options.ping(NO_PONG_FROM)
      return
    }
    if (quiet < this.#idleMs) {
      this.#arm(this.#idleMs - quiet)
      return
    }
    this.#idleMs = this.#drawIdleMs()
    const numPongBytes = this.#options.rng.below(MAX_PONG_BYTES)
    this.#awaitedPongBytes = numPongBytes
    this.#awaitPong()
    this.#options.ping(numPongBytes)
  }

  #awaitPong(): void {
    this.#cancel = this.#options.clock.setTimer(PONG_TIMEOUT_MS, () => {
      if (this.#suspended) this.#arm(this.#idleMs)
      else this.#options.timedOut()
    })
  }
}
